"""The canonical form of a registry's files, which changes no meaning and loses no comment."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from versioner.errors import Failure, InvalidInput
from versioner.serialization.log import event_line, read_canonical
from versioner.serialization.restyle import restyled
from versioner.serialization.yaml_tree import comments_of, data_of, end_of, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models import Event, EventKind
    from versioner.serialization.documents import DocumentKind
    from versioner.serialization.yaml_tree import Tree

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
        # The file as a whole names the line, or is right where its parts are not.
        lines = list(_chunk_lines(kind, data))
    formatted = "".join(lines).encode()
    if read_canonical(kind, formatted) is None:
        raise Failure("this log cannot be formatted", hint="`versioner validate` shows why")
    return formatted


def _chunks(data: bytes) -> Iterator[bytes]:
    """Yield what each dash and comment in the first column begins: most is canonical already."""
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    starts = [found.start() for found in re.finditer(rb"(?m)^(?:- |-$|#)", text)]
    yield text[: starts[0]] if starts else text
    for start, end in pairwise([*starts, len(text)]):
        yield text[start:end]


def _chunk_lines(kind: EventKind, chunk: bytes) -> Iterator[str]:
    """Yield the canonical lines of a part of a log; an event comes below its own comments."""
    if read_canonical(kind, chunk) is not None:
        yield chunk.decode()
        return
    tree = parse(chunk)
    notes = comments_of(tree)
    for item in _events(tree):
        last = tree.text[: end_of(item)].rstrip().count("\n")
        while notes and notes[0].line <= last:
            yield notes.pop(0).text + "\n"
        yield event_line(kind, _event(item))
    yield from (note.text + "\n" for note in notes)


def _events(tree: Tree) -> list[Any]:
    root = tree.root
    if root is None or (root.id == "scalar" and data_of(root) is None):
        return []
    if root.id == "sequence" and all(item.id == "mapping" for item in root.value):
        return list(root.value)
    raise InvalidInput(
        "the file cannot be formatted: it is not a list of events",
        hint="`versioner validate` shows what to mend by hand",
    )


def _event(node: Any) -> Event:
    # Of an event's fields only its metadata holds anything but text and lists of text.
    like = {"extra_metadata": ("metadata",)}
    return {key.value: data_of(value, like.get(key.value, ("text",))) for key, value in node.value}
