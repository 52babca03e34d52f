"""The canonical form of a registry's files, which changes no meaning and loses no comment.

In a people's file a comment keeps its words and its neighbours: one behind an entry stays behind
it, one on lines of its own stays above what it stood above, and so do single empty lines.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from versioner.errors import InvalidInput, OperationFailed
from versioner.serialization.documents import block_key, wanted
from versioner.serialization.log import event_line, read_canonical
from versioner.serialization.values import json_value
from versioner.serialization.yaml_tree import comments_of, data_of, leaves_of, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from versioner.models import Event, EventKind
    from versioner.serialization.documents import DocumentKind
    from versioner.serialization.yaml_tree import Comment, Node, Tree

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
        raise OperationFailed(
            "this file cannot be formatted without a change", hint="edit it by hand"
        )
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
        raise OperationFailed("this log cannot be formatted", hint="`versioner validate` shows why")
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
    for item in _event_nodes(tree):
        last = tree.text[: item.end].rstrip().count("\n")
        while notes and notes[0].line <= last:
            yield notes.pop(0).text + "\n"
        yield event_line(kind, _event(item))
    yield from (note.text + "\n" for note in notes)


def _event_nodes(tree: Tree) -> list[Node]:
    root = tree.root
    if root is None or data_of(root) is None:
        return []
    if root.kind == "list" and all(item.kind == "mapping" for item in root.children):
        return root.children
    raise InvalidInput(
        "the file cannot be formatted: it is not a list of events",
        hint="`versioner validate` shows what to mend by hand",
    )


def _event(node: Node) -> Event:
    # Of an event's fields only its metadata holds anything but text and lists of text.
    paths = {"extra_metadata": ("metadata",)}
    return {key.text: data_of(value, paths.get(key.text, ("text",))) for key, value in node.pairs}


def restyled(tree: Tree) -> str:
    """Return the canonical text of a document's tree."""
    writer = _Writer(tree)
    if tree.root is not None:
        writer.write(tree.root, (), 0, lead=None)
    writer.flush(len(tree.text) + 1, 0)
    lines = writer.lines
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n" * bool(lines)


class _Writer:
    """Write a tree's nodes in order, and between them the comments that stood there."""

    def __init__(self, tree: Tree) -> None:
        self.lines: list[str] = []
        self._text = tree.text
        self._notes = comments_of(tree)
        self._starts = [leaf.start for leaf in leaves_of(tree.root)]

    def write(self, node: Node, path: tuple[str, ...], indent: int, lead: str | None) -> None:
        """Write a node; `lead` is what stands before it on its line (`key:`, `-`)."""
        if not node.children:
            self._line(indent, lead, self._leaf(node, path), node.end)
        elif node.kind == "mapping":
            self._mapping(node, path, indent)
        else:
            self._list(node, path, indent)

    def flush(
        self, before: int, indent: int, belongs: Callable[[Comment], bool] | None = None
    ) -> None:
        """Write the comments that stand before an index, up to the last one that belongs."""
        waiting = [note for note in self._notes if note.start < before]
        if belongs is not None:
            outside = [
                place for place, note in enumerate(waiting) if note.text and not belongs(note)
            ]
            waiting = waiting[: outside[0]] if outside else waiting
            while waiting and not waiting[-1].text:
                waiting.pop()
        del self._notes[: len(waiting)]
        for note in waiting:
            if note.text:
                self.lines.append(" " * indent + note.text)
            elif self.lines and self.lines[-1]:
                self.lines.append("")

    def _mapping(self, node: Node, path: tuple[str, ...], indent: int) -> None:
        for key, value in node.pairs:
            self.flush(key.start, indent)
            name = block_key(key.text) + ":"
            inner = (*path, key.text)
            if not value.children:
                self.write(value, inner, indent, name)
            else:
                self._line(indent, name, "", key.end)
                self.write(value, inner, indent + 2, None)
                self._close(value, indent + 2, parent=node)

    def _list(self, node: Node, path: tuple[str, ...], indent: int) -> None:
        for item in node.children:
            self.flush(item.start, indent)
            if not item.children:
                self.write(item, path, indent, "-")
                continue
            first = len(self.lines)
            self.write(item, path, indent + 2, None)
            self._close(item, indent + 2, parent=node)
            self._dash(first, indent)

    def _dash(self, first: int, indent: int) -> None:
        """Put the dash before the first line of an item, below the comments that opened it."""
        pad = " " * indent
        while not self.lines[first] or self.lines[first].startswith("#", indent + 2):
            self.lines[first] = (pad + self.lines[first].lstrip()).rstrip()
            first += 1
        self.lines[first] = pad + "- " + self.lines[first][indent + 2 :]

    def _close(self, node: Node, indent: int, parent: Node) -> None:
        """Write the comments at a collection's end that stand as deep as what it holds."""
        following = bisect_left(self._starts, node.end)
        limit = self._starts[following] if following < len(self._starts) else len(self._text) + 1
        if node.is_flow:
            self.flush(node.end, indent)
            return
        column = node.column
        if parent.kind == "mapping" and node.kind == "list":
            column = max(column, parent.column + 1)
        self.flush(limit, indent, lambda note: note.column >= column)

    def _line(self, indent: int, lead: str | None, value: str, end: int) -> None:
        line = " " * indent + " ".join(part for part in (lead, value) if part)
        self.lines.append(line + self._behind(end))

    def _behind(self, end: int) -> str:
        """Take the comment behind an entry, where no other entry comes between."""
        note = self._notes[0] if self._notes else None
        if note is None or note.is_alone:
            return ""
        between = bisect_left(self._starts, note.start) - bisect_left(self._starts, end)
        if between or "\n" in self._text[end : note.start]:
            return ""
        return "  " + self._notes.pop(0).text

    def _leaf(self, node: Node, path: tuple[str, ...]) -> str:
        if node.is_plain and path and wanted(path) in ("integer", "boolean"):
            # Quotes would not make an invalid value valid; `validate` reports it.
            return node.text or "null"
        value = data_of(node, path)
        # A float keeps its digits: 1.10.
        return node.text if isinstance(value, float) else json_value(value, ".".join(path), 1)
