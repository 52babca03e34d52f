"""Validate a month's log: fast where all is well, exact where it is not.

A canonical file is read line by line and checked in bulk; only an event that fails is looked at
closely. A file that is not canonical is read whole as strict YAML, with a warning; where it cannot
be, its lines are read one by one, so that a bad one takes no good one with it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from versioner.layout import month_of, place_of
from versioner.models import Problem
from versioner.secret_scanning import may_hold_secret
from versioner.serialization.log import LONGEST_LINE, read_canonical
from versioner.validation import codes
from versioner.validation.events import EVENT_SCHEMAS, METADATA_LIMIT, metadata_size
from versioner.validation.locate import Finding, problems_at, secret_findings
from versioner.validation.merge_conflicts import conflict_problems, is_marker
from versioner.validation.schema_check import find_faults, is_valid
from versioner.validation.strict_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.models import Event, EventKind
    from versioner.validation.schemas import SchemaName
    from versioner.validation.strict_yaml import Reading
    from versioner.validation.violations import Fault

__all__ = ["LOG_LIMIT", "LOG_SCHEMAS", "validate_log"]

# Bytes of a whole log; the snapshot reads no file that is larger.
LOG_LIMIT: Final = 64 * 1024 * 1024

LOG_SCHEMAS: Final[dict[EventKind, SchemaName]] = {
    "build": "versions-log",
    "deployment": "deployments-log",
}


def validate_log(kind: EventKind, data: bytes, path: str) -> tuple[list[Event], list[Problem]]:
    """Return the valid events of a log in their order, and every problem of the file."""
    numbered = read_canonical(kind, data) if len(data) <= LOG_LIMIT else None
    if numbered is None:
        return _validate_yaml(kind, data, path)
    events = [event for _, event in numbered]
    close = _needs_close_look(data)
    if not close and is_valid(LOG_SCHEMAS[kind], events) and _is_tidy(path, events):
        return events, []
    return _check_lines(kind, numbered, data.split(b"\n"), path, close=close)


def _check_lines(
    kind: EventKind,
    numbered: Sequence[tuple[int, Event]],
    lines: Sequence[bytes],
    path: str,
    *,
    close: bool = True,
) -> tuple[list[Event], list[Problem]]:
    """Look at each event, which stands in a line of its own; `close` finds secrets, too."""
    across = _across(path, [event for _, event in numbered])
    kept: list[Event] = []
    problems: list[Problem] = []
    for index, (number, event) in enumerate(numbered):
        faults = _faults(kind, event, 0)
        findings = [*across.get(index, ()), *(_findings(event) if close else ())]
        if faults or findings:
            # The line is a list of one: what is said of the event is at 0 of it.
            here = [finding._replace(place=(0, *finding.place)) for finding in findings]
            problems += problems_at(
                path, lines[number - 1], faults=faults, findings=here, first_line=number
            )
        else:
            kept.append(event)
    return kept, problems


def _validate_yaml(kind: EventKind, data: bytes, path: str) -> tuple[list[Event], list[Problem]]:
    long = _long_line(data, path)
    reading = read_yaml(data, path, limit=LOG_LIMIT)
    if long or reading.problems:
        by_line = _validate_by_line(kind, data, path)
        if by_line is not None:
            return by_line
    if long or not reading.is_read:
        return [], long or conflict_problems(data, path, is_log=True) or reading.problems
    return _validate_whole(kind, data, path, reading)


def _validate_by_line(
    kind: EventKind, data: bytes, path: str
) -> tuple[list[Event], list[Problem]] | None:
    """Read by its lines what cannot be read whole; None where an event takes more than one."""
    if len(data) > LOG_LIMIT:
        return None
    lines = [line.removesuffix(b"\r") for line in data.split(b"\n")]
    numbered: list[tuple[int, Event]] = []
    problems = conflict_problems(data, path, is_log=True)
    for number, line in enumerate(lines, 1):
        canonical = read_canonical(kind, line + b"\n")
        if canonical is not None:
            numbered += [(number, event) for _, event in canonical]
        elif line.startswith(b"- "):
            events, wrong = _validate_line(kind, line, path)
            numbered += [(number, event) for event in events]
            problems += [replace(problem, line=number) for problem in wrong]
        elif not is_marker(line):
            return None
    kept, found = _check_lines(kind, numbered, lines, path)
    problems = sorted([*_without_repeats(problems), *found])
    # What is wrong with the whole alone is not to be lost.
    return (kept, problems) if any(item.severity == "error" for item in problems) else None


def _validate_line(kind: EventKind, line: bytes, path: str) -> tuple[list[Event], list[Problem]]:
    long = _long_line(line, path)
    reading = read_yaml(line, path, limit=LOG_LIMIT)
    if long or not reading.is_read:
        return [], long or reading.problems
    return _validate_whole(kind, line, path, reading)


def _without_repeats(problems: Sequence[Problem]) -> list[Problem]:
    """Keep one warning a file of lines that the tool would write otherwise."""
    odd = [item for item in problems if item.code == codes.NOT_CANONICAL]
    return [item for item in problems if item.code != codes.NOT_CANONICAL] + odd[:1]


def _validate_whole(
    kind: EventKind, data: bytes, path: str, reading: Reading
) -> tuple[list[Event], list[Problem]]:
    if not isinstance(reading.value, list):
        faults = find_faults(LOG_SCHEMAS[kind], reading.value)
        wrong = problems_at(path, data, faults=faults, ambiguous=reading.ambiguous)
        return [], [*reading.problems, *wrong, *_not_canonical(kind, data, path)]
    events: list[Any] = reading.value
    across = _across(path, events)
    faults, findings, kept = [], [], []
    doubted = {item.pointer[0] for item in reading.ambiguous if item.pointer}
    for index, event in enumerate(events):
        wrong_fields = _faults(kind, event, index)
        wrong_content = [*across.get(index, ()), *_findings(event)]
        faults += wrong_fields
        findings += [item._replace(place=(index, *item.place)) for item in wrong_content]
        if not wrong_fields and not wrong_content and index not in doubted:
            kept.append(event)
    problems = problems_at(
        path, data, faults=faults, findings=findings, ambiguous=reading.ambiguous
    )
    # A key that stands twice leaves open which value its event has.
    kept = [] if reading.problems else kept
    return kept, sorted([*reading.problems, *problems, *_not_canonical(kind, data, path)])


def _needs_close_look(data: bytes) -> bool:
    # A canonical line escapes nothing that a secret is made of, and holds its metadata whole.
    if may_hold_secret(data):
        return True
    return len(data) > METADATA_LIMIT and max(map(len, data.split(b"\n"))) > METADATA_LIMIT


def _is_tidy(path: str, events: Sequence[Event]) -> bool:
    place = place_of(path)
    month = place.month if place is not None else ""
    if month and not all(event["at"].startswith(month) for event in events):
        return False
    return len({event["id"] for event in events}) == len(events)


def _faults(kind: EventKind, event: Any, index: int) -> list[Fault]:
    if is_valid(EVENT_SCHEMAS[kind], event):
        return []
    return find_faults(EVENT_SCHEMAS[kind], event, base=(index,))


def _findings(event: Any) -> Iterator[Finding]:
    if not isinstance(event, dict):
        return
    yield from secret_findings(event)
    metadata = event.get("extra_metadata")
    if isinstance(metadata, dict) and metadata_size(metadata) > METADATA_LIMIT:
        yield Finding(
            ("extra_metadata",),
            codes.SIZE,
            f"extra_metadata takes {metadata_size(metadata):,} bytes, more than {METADATA_LIMIT:,}",
            "keep what describes the event, and link to the rest",
        )


def _across(path: str, events: Sequence[Any]) -> dict[int, list[Finding]]:
    place = place_of(path)
    month = place.month if place is not None else ""
    found: defaultdict[int, list[Finding]] = defaultdict(list)
    seen: set[str] = set()
    for index, event in enumerate(events):
        if not isinstance(event, dict):
            continue
        at, name = event.get("at"), event.get("id")
        if month and isinstance(at, str) and _is_of_another_month(at, month):
            found[index].append(_month_finding(at, month))
        if isinstance(name, str):
            if name in seen:
                found[index].append(_duplicate_finding(name))
            seen.add(name)
    return dict(found)


def _is_of_another_month(at: str, month: str) -> bool:
    # A time that is none at all is the schema's matter.
    return month_of(at) != month and at[4:5] == "-" and at[:4].isdigit() and at[5:7].isdigit()


def _month_finding(at: str, month: str) -> Finding:
    return Finding(
        ("at",),
        codes.MONTH,
        f"the event is of {month_of(at)}, and the file of {month}",
        f"move the line to {month_of(at)}.yaml",
    )


def _duplicate_finding(name: str) -> Finding:
    # Bounded: only an id that keeps the schema is worth a quote.
    quoted = name if len(name) <= 128 and name.isascii() and name.isprintable() else "this"
    return Finding(
        ("id",),
        codes.DUPLICATE_ID,
        f"an event before has the id {quoted}, too",
        "take the second line out where it is a copy, or give it an id of its own",
    )


def _long_line(data: bytes, path: str) -> list[Problem]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if len(line) > LONGEST_LINE:
            message = f"the line has {len(line):,} bytes, more than {LONGEST_LINE:,}"
            hint = "shorten the event's longest text"
            return [Problem(path, number, 1, codes.SIZE, message, hint)]
    return []


def _not_canonical(kind: EventKind, data: bytes, path: str) -> list[Problem]:
    return [
        Problem(
            path,
            _first_odd_line(kind, data),
            1,
            codes.NOT_CANONICAL,
            "the log is not written one event a line, as the tool writes it",
            "run `versioner format`",
            "warning",
        )
    ]


def _first_odd_line(kind: EventKind, data: bytes) -> int:
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        if read_canonical(kind, line) is None:
            return number
    return 1
