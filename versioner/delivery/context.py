"""Fetch the files of a remote branch that events are validated against, in few requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.errors import InvalidInput, UsageFault, quoted
from versioner.git.objects import TreeView, reading
from versioner.names import is_name, slugify
from versioner.recording.envelope import draft_of
from versioner.registry.config import no_registry, read_config
from versioner.remote.faults import RemoteFailure
from versioner.remote.inbox_refs import EVENT, INBOX, REFUSED, waiting_events
from versioner.remote.prefetch import Wanted, prefetch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.git.repository import Repository
    from versioner.recording.context import EventDraft
    from versioner.remote.inbox_refs import WaitingEvent
    from versioner.remote.partial_clone import PartialClone

__all__ = ["check_branch_name", "fetch_context", "no_branch", "own_branch", "ref_of_branch"]

_KINDS: Final = ("versions", "deployments")
# Names that git refuses for a branch: tested here, so that no remote is blamed for one.
_NO_BRANCH: Final = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^refs/heads/-|\.lock(?:/|$)|[./]$|^refs/heads/@$"
)


def ref_of_branch(name: str) -> str:
    """Return the full ref name of a branch; "" for none."""
    return name if not name or name.startswith("refs/heads/") else f"refs/heads/{name}"


def check_branch_name(ref: str) -> None:
    """Raise UsageFault for a name (in full, or "") that no branch can have."""
    if _NO_BRANCH.search(ref) or not ref.isprintable():
        name = quoted(ref.removeprefix("refs/heads/")[:200])
        raise UsageFault(f"{name} is not a branch name", hint="example: --branch main")


def fetch_context(
    clone: PartialClone,
    branch: str,
    drafts: Sequence[EventDraft],
    *,
    everything: bool = False,
) -> tuple[Repository, list[WaitingEvent]]:
    """Fetch a branch's tip, the files that drafts are validated against, and waiting events.

    `branch` "" is the one that registry.yaml names, else the remote's own. Fetched are the
    waiting events of the drafts' products; with `everything`, those of all products with their
    files, and the refused events. Raises UsageFault where there is no registry.
    """
    check_branch_name(branch)
    products = sorted({_product_of(draft) for draft in drafts} - {""})
    inboxes = [INBOX] if everything else [f"{INBOX}{product}/" for product in products]
    prefixes = [*inboxes, *([REFUSED] if everything else [])]
    tip = clone.fetch_tip(branch, prefixes)
    if tip is None:
        raise no_branch(branch)
    refs = {ref: commit for prefix in inboxes for ref, commit in clone.refs(prefix).items()}
    place = clone.repository(branch, tip)
    with reading(place) as reader:
        wanted = [each for draft in drafts for each in _wanted(tip, draft)]
        wanted += [Wanted(commit, EVENT) for commit in refs.values()]
        prefetch(reader, [Wanted(tip, layout.CONFIG), *wanted])
        entry = TreeView(reader, tip).entry(layout.CONFIG)
    if entry is None:
        raise _no_registry(branch)
    if not branch:
        own, head = own_branch(clone, place, entry.id)
        if own != head:
            # The branch is another than the one fetched, with other events.
            return fetch_context(clone, own, drafts, everything=everything)
        place = clone.set_branch(own, tip)
    along = waiting_events(place) if refs else []
    if along:
        with reading(place) as reader:
            prefetch(reader, [each for one in along for each in _wanted(tip, _maybe_draft(one))])
    return place, along


def no_branch(branch: str) -> UsageFault:
    """Return the error for a missing branch; "" for a remote without any branch."""
    return UsageFault(
        f'the remote has no branch "{branch.removeprefix("refs/heads/")}"'
        if branch
        else "the remote has no commit yet on its default branch",
        hint="name another branch with --branch, or push a registry first (`versioner init`)",
    )


def _no_registry(branch: str) -> UsageFault:
    where = f'on the remote\'s branch "{branch.removeprefix("refs/heads/")}"' if branch else ""
    error = no_registry(where or "on the remote's own branch")
    error.hint = (
        "name its branch with --branch, or another repository with --repo; `versioner init` "
        "creates a registry in a clone"
    )
    return error


def _maybe_draft(event: WaitingEvent) -> EventDraft | None:
    try:
        return draft_of(event.submission)
    except InvalidInput:
        return None


def own_branch(clone: PartialClone, place: Repository, config: str) -> tuple[str, str]:
    """Return the branch that registry.yaml names, and the one that the remote's HEAD names.

    The first is the second where registry.yaml names none.
    """
    head = clone.head()
    own = ref_of_branch(read_config(place, config).get("branch", "")) or head
    if not own:
        raise RemoteFailure(
            "unknown",
            message="the remote does not report its default branch",
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
    yield Wanted(tip, layout.product_path(product), whole=bool(draft.checkout or draft.recent))
    environment = slugify(environment) if isinstance(environment, str) else ""
    if environment:
        yield Wanted(tip, layout.environment_path(environment))
    for period in layout.visible_periods(at):
        for kind in _KINDS:
            yield Wanted(tip, f"{layout.product_dir(product)}/{kind}/{period}.yaml")
