"""Validate the log of a month, or of a year.

The events of a canonical log are validated in bulk; each is validated alone only if the bulk
validation fails. Another log is read whole as strict YAML, with a warning; if it cannot be read,
its lines are read one by one, so that one invalid line does not hide the valid events.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from versioner.layout import month_of, place_of
from versioner.models import Problem
from versioner.secret_scanning import may_hold_secret
from versioner.serialization.commit_lines import with_mappings
from versioner.serialization.log import LOG_SCHEMAS, LONGEST_LINE, read_canonical
from versioner.validation import codes
from versioner.validation.events import EVENT_SCHEMAS, METADATA_LIMIT, metadata_size
from versioner.validation.limits import LOG_LIMIT
from versioner.validation.locate import ContentProblem, locate_problems, secret_problems
from versioner.validation.merge_conflicts import conflict_problems, is_marker
from versioner.validation.schema_check import find_violations, is_valid
from versioner.validation.strict_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.models import Event, LogKind
    from versioner.validation.strict_yaml import Reading
    from versioner.validation.violations import Violation

__all__ = ["validate_log"]


def validate_log(kind: LogKind, data: bytes, path: str) -> tuple[list[Event], list[Problem]]:
    """Return the valid events of a log in their order, and every problem of the file."""
    numbered = read_canonical(kind, data) if len(data) <= LOG_LIMIT else None
    if numbered is None:
        return _validate_yaml(kind, data, path)
    events = [event for _, event in numbered]
    check_content = _may_have_content_problems(data)
    if (
        not check_content
        and is_valid(LOG_SCHEMAS[kind], events)
        and _are_of_period_and_distinct(path, events)
    ):
        return events, []
    return _validate_numbered(kind, numbered, data.split(b"\n"), path, check_content=check_content)


def _validate_numbered(
    kind: LogKind,
    numbered: Sequence[tuple[int, Event]],
    lines: Sequence[bytes],
    path: str,
    *,
    check_content: bool = True,
) -> tuple[list[Event], list[Problem]]:
    """Validate each of the events, which are on lines of their own."""
    comparison = _compare_events(path, [event for _, event in numbered])
    valid: list[Event] = []
    problems: list[Problem] = []
    for index, (number, event) in enumerate(numbered):
        violations = _violations(kind, event, 0)
        found = [*comparison.get(index, ()), *(_content_problems(event) if check_content else ())]
        if violations or found:
            # The line is a list of one event, whose index is 0.
            problems += locate_problems(
                path,
                lines[number - 1],
                violations=violations,
                content_problems=[_at_index(0, problem) for problem in found],
                first_line=number,
            )
        else:
            valid.append(event)
    return valid, problems


def _validate_yaml(kind: LogKind, data: bytes, path: str) -> tuple[list[Event], list[Problem]]:
    too_long = _long_line_problems(data, path)
    reading = read_yaml(data, path, limit=LOG_LIMIT)
    if too_long or reading.problems:
        by_line = _validate_by_line(kind, data, path)
        if by_line is not None:
            return by_line
    if too_long or not reading.is_read:
        return [], too_long or conflict_problems(data, path, is_log=True) or reading.problems
    return _validate_whole(kind, data, path, reading)


def _validate_by_line(
    kind: LogKind, data: bytes, path: str
) -> tuple[list[Event], list[Problem]] | None:
    """Validate the lines of a log one by one; return None if an event has several lines."""
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
            events, of_line = _validate_line(kind, line, path)
            numbered += [(number, event) for event in events]
            problems += [replace(problem, line=number) for problem in of_line]
        elif not is_marker(line):
            return None
    valid, found = _validate_numbered(kind, numbered, lines, path)
    problems = sorted([*_with_one_style_warning(problems), *found])
    # Without an error in a line, the problems of the whole log are reported.
    return (valid, problems) if any(item.severity == "error" for item in problems) else None


def _validate_line(kind: LogKind, line: bytes, path: str) -> tuple[list[Event], list[Problem]]:
    too_long = _long_line_problems(line, path)
    reading = read_yaml(line, path, limit=LOG_LIMIT)
    if too_long or not reading.is_read:
        return [], too_long or reading.problems
    return _validate_whole(kind, line, path, reading)


def _with_one_style_warning(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems with the first of the warnings about lines that are not canonical."""
    warnings = [item for item in problems if item.code == codes.NOT_CANONICAL]
    return [item for item in problems if item.code != codes.NOT_CANONICAL] + warnings[:1]


def _validate_whole(
    kind: LogKind, data: bytes, path: str, reading: Reading
) -> tuple[list[Event], list[Problem]]:
    known = [*reading.problems, *_style_warning(kind, data, path)]
    if not isinstance(reading.value, list):
        violations = find_violations(LOG_SCHEMAS[kind], reading.value)
        ambiguous = reading.ambiguous
        return [], [
            *known,
            *locate_problems(path, data, violations=violations, ambiguous=ambiguous),
        ]
    events: list[Any] = [
        with_mappings(each) if isinstance(each, dict) else each for each in reading.value
    ]
    comparison = _compare_events(path, events)
    ambiguous_events = {item.pointer[0] for item in reading.ambiguous if item.pointer}
    violations, found, valid = [], [], []
    for index, event in enumerate(events):
        of_schema = _violations(kind, event, index)
        of_content = [*comparison.get(index, ()), *_content_problems(event)]
        violations += of_schema
        found += [_at_index(index, problem) for problem in of_content]
        if not of_schema and not of_content and index not in ambiguous_events:
            valid.append(event)
    problems = locate_problems(
        path, data, violations=violations, content_problems=found, ambiguous=reading.ambiguous
    )
    # With a duplicate key, it is unknown which of its values the event has.
    return ([] if reading.problems else valid), sorted([*known, *problems])


def _may_have_content_problems(data: bytes) -> bool:
    # In a canonical line no character of a secret is escaped, and all metadata is on the line.
    if may_hold_secret(data):
        return True
    return len(data) > METADATA_LIMIT and max(map(len, data.split(b"\n"))) > METADATA_LIMIT


def _are_of_period_and_distinct(path: str, events: Sequence[Event]) -> bool:
    period = _period(path)
    if period and events:
        # Valid times are all of one form: those between two of a period are of the period.
        times = [event["at"] for event in events]
        if not (min(times).startswith(period) and max(times).startswith(period)):
            return False
    return len({event["id"] for event in events}) == len(events)


def _period(path: str) -> str:
    place = place_of(path)
    return place.period if place is not None else ""


def _violations(kind: LogKind, event: Any, index: int) -> list[Violation]:
    if is_valid(EVENT_SCHEMAS[kind], event):
        return []
    return find_violations(EVENT_SCHEMAS[kind], event, base=(index,))


def _at_index(index: int, problem: ContentProblem) -> ContentProblem:
    """Return a problem of an event as a problem of the list that has the event at an index."""
    return problem._replace(pointer=(index, *problem.pointer))


def _content_problems(event: Any) -> Iterator[ContentProblem]:
    """Yield the secrets and the size of an event."""
    if not isinstance(event, dict):
        return
    yield from secret_problems(event)
    metadata = event.get("extra_metadata")
    if isinstance(metadata, dict) and metadata_size(metadata) > METADATA_LIMIT:
        yield ContentProblem(
            ("extra_metadata",),
            codes.SIZE,
            f"extra_metadata has {metadata_size(metadata):,} bytes, more than {METADATA_LIMIT:,}",
            "keep what describes the event, and link to the rest",
        )


def _compare_events(path: str, events: Sequence[Any]) -> dict[int, list[ContentProblem]]:
    """Return by index the events of another period, and those with the id of an earlier one."""
    period = _period(path)
    found: defaultdict[int, list[ContentProblem]] = defaultdict(list)
    ids: set[str] = set()
    for index, event in enumerate(events):
        if not isinstance(event, dict):
            continue
        at, event_id = event.get("at"), event.get("id")
        if period and isinstance(at, str) and _is_of_another_period(at, period):
            found[index].append(_period_problem(at, period))
        if isinstance(event_id, str):
            if event_id in ids:
                found[index].append(_duplicate_problem(event_id))
            ids.add(event_id)
    return dict(found)


def _is_of_another_period(at: str, period: str) -> bool:
    # An invalid time is a violation of the schema, and has no month.
    return not at.startswith(period) and at[4:5] == "-" and at[:4].isdigit() and at[5:7].isdigit()


def _period_problem(at: str, period: str) -> ContentProblem:
    return ContentProblem(
        ("at",),
        codes.MONTH,
        f"the event is of {month_of(at)}, but the file is for {period}",
        f"move the line to {month_of(at)}.yaml",
    )


def _duplicate_problem(event_id: str) -> ContentProblem:
    # An invalid id may be long or have control characters, and is not repeated.
    is_printable = event_id.isascii() and event_id.isprintable()
    subject = f"the id {event_id}" if len(event_id) <= 128 and is_printable else "this id"
    return ContentProblem(
        ("id",),
        codes.DUPLICATE_ID,
        f"an earlier event in this file also has {subject}",
        "remove this event if it is a copy; otherwise give it another id",
    )


def _long_line_problems(data: bytes, path: str) -> list[Problem]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if len(line) > LONGEST_LINE:
            message = f"the line has {len(line):,} bytes, more than {LONGEST_LINE:,}"
            hint = "shorten the longest text of the event"
            return [Problem(path, number, 1, codes.SIZE, message, hint)]
    return []


def _style_warning(kind: LogKind, data: bytes, path: str) -> list[Problem]:
    lines = data.splitlines(keepends=True)
    odd = (number for number, line in enumerate(lines, 1) if read_canonical(kind, line) is None)
    message = "the log is not in canonical form, which has one event per line"
    hint = "run `versioner format`"
    return [Problem(path, next(odd, 1), 1, codes.NOT_CANONICAL, message, hint, "warning")]
