"""The canonical form of a registry's files, which changes no meaning and loses no comment."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from versioner.errors import Failure, InvalidInput
from versioner.serialization.log import event_line, read_canonical
from versioner.serialization.restyle import restyled
from versioner.serialization.tree import comments_of, data_of, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models import Event, EventKind
    from versioner.serialization.documents import DocumentKind
    from versioner.serialization.tree import Tree

__all__ = ["format_file"]


def format_file(kind: DocumentKind | EventKind, data: bytes) -> bytes:
    """Return a file in canonical form; a second call changes nothing.

    Logs get one canonical line an event, people's files block style with quoted texts; a scalar
    that YAML versions read differently becomes the text that it was written as. Raises
    InvalidInput for a file that the strict loader refuses for more than its style.
    """
    if kind == "build" or kind == "deployment":
        return _format_log(kind, data)
    tree = parse(data)
    formatted = restyled(tree).encode()
    again = parse(formatted)
    if _holds(tree) != _holds(again):
        raise Failure("this file cannot be formatted without a change", hint="edit it by hand")
    return formatted


def _holds(tree: Tree) -> tuple[str, Counter[str]]:
    # repr tells 1 from 1.0 and True, and the order of keys.
    return repr(data_of(tree.root)), Counter(note.text for note in comments_of(tree) if note.text)


def _format_log(kind: EventKind, data: bytes) -> bytes:
    if read_canonical(kind, data) is not None:
        return data
    try:
        lines = [line for chunk in _chunks(data) for line in _chunk_lines(kind, chunk)]
    except InvalidInput:
        # The file as a whole tells the line, or is right where its parts are not.
        lines = list(_chunk_lines(kind, data))
    return "".join(lines).encode()


def _chunks(data: bytes) -> Iterator[bytes]:
    """Yield the items of a log, each from its dash to the next, and what comes before them."""
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    starts = [found.start() for found in re.finditer(rb"(?m)^(?:- |-$|#|$)", text)]
    ends = [*starts[1:], len(text)]
    if starts and starts[0]:
        yield text[: starts[0]]
    for start, end in zip(starts, ends, strict=True):
        yield text[start:end]


def _chunk_lines(kind: EventKind, chunk: bytes) -> Iterator[str]:
    """Yield the canonical lines of a part of a log, each event below the comments before its end."""
    if not chunk.strip() and chunk:
        yield "\n"
        return
    if read_canonical(kind, chunk) is not None:
        yield chunk.decode()
        return
    tree = parse(chunk)
    notes = comments_of(tree)
    for item in _events(tree):
        event = _event(item)
        while notes and notes[0].line <= item.end_mark.line - (not item.flow_style):
            yield notes.pop(0).text + "\n"
        yield event_line(kind, event)
    yield from (note.text + "\n" for note in notes)


def _events(tree: Tree) -> list[Any]:
    root = tree.root
    if root is None or (root.id == "sequence" and all(item.id == "mapping" for item in root.value)):
        return [] if root is None else list(root.value)
    raise InvalidInput(
        "the file cannot be formatted: it is not a list of events",
        hint="`versioner validate` shows what to mend by hand",
    )


def _event(node: Any) -> Event:
    return {key.value: data_of(value, (_text_field(key.value),)) for key, value in node.value}


def _text_field(key: str) -> str:
    # Of an event's fields only its metadata holds anything but text (and lists of it).
    return key if key == "extra_metadata" else "text"
