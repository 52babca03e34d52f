"""Look at a remote's branch: its tip, and what judges some events, in as few requests as can be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.errors import InvalidInput, UsageFault
from versioner.git.objects import TreeView, reading
from versioner.git.process import printable
from versioner.names import is_name, slugify
from versioner.recording.envelope import draft_of
from versioner.registry.config import no_registry, read_config
from versioner.remote.faults import RemoteFailure
from versioner.remote.inbox_refs import EVENT, INBOX, REFUSED, waiting
from versioner.remote.prefetch import Wanted, bring

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.git.repository import Repository
    from versioner.recording.context import EventDraft
    from versioner.remote.inbox_refs import Waiting
    from versioner.remote.partial_clone import PartialClone

__all__ = ["check_branch_name", "look_ahead", "no_branch", "own_branch", "ref_of_branch"]

_KINDS: Final = ("versions", "deployments")
# What git takes for no branch: asked of here, it is no fault of the remote or of the network.
_NO_BRANCH: Final = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^refs/heads/-|\.lock(?:/|$)|[./]$|^refs/heads/@$"
)


def ref_of_branch(name: str) -> str:
    """Return the full name of a branch; "" for none."""
    return name if not name or name.startswith("refs/heads/") else f"refs/heads/{name}"


def check_branch_name(ref: str) -> None:
    """Raise UsageFault for a name (in full, or "") that no branch can have."""
    if _NO_BRANCH.search(ref) or not ref.isprintable():
        name = printable(ref.removeprefix("refs/heads/"))[:200]
        raise UsageFault(f"{name!r} is not a branch name", hint="example: --branch main")


def look_ahead(
    clone: PartialClone, branch: str, drafts: Sequence[EventDraft], *, everything: bool = False
) -> tuple[Repository, list[Waiting]]:
    """Bring a branch's tip, what judges some events there, and what waits of their products.

    `branch` "" is the one that registry.yaml names, else the remote's own. With `everything`,
    what waits of any product is brought, what judges it, and what was refused. Raises UsageFault
    where there is no registry.
    """
    check_branch_name(branch)
    products = sorted({_product_of(draft) for draft in drafts} - {""})
    inboxes = [INBOX] if everything else [f"{INBOX}{product}/" for product in products]
    prefixes = [*inboxes, *([REFUSED] if everything else [])]
    tip = clone.begin(branch, prefixes)
    if tip is None:
        raise no_branch(branch)
    refs = {ref: commit for prefix in inboxes for ref, commit in clone.refs(prefix).items()}
    place = clone.repository(branch, tip)
    with reading(place) as reader:
        wanted = [each for draft in drafts for each in _wanted(tip, draft)]
        wanted += [Wanted(commit, EVENT) for commit in refs.values()]
        bring(reader, [Wanted(tip, layout.CONFIG), *wanted])
        entry = TreeView(reader, tip).entry(layout.CONFIG)
    if entry is None:
        raise _no_registry(branch)
    if not branch:
        own, head = own_branch(clone, place, entry.id)
        if own != head:
            # Another branch than the one that was looked at, and with other events.
            return look_ahead(clone, own, drafts, everything=everything)
        place = clone.stand(own, tip)
    along = waiting(place) if refs else []
    if along:
        with reading(place) as reader:
            bring(reader, [each for one in along for each in _wanted(tip, _maybe_draft(one))])
    return place, along


def no_branch(branch: str) -> UsageFault:
    """Say that a branch is not there; "" for a remote that has none at all."""
    return UsageFault(
        f"the remote has no branch {branch.removeprefix('refs/heads/')!r}"
        if branch
        else "the remote has no commit yet",
        hint="name another with --branch, or push a registry first (`versioner init`)",
    )


def _no_registry(branch: str) -> UsageFault:
    where = f"on the remote's branch {branch.removeprefix('refs/heads/')!r}" if branch else ""
    error = no_registry(where or "on the remote's own branch")
    error.hint = (
        "name its branch with --branch, or another repository with --repo; `versioner init` "
        "starts a registry in a clone"
    )
    return error


def _maybe_draft(waits: Waiting) -> EventDraft | None:
    try:
        return draft_of(waits.submission)
    except InvalidInput:
        return None


def own_branch(clone: PartialClone, place: Repository, config: str) -> tuple[str, str]:
    """Return the branch that the registry says it is on, and the one that the remote's HEAD names.

    Where it says none, it is on the latter.
    """
    head = clone.head()
    own = ref_of_branch(read_config(place, config).get("branch", "")) or head
    if not own:
        raise RemoteFailure(
            "unknown",
            message="the remote does not tell its branch",
            hint="name it with --branch",
        )
    return own, head


def _product_of(draft: EventDraft) -> str:
    return draft.product if is_name(draft.product) else slugify(draft.product)


def _wanted(tip: str, draft: EventDraft | None) -> Iterator[Wanted]:
    if draft is None:
        return
    product, at = _product_of(draft), draft.fields.get("at", "")
    environment = draft.fields.get("environment", "")
    if not product or not isinstance(at, str) or len(at) < len("2026-11"):
        return
    yield Wanted(tip, layout.product_path(product), whole=False)
    if isinstance(environment, str) and is_name(environment):
        yield Wanted(tip, layout.environment_path(environment))
    for month in (layout.month_of(at), layout.previous_month(layout.month_of(at))):
        for kind in _KINDS:
            yield Wanted(tip, f"{layout.product_dir(product)}/{kind}/{month}.yaml")
