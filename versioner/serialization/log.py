"""Read and append to logs: YAML files with one event per line, read by the JSON scanner.

A line is canonical if it is what `event_line` writes for its event. A canonical log is read about
twenty times faster than YAML; any other log is read by the strict YAML loader.
"""

from __future__ import annotations

import re
from json.decoder import JSONDecoder
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

from versioner.errors import InvalidInput, OperationFailed
from versioner.models.events import (
    BUILD_KEYS,
    DECISION_KEYS,
    DEPLOYMENT_KEYS,
    OBSERVATION_KEYS,
    REQUEST_DECISION_KEYS,
)
from versioner.serialization.values import DEPTH, LONGEST_KEY, UNPRINTABLE, json_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.models import Event, LogKind

__all__ = [
    "KEYS",
    "LOG_SCHEMAS",
    "LONGEST_LINE",
    "append",
    "append_lines",
    "event_line",
    "events_naming",
    "header",
    "read_canonical",
]

# Bytes of a line, without its newline.
LONGEST_LINE: Final = 256 * 1024

# The log and the event are two of the levels that the strict loader accepts.
_VALUE_DEPTH: Final = DEPTH - 2

# The keys of an event, in the order of its line.
KEYS: Final[dict[LogKind, tuple[str, ...]]] = {
    "build": BUILD_KEYS,
    "deployment": DEPLOYMENT_KEYS,
    "observation": OBSERVATION_KEYS,
    "decision": DECISION_KEYS,
    "request-decision": REQUEST_DECISION_KEYS,
}

_TITLES: Final[dict[LogKind, str]] = {
    "build": "Builds",
    "deployment": "Deployments",
    "observation": "Observations",
    "decision": "Decisions about the versions",
}

LogSchema = Literal[
    "versions-log", "deployments-log", "observations-log", "decisions-log", "request-decisions-log"
]

LOG_SCHEMAS: Final[dict[LogKind, LogSchema]] = {
    "build": "versions-log",
    "deployment": "deployments-log",
    "observation": "observations-log",
    "decision": "decisions-log",
    "request-decision": "request-decisions-log",
}

# The bytes of a log without escapes, so that the text between quotes is the value itself.
_SIMPLE: Final = (
    bytes(byte for byte in range(256) if byte >= 0x20 and byte not in b"\\\x7f") + b"\n"
)
# Compiled at their first use: at import they would take as long as the rest of this module.
_UNSIMPLE = f"[\\\\\x00-\x09\x0b-\x1f{UNPRINTABLE}]"
_BEYOND_ASCII = f"[{UNPRINTABLE}]"
_UNREADABLE = f"[\x00-\x08\x0b-\x1f{UNPRINTABLE}]"
_EMPTY_LIST = rb"(?m)^[ \t]*\[[ \t]*\][ \t]*(#[^\r\n]*)?(?:\r?\n|\Z)"

_KEY = "([a-z_]+): "
_CONTENT = rb"(?m)^(?!---[ \t]*\r?$)[ \t]*[^#\s]"

# The shape of a canonical line is the text between its strings; it gives the keys of the strings.
# Logs have few shapes, so that nearly every line is read by one split and one lookup. Their number
# is limited, because a hostile log may have a new shape on every line.
_shapes: Final[dict[LogKind, dict[tuple[str, ...], tuple[str, ...]]]] = {kind: {} for kind in KEYS}
_MOST_SHAPES: Final = 4096

# Likewise for events with mappings of texts (artifacts, metadata): the keys with the number of
# pairs of a mapping, -1 for a text.
_mapping_shapes: Final[dict[tuple[LogKind, tuple[str, ...]], tuple[tuple[str, int], ...]]] = {}


def header(kind: LogKind) -> str:
    """Return the comment lines that a new log begins with."""
    if kind == "request-decision":
        what, top = "Decisions about one request", "../../../"
    else:
        what, top = f"{_TITLES[kind]} of one product in one month (UTC)", "../../../../"
    return (
        f"# {what}: one event a line, newest recorded last.\n"
        "# Written by `versioner`, which only ever adds lines: please leave the others alone.\n"
        f"# yaml-language-server: $schema={top}schemas/{LOG_SCHEMAS[kind]}.schema.json\n"
    )


def event_line(kind: LogKind, event: Event) -> str:
    """Return the canonical line of an event, with its newline.

    Raises InvalidInput, which names the field, for an unknown key, NaN, an integer beyond 2^53,
    a lone surrogate, and nesting or length beyond the limits.
    """
    return _line(kind, _converted(event, to_line=True))


def _line(kind: LogKind, event: Event) -> str:
    keys = KEYS[kind]
    pairs = [f"{key}: {json_value(event[key], key, _VALUE_DEPTH)}" for key in keys if key in event]
    if len(pairs) != len(event):
        unknown = next(key for key in event if key not in keys)
        raise InvalidInput(f"{unknown} is not a field of a {kind} event", field=unknown)
    line = "- {" + ", ".join(pairs) + "}"
    if _is_too_long(line):
        field = max(event, key=lambda key: len(str(event[key])))
        raise InvalidInput(
            f"the event is larger than {LONGEST_LINE // 1024} KiB",
            field=field,
            hint=f"shorten {field}, its longest field",
        )
    return line + "\n"


def append(kind: LogKind, existing: bytes | None, events: Sequence[Event]) -> bytes:
    """Return a log with events added at its end; the bytes before them stay as they are.

    `existing` is None for a new log, which gets a header. Raises OperationFailed for a log in a
    style that no line can follow (a flow sequence, an indented one, two documents).
    """
    return append_lines(kind, existing, "".join([event_line(kind, event) for event in events]))


def append_lines(kind: LogKind, existing: bytes | None, lines: str) -> bytes:
    """Return a log with canonical lines of events added at its end, as `append` does."""
    added = lines.encode()
    if existing is not None and not lines:
        return existing
    before = _without_empty_list(existing or b"")
    if not before.strip():
        return header(kind).encode() + added
    _check_appendable(before)
    return before + (b"" if before.endswith(b"\n") else b"\n") + added


def read_canonical(kind: LogKind, data: bytes) -> list[tuple[int, Event]] | None:
    """Return (line number, event) of each event, or None if any line is not canonical.

    Empty lines and lines that begin with a comment are skipped.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    lines = text.split("\n")
    if lines.pop():
        return None
    simple = (
        not data.translate(None, _SIMPLE)
        and (data.isascii() or not re.search(_BEYOND_ASCII, text))
        and (len(data) <= LONGEST_LINE or not any(_is_too_long(line) for line in lines))
    )
    shapes = _shapes[kind]
    found: list[tuple[int, Event]] = []
    for number, line in enumerate(lines, 1):
        parts = line.split('"')
        shape = tuple(parts[::2])
        keys = shapes.get(shape)
        if keys and len(parts) == 2 * len(keys) + 1 and (simple or _is_simple(line)):
            # As many keys as texts; the argument `strict` would take a third of the time.
            found.append((number, dict(zip(keys, parts[1::2]))))  # noqa: B905
        elif line.startswith("- "):
            fields = _mapping_shapes.get((kind, shape))
            event = None
            if fields and len(parts) % 2 and (simple or _is_simple(line)):
                event = _event_of(fields, parts[1::2])
            event = event or _parse_canonical(kind, line)
            if event is None:
                return None
            found.append((number, event))
        elif line and (line[0] != "#" or re.search(_UNREADABLE, line)):
            return None
    return found


# The logs that were searched last, with their bytes in lower case.
_searched: list[tuple[bytes, bytes]] = []


def events_naming(data: bytes, value: str, *, key: str = "version") -> Iterator[tuple[int, Event]]:
    """Yield the events with a value, in any case, of a key, after where their lines begin.

    The bytes are searched, and only the lines found are parsed. Lines that are not canonical may
    be missed; `validate` reports them.
    """
    wanted = value.lower()
    pattern = f'{key}: "{wanted}"'.encode("utf-8", "surrogatepass")
    lowered = next((lower for known, lower in _searched if known is data), None)
    if lowered is None:
        lowered = data.lower()
        _searched[:] = [(data, lowered), *_searched[:3]]
    at = lowered.find(pattern)
    while at >= 0:
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        start = data.rfind(b"\n", 0, at) + 1
        event = _parse(data[start:end].decode(errors="replace").removesuffix("\r"))
        if event is not None and str(event.get(key)).lower() == wanted:
            yield start, _converted(event, to_line=False)
        at = lowered.find(pattern, end)


def _is_simple(line: str) -> bool:
    return re.search(_UNSIMPLE, line) is None and not _is_too_long(line)


def _is_too_long(line: str) -> bool:
    # A character has at most four bytes, so that a short line need not be encoded.
    return len(line) * 4 > LONGEST_LINE and len(line.encode(errors="replace")) > LONGEST_LINE


def _parse_canonical(kind: LogKind, line: str) -> Event | None:
    event = _parse(line)
    if event is None:
        return None
    try:
        if _line(kind, event) != line + "\n":
            return None
    except InvalidInput:
        return None
    _remember_shape(kind, line, event)
    return _converted(event, to_line=False)


def _converted(event: Event, *, to_line: bool) -> Event:
    """Return an event with its recorded commits as a line has them, or as all others do."""
    if "changes" not in event:
        return event
    from versioner.serialization.commit_lines import with_mappings, with_texts

    return with_texts(event) if to_line else with_mappings(event)


def _remember_shape(kind: LogKind, line: str, event: Event) -> None:
    shapes = _shapes[kind]
    if not event or not _is_simple(line):
        return
    if all(isinstance(value, str) for value in event.values()):
        if len(shapes) < _MOST_SHAPES:
            shapes[tuple(line.split('"')[::2])] = tuple(key for key in KEYS[kind] if key in event)
    elif len(_mapping_shapes) < _MOST_SHAPES and all(map(_is_text_or_mapping, event.values())):
        _mapping_shapes[kind, tuple(line.split('"')[::2])] = tuple(
            (key, len(value) if isinstance(value, dict) else -1) for key, value in event.items()
        )


def _is_text_or_mapping(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(item, str) for item in value.values())
    return isinstance(value, str)


def _event_of(fields: tuple[tuple[str, int], ...], texts: list[str]) -> Event | None:
    """Return the event of the texts in a line, or None for a mapping with a key that may not be."""
    event: Event = {}
    at = 0
    for key, pairs in fields:
        if pairs < 0:
            event[key] = texts[at]
            at += 1
            continue
        end = at + 2 * pairs
        inner = dict(zip(texts[at:end:2], texts[at + 1 : end : 2], strict=True))
        if len(inner) != pairs or any(len(name) > LONGEST_KEY - 2 for name in inner):
            return None
        event[key] = inner
        at = end
    return event


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_scan = JSONDecoder(parse_constant=_refuse_constant).raw_decode


def _parse(line: str) -> Event | None:
    """Return the event of a line of bare keys and JSON values, which may not be canonical."""
    if line == "- {}":
        return {}
    event: Event = {}
    at, match = 3 if line.startswith("- {") else 0, re.compile(_KEY).match
    while at:
        key = match(line, at)
        if key is None:
            return None
        try:
            event[key[1]], at = _scan(line, key.end())
        except (ValueError, RecursionError):
            return None
        if line.startswith(", ", at):
            at += 2
        else:
            return event if line[at:] == "}" else None
    return None


def _without_empty_list(existing: bytes) -> bytes:
    found = re.search(_EMPTY_LIST, existing) if b"[" in existing else None
    if found is None or re.compile(_CONTENT).search(existing, 0, found.start()):
        return existing
    comment = found[1] + b"\n" if found[1] else b""
    return existing[: found.start()] + comment + existing[found.end() :]


def _check_appendable(existing: bytes) -> None:
    first = _start_of_content(existing)
    if first < 0:
        return
    ended = b"\n..." in existing or existing.find(b"\n---", first) >= 0
    if ended or not existing.startswith((b"- ", b"-\n", b"-\r\n"), first):
        raise OperationFailed(
            "no event can be added to this log: it does not have one event per line",
            hint="run `versioner format`, commit, and try again",
        )


def _start_of_content(existing: bytes) -> int:
    """Return where the first line begins that is not empty or a comment, -1 for none."""
    start = 0
    while existing.startswith(b"#", start):
        start = existing.find(b"\n", start) + 1 or len(existing)
    if existing.startswith(b"- ", start):
        return start
    # Only a log of another style is worth the time that a pattern takes.
    found = re.search(_CONTENT, existing)
    return -1 if found is None else found.start()
