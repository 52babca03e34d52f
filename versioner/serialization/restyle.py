"""People's files in canonical form: block style, two spaces, every text double-quoted.

A comment keeps its words and its neighbours: one behind an entry stays behind it, one on lines
of its own stays above what it stood above, and so do single empty lines.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from versioner.serialization.documents import block_key
from versioner.serialization.fields import wanted
from versioner.serialization.values import json_value
from versioner.serialization.yaml_tree import (
    Comment,
    Tree,
    comments_of,
    data_of,
    end_of,
    scalars_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["restyled"]

Node = Any


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
        self._starts = [int(leaf.start_mark.index) for leaf in scalars_of(tree.root)]

    def write(self, node: Node, path: tuple[str, ...], indent: int, lead: str | None) -> None:
        """Write a node; `lead` is what stands before it on its line (`key:`, `-`)."""
        if node.id == "scalar" or not node.value:
            self._line(indent, lead, self._leaf(node, path), node.end_mark.index)
            return
        children = self._mapping if node.id == "mapping" else self._sequence
        children(node, path, indent)

    def flush(
        self, before: int, indent: int, belongs: Callable[[Comment], bool] | None = None
    ) -> None:
        """Write the comments that stand before an index, up to the last one that belongs."""
        waiting = [note for note in self._notes if note.at < before]
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
        for key, value in node.value:
            self.flush(key.start_mark.index, indent)
            name = block_key(key.value) + ":"
            inner = (*path, key.value)
            if value.id == "scalar" or not value.value:
                self.write(value, inner, indent, name)
            else:
                self._line(indent, name, "", key.end_mark.index)
                self.write(value, inner, indent + 2, None)
                self._close(value, indent + 2, parent=node)

    def _sequence(self, node: Node, path: tuple[str, ...], indent: int) -> None:
        for item in node.value:
            self.flush(item.start_mark.index, indent)
            if item.id == "scalar" or not item.value:
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
        after = end_of(node)
        following = bisect_left(self._starts, after)
        limit = self._starts[following] if following < len(self._starts) else len(self._text) + 1
        if node.flow_style:
            self.flush(after, indent)
            return
        column = _column(node)
        if parent.id == "mapping" and node.id == "sequence" and column <= _column(parent):
            column = _column(parent) + 1
        self.flush(limit, indent, lambda note: note.column >= column)

    def _line(self, indent: int, lead: str | None, value: str, end: int) -> None:
        line = " " * indent + " ".join(part for part in (lead, value) if part)
        self.lines.append(line + self._behind(int(end)))

    def _behind(self, end: int) -> str:
        """Take the comment behind an entry, where no other entry comes between."""
        note = self._notes[0] if self._notes else None
        if note is None or note.alone:
            return ""
        between = bisect_left(self._starts, note.at) - bisect_left(self._starts, end)
        if between or "\n" in self._text[end : note.at]:
            return ""
        return "  " + self._notes.pop(0).text

    def _leaf(self, node: Node, path: tuple[str, ...]) -> str:
        field = ".".join(path)
        is_plain = node.id == "scalar" and not node.style
        if is_plain and path and wanted(path) in ("integer", "boolean"):
            # A wrong one is for `validate` to tell: in quotes it would only be wrong otherwise.
            return str(node.value) or "null"
        value = data_of(node, path)
        # A float stays as it was written: 1.10.
        return str(node.value) if isinstance(value, float) else json_value(value, field, 1)


def _column(node: Node) -> int:
    """Return the column of what a block collection holds."""
    return int(node.start_mark.column)
