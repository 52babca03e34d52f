"""The violations that the history check finds, and their messages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from versioner.models import Problem
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HistoryViolation", "ViolationKind", "problems_of"]

ViolationKind = Literal[
    "product", "directory", "log", "unreadable", "missing",
    "moved", "changed", "order", "early", "added",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class HistoryViolation:
    """A change to one event that the history check refuses.

    `detail` is a further part of the kind's message. `was` is the file of the base that has the
    event, `REV:PATH`. For a whole product, `event_id` is its name.
    """

    kind: ViolationKind
    event_id: str
    path: str
    line: int = 0
    column: int = 0
    detail: str = ""
    was: str = ""


# Violations of these kinds concern a whole file: one problem stands for all its events.
_BY_FILE: Final = frozenset(("product", "directory", "log", "unreadable", "added"))

_CODES: Final[dict[ViolationKind, str]] = {
    "product": codes.HISTORY_MISSING,
    "directory": codes.HISTORY_MISSING,
    "log": codes.HISTORY_MISSING,
    "unreadable": codes.HISTORY_MISSING,
    "missing": codes.HISTORY_MISSING,
    "moved": codes.HISTORY_MISSING,
    "changed": codes.HISTORY_CHANGED,
    "order": codes.HISTORY_ORDER,
    "early": codes.HISTORY_ORDER,
    "added": codes.HISTORY_ADDED,
}

_MESSAGES: Final[dict[ViolationKind, str]] = {
    "product": "the product {detail} is missing, without a deletion record or an alias",
    "directory": 'the directory of the product {id} was moved to "{detail}" by hand',
    "log": "the log is missing, with {count} of the base",
    "unreadable": "the log cannot be read, and {count} of the base with it",
    "missing": "the event {id} of the base is missing",
    "moved": "the event {id} of the base is in {detail} now",
    "changed": "the event {id} differs from the base in {detail}",
    "order": "the event {id} is at another position than in the base",
    "early": "the new event {id} is before events of the base",
    "added": "{count} that the base lacks: a pull request must not add events to logs",
}

_HINTS: Final[dict[ViolationKind, str]] = {
    "product": "restore its directory (`git checkout {revision} -- {old}`), then run `versioner "
    "product delete {detail}`, or `versioner product rename {detail} NEW`",
    "directory": "add registry/aliases/{name}.yaml with the line `to: {detail}`, as `versioner "
    "product rename` does; or move the directory back",
    "log": "restore it from {was}; only whole products can be deleted",
    "unreadable": "fix the file; {was} is its old state",
    "missing": "restore its line from {was}; a mistake is voided (`versioner deployment void`)",
    "moved": "move its line back; {was} is its old state",
    "changed": "write it as in {was}; a mistake is voided (`versioner deployment void`), a value "
    "is removed with `versioner deployment redact`",
    "order": "move the line back to its position in {was}",
    "early": "move its line to the end of the file",
    "added": "record it with `versioner track`, on the branch itself, or allow it here with "
    "--allow-log-changes",
}


def problems_of(violations: Iterable[HistoryViolation], *, where: str = "") -> list[Problem]:
    """Return violations as problems, one for a whole file; `where` ends each message."""
    groups: defaultdict[tuple[str, str, str], list[HistoryViolation]] = defaultdict(list)
    for violation in violations:
        key = "" if violation.kind in _BY_FILE else violation.event_id
        groups[violation.kind, violation.path, key].append(violation)
    return sorted(_problem(group, where) for group in groups.values())


def _problem(group: list[HistoryViolation], where: str) -> Problem:
    first = min(group, key=lambda violation: violation.line)
    revision, _, old = first.was.partition(":")
    words = {
        "name": first.event_id,
        "revision": revision,
        "old": old,
        "id": f'"{ascii(first.event_id)[1:-1]}"',
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
