"""Who signed the decisions: the principals of the commits that added their lines.

The judge is pure, so it is told. Where no rule asks for signatures, nothing is looked at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from versioner import layout
from versioner.errors import OperationFailed
from versioner.git.history import is_shallow
from versioner.git.objects import read_blobs
from versioner.git.signatures import added_lines, commits_signed_by
from versioner.models.events import COLLECTED
from versioner.models.governance import RequestApprovalBlock, VersionApprovalBlock
from versioner.registry.governance.decisions import decisions_of
from versioner.serialization.log import read_canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.git.repository import Repository
    from versioner.models.governance import Decision, Governance
    from versioner.registry.records import Registry

__all__ = ["add_signatures", "needs_signatures"]

# What a decision says, without its comment, which may be redacted.
_Said = tuple[Any, ...]


def needs_signatures(governance: Governance) -> bool:
    """Return whether a rule counts signed approvals only."""
    return any(
        isinstance(rule.block, VersionApprovalBlock | RequestApprovalBlock) and rule.block.signed
        for rule in governance.rules
        if rule.enforcement != "disabled"
    )


def add_signatures(
    registry: Registry, repository: Repository, revision: str, products: Iterable[str]
) -> str:
    """Set who signed the decisions about some products, and about all requests.

    Returns why signatures could not be checked, "" where they were. Then no decision is signed.
    """
    if not needs_signatures(registry.governance):
        return ""
    wanted = [name for name in products if name in registry.products]
    paths = [*_paths(registry, wanted), f"{layout.ROOT}/requests"]
    if is_shallow(repository) and not _fetched(repository, [*paths, layout.ALLOWED_SIGNERS]):
        return "this clone is shallow, so that it is not known who added which line"
    allowed = read_blobs(repository, revision, [layout.ALLOWED_SIGNERS])[layout.ALLOWED_SIGNERS]
    if allowed is None:
        return f"there is no {layout.ALLOWED_SIGNERS}"
    try:
        found = _Signatures(registry, repository, revision, allowed, paths)
    except OperationFailed as failure:
        return failure.message
    for name in wanted:
        record = registry.products[name]
        record.decisions = tuple(found.marked(name, each) for each in record.decisions)
    requests = tuple(
        replace(
            each,
            decisions=tuple(found.marked(f"request {each.name}", one) for one in each.decisions),
        )
        for each in registry.governance.requests
    )
    registry.governance = replace(registry.governance, requests=requests)
    return ""


def _fetched(repository: Repository, paths: list[str]) -> bool:
    """Return whether the history could be fetched: that of a temporary clone can."""
    from versioner.remote.whole_history import fetch_file_history

    return fetch_file_history(repository, paths)


class _Signatures:
    """The commits that first added what decisions say, and who signed them."""

    def __init__(
        self,
        registry: Registry,
        repository: Repository,
        revision: str,
        allowed: bytes,
        paths: list[str],
    ) -> None:
        self._commits: dict[tuple[str, _Said], str] = {}
        for added in added_lines(repository, revision, paths):
            self._note(registry, added.commit, added.path, added.line)
        people: dict[str, set[str]] = {}
        for (_, said), commit in self._commits.items():
            people.setdefault(said[1], set()).add(commit)
        self._signed = {
            (person, each.commit): each.message
            for person, commits in people.items()
            if person
            for each in commits_signed_by(repository, commits, person, allowed)
        }

    def _note(self, registry: Registry, commit: str, path: str, line: bytes) -> None:
        place = layout.place_of(path)
        if place is None or place.kind not in ("decision", "request-decision"):
            return
        events = read_canonical(place.kind, line + b"\n") or []
        of_request = place.kind == "request-decision"
        subject = f"request {place.name}" if of_request else registry.target_of(place.name)
        for _, event in events:
            try:
                (decision,) = decisions_of([event])
            except (KeyError, TypeError):
                continue
            # The first commit counts: later ones move, format or redact.
            self._commits.setdefault((subject, _said(decision)), commit)

    def marked(self, subject: str, decision: Decision) -> Decision:
        """Return a decision with the principal that signed it."""
        commit = self._commits.get((subject, _said(decision)), "")
        message = self._signed.get((decision.by, commit))
        is_own = message is not None and f"{COLLECTED}{decision.id}" not in message.splitlines()
        return replace(decision, signed_by=(decision.by,) if is_own else ())


def _paths(registry: Registry, products: list[str]) -> list[str]:
    """Return the folders that have, or had under a former name, the decisions about products."""
    names = [*products, *(old for old in registry.aliases if registry.target_of(old) in products)]
    return [f"{layout.product_dir(name)}/decisions" for name in sorted(names)]


def _said(decision: Decision) -> _Said:
    return (
        decision.id,
        decision.by,
        decision.at,
        decision.decision,
        decision.approval_type,
        decision.version,
        decision.scm_sha,
        tuple(sorted(decision.artifacts.items())),
        decision.of,
        decision.step,
        decision.event,
    )
