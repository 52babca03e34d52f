"""Logs: append-only YAML files of one event a line, read through the JSON scanner.

A line is canonical when writing the event it holds gives that very line again. Canonical files
are read about twenty times faster than YAML; anything else is for the strict YAML loader.
"""

from __future__ import annotations

import re
from json.decoder import JSONDecoder
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

from versioner.errors import InvalidInput, OperationFailed
from versioner.models.events import BUILD_KEYS, DEPLOYMENT_KEYS
from versioner.serialization.values import DEPTH, UNPRINTABLE, json_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.models import Event, EventKind

__all__ = [
    "LOG_SCHEMAS",
    "LONGEST_LINE",
    "append",
    "event_line",
    "header",
    "lines_naming",
    "read_canonical",
]

# In bytes, without the newline.
LONGEST_LINE: Final = 256 * 1024

# The log itself and the event are two of the collections that the strict loader lets nest.
_VALUE_DEPTH: Final = DEPTH - 2

_KEYS: Final[dict[EventKind, tuple[str, ...]]] = {
    "build": BUILD_KEYS,
    "deployment": DEPLOYMENT_KEYS,
}

_TITLES: Final[dict[EventKind, str]] = {"build": "Builds", "deployment": "Deployments"}

LOG_SCHEMAS: Final[dict[EventKind, Literal["versions-log", "deployments-log"]]] = {
    "build": "versions-log",
    "deployment": "deployments-log",
}

# Bytes of a file whose strings all stand for themselves, as far as ASCII can tell.
_SIMPLE: Final = (
    bytes(byte for byte in range(256) if byte >= 0x20 and byte not in b"\\\x7f") + b"\n"
)
# Compiled when a log first needs one (and kept by re): these classes cost as much as all else here.
_UNSIMPLE = f"[\\\\\x00-\x09\x0b-\x1f{UNPRINTABLE}]"
_BEYOND_ASCII = f"[{UNPRINTABLE}]"
_UNREADABLE = f"[\x00-\x08\x0b-\x1f{UNPRINTABLE}]"
_EMPTY_LIST = rb"(?m)^[ \t]*\[[ \t]*\][ \t]*(#[^\r\n]*)?(?:\r?\n|\Z)"

_KEY = re.compile("([a-z_]+): ")
_CONTENT = re.compile(rb"(?m)^(?!---[ \t]*\r?$)[ \t]*[^#\s]")

# What stands between the strings of a canonical line, to the keys it gives them. Log lines have
# few such shapes, so one split proves nearly all of them. Bounded, for hostile logs have many.
_shapes: Final[dict[EventKind, dict[tuple[str, ...], tuple[str, ...]]]] = {
    "build": {},
    "deployment": {},
}
_MOST_SHAPES: Final = 4096


def header(kind: EventKind) -> str:
    """Return the comment lines that a new log begins with."""
    return (
        f"# {_TITLES[kind]} of one product in one month (UTC): one event a line, "
        "newest recorded last.\n"
        "# Written by `versioner`, which only ever adds lines: please leave the others alone.\n"
        f"# yaml-language-server: $schema=../../../../schemas/{LOG_SCHEMAS[kind]}.schema.json\n"
    )


def event_line(kind: EventKind, event: Event) -> str:
    """Return the canonical line of an event, with its newline.

    Raises InvalidInput, naming the field, for what a log cannot hold: an unknown key, NaN, an
    integer beyond 2^53, a lone surrogate, nesting or a line that the strict loader refuses.
    """
    keys = _KEYS[kind]
    pairs = [f"{key}: {json_value(event[key], key, _VALUE_DEPTH)}" for key in keys if key in event]
    if len(pairs) != len(event):
        unknown = next(key for key in event if key not in keys)
        raise InvalidInput(f"{unknown} is not a field of a {kind} event", field=unknown)
    line = "- {" + ", ".join(pairs) + "}"
    if _is_too_long(line):
        field = max(event, key=lambda key: len(str(event[key])))
        raise InvalidInput(
            f"the event takes more than {LONGEST_LINE // 1024} KiB",
            field=field,
            hint=f"shorten {field}, the longest of its fields",
        )
    return line + "\n"


def append(kind: EventKind, existing: bytes | None, events: Sequence[Event]) -> bytes:
    """Return a log with events added at its end; what it held stays byte for byte.

    `existing` is None for a new log, which gets its header. Raises Failure where the log is
    written so that a line cannot follow (a flow sequence, an indented one, two documents).
    """
    added = "".join([event_line(kind, event) for event in events]).encode()
    if existing is not None and not events:
        return existing
    kept = _without_empty_list(existing or b"")
    if not kept.strip():
        return header(kind).encode() + added
    _check_appendable(kept)
    return kept + (b"" if kept.endswith(b"\n") else b"\n") + added


def read_canonical(kind: EventKind, data: bytes) -> list[tuple[int, Event]] | None:
    """Return (line number, event) of each event, or None when any line is not canonical.

    Comments at the line's beginning and empty lines are passed over.
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
        keys = shapes.get(tuple(parts[::2]))
        if keys and len(parts) == 2 * len(keys) + 1 and (simple or _is_simple(line)):
            found.append((number, dict(zip(keys, parts[1::2], strict=True))))
        elif line.startswith("- "):
            event = _prove(kind, line)
            if event is None:
                return None
            found.append((number, event))
        elif line and (line[0] != "#" or re.search(_UNREADABLE, line)):
            return None
    return found


def lines_naming(data: bytes, value: str, *, key: str = "version") -> list[tuple[int, Event]]:
    """Return (line number, event) of the events that have a value, in any case, under a key.

    For the writer's judgement: a search over the bytes, so that only the lines found are
    parsed. A line that is not written as the tool writes it is left to `validate`.
    """
    found: list[tuple[int, Event]] = []
    wanted = value.lower()
    number = 1
    counted = 0
    for start, end in _lines_holding(data, f'{key}: "{wanted}"'.encode("utf-8", "surrogatepass")):
        number += data.count(b"\n", counted, start)
        counted = start
        event = _parse(data[start:end].decode(errors="replace").removesuffix("\r"))
        if event is not None and str(event.get(key)).lower() == wanted:
            found.append((number, event))
    return found


def _lines_holding(data: bytes, wanted: bytes) -> Iterator[tuple[int, int]]:
    lowered = data.lower()
    at = lowered.find(wanted)
    while at >= 0:
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        yield data.rfind(b"\n", 0, at) + 1, end
        at = lowered.find(wanted, end)


def _is_simple(line: str) -> bool:
    return re.search(_UNSIMPLE, line) is None and not _is_too_long(line)


def _is_too_long(line: str) -> bool:
    # A character takes four bytes at most: short lines need no encoding.
    return len(line) * 4 > LONGEST_LINE and len(line.encode(errors="replace")) > LONGEST_LINE


def _prove(kind: EventKind, line: str) -> Event | None:
    event = _parse(line)
    if event is None:
        return None
    try:
        if event_line(kind, event) != line + "\n":
            return None
    except InvalidInput:
        return None
    _learn(kind, line, event)
    return event


def _learn(kind: EventKind, line: str, event: Event) -> None:
    shapes = _shapes[kind]
    is_text = event and all(isinstance(value, str) for value in event.values())
    if is_text and len(shapes) < _MOST_SHAPES and _is_simple(line):
        shapes[tuple(line.split('"')[::2])] = tuple(key for key in _KEYS[kind] if key in event)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_scan = JSONDecoder(parse_constant=_refuse_constant).raw_decode


def _parse(line: str) -> Event | None:
    """Return what a line of bare keys and JSON values holds, proving nothing else of it."""
    if line == "- {}":
        return {}
    event: dict[str, Any] = {}
    at = 3 if line.startswith("- {") else 0
    while at:
        key = _KEY.match(line, at)
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
    if found is None or _CONTENT.search(existing, 0, found.start()):
        return existing
    comment = found[1] + b"\n" if found[1] else b""
    return existing[: found.start()] + comment + existing[found.end() :]


def _check_appendable(existing: bytes) -> None:
    first = _CONTENT.search(existing)
    if first is None:
        return
    ended = b"\n..." in existing or b"\n---" in existing[first.start() :]
    if ended or not existing.startswith((b"- ", b"-\n", b"-\r\n"), first.start()):
        raise OperationFailed(
            "a line cannot be added to this log: it is not written one event a line",
            hint="run `versioner format`, commit, and try again",
        )
