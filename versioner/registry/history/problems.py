"""What a comparison with the history found, and how it reads as problems."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from versioner.models import Problem
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HistoryFinding", "problems_of"]

FindingKind = Literal[
    "product", "log", "unreadable", "missing", "moved", "changed", "order", "early", "added"
]


@dataclass(frozen=True, slots=True)
class HistoryFinding:
    """Say what became of one event; `detail` is what the kind's message needs more.

    `was` is where the base has it, `REV:PATH`. Where a whole product is concerned, `event_id`
    is its name.
    """

    kind: FindingKind
    event_id: str
    path: str
    line: int = 0
    column: int = 0
    detail: str = ""
    was: str = ""


# These concern a file as a whole: one problem for all its events.
_BY_FILE: Final = frozenset(("product", "log", "unreadable", "added"))

_CODES: Final[dict[FindingKind, str]] = {
    "product": codes.HISTORY_MISSING,
    "log": codes.HISTORY_MISSING,
    "unreadable": codes.HISTORY_MISSING,
    "missing": codes.HISTORY_MISSING,
    "moved": codes.HISTORY_MISSING,
    "changed": codes.HISTORY_CHANGED,
    "order": codes.HISTORY_ORDER,
    "early": codes.HISTORY_ORDER,
    "added": codes.HISTORY_ADDED,
}

_MESSAGES: Final[dict[FindingKind, str]] = {
    "product": "the product {detail} is gone, and no deletion record or alias says why",
    "log": "the log is gone, with {count} of the base",
    "unreadable": "the log cannot be read, and {count} of the base with it",
    "missing": "the event {id} of the base is no longer here",
    "moved": "the event {id} of the base stands in {detail} now",
    "changed": "the event {id} differs from the base in {detail}",
    "order": "the event {id} stands in another place than in the base",
    "early": "the new event {id} stands before events that were there",
    "added": "{count} that the base lacks: a pull request carries people's files, not logs",
}

_HINTS: Final[dict[FindingKind, str]] = {
    "product": "delete it with `versioner product delete {detail}`, rename it with `versioner "
    "product rename`, or bring it back from {was}",
    "log": "bring it back from {was}; only whole products are deleted",
    "unreadable": "mend the file; {was} is how it was",
    "missing": "bring its line back from {was}; a mistake is voided (`versioner deployment void`)",
    "moved": "move its line back; {was} is how it was",
    "changed": "write it as in {was}; a mistake is voided (`versioner deployment void`), a value "
    "taken out with `versioner deployment redact`",
    "order": "put the line back where {was} has it",
    "early": "move its line to the end of the file",
    "added": "let `versioner track` record it on the branch itself, or allow it here with "
    "--allow-log-changes",
}


def problems_of(findings: Iterable[HistoryFinding], *, where: str = "") -> list[Problem]:
    """Return findings as problems, those of a whole file as one; `where` ends each message."""
    groups: defaultdict[tuple[str, str, str], list[HistoryFinding]] = defaultdict(list)
    for finding in findings:
        key = "" if finding.kind in _BY_FILE else finding.event_id
        groups[finding.kind, finding.path, key].append(finding)
    return sorted(_problem(group, where) for group in groups.values())


def _problem(group: list[HistoryFinding], where: str) -> Problem:
    first = min(group, key=lambda finding: finding.line)
    words = {
        "id": ascii(first.event_id),
        "detail": first.detail,
        "was": first.was,
        "count": f"{len(group)} event{'s' * (len(group) > 1)}",
    }
    return Problem(
        first.path,
        first.line,
        first.column,
        _CODES[first.kind],
        _MESSAGES[first.kind].format(**words) + where,
        _HINTS[first.kind].format(**words),
    )
