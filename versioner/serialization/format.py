"""Format the files of a registry without changing their data or losing a comment.

In a people's file a comment behind an entry stays behind it; a comment on its own line stays
above the entry that it was above, and so do single empty lines.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from versioner.errors import InvalidInput, OperationFailed
from versioner.serialization.documents import block_key, field_type
from versioner.serialization.log import event_line, read_canonical
from versioner.serialization.values import json_value
from versioner.serialization.yaml_tree import comments_of, data_of, leaves_of, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from versioner.models import Event, LogKind
    from versioner.serialization.documents import DocumentKind
    from versioner.serialization.yaml_tree import Comment, Node, Tree

__all__ = ["format_file"]


def format_file(kind: DocumentKind | LogKind, data: bytes) -> bytes:
    """Return a file in canonical form; a second call changes nothing.

    A log gets one canonical line per event, a people's file gets block style with quoted texts; a
    scalar that YAML versions read differently becomes a text. Raises InvalidInput for a file
    that the strict loader refuses for more than its style.
    """
    if kind in ("build", "deployment", "observation", "decision", "request-decision"):
        return _format_log(kind, data)
    tree = parse(data)
    formatted = _canonical_text(tree).encode()
    if _content(tree) != _content(parse(formatted)):
        raise OperationFailed(
            "this file cannot be formatted without changing its data", hint="format it by hand"
        )
    return formatted


def _content(tree: Tree) -> tuple[str, Counter[str]]:
    # repr() differs for 1, 1.0 and True, and shows the order of keys.
    return repr(data_of(tree.root)), Counter(each.text for each in comments_of(tree) if each.text)


def _format_log(kind: LogKind, data: bytes) -> bytes:
    if read_canonical(kind, data) is not None:
        return data
    try:
        lines = [line for chunk in _chunks(data) for line in _chunk_lines(kind, chunk)]
    except InvalidInput:
        # Parsed as a whole, the log may be valid, or the message has the right line number.
        lines = list(_chunk_lines(kind, data))
    formatted = "".join(lines).encode()
    if read_canonical(kind, formatted) is None:
        raise OperationFailed("this log cannot be formatted", hint="`versioner validate` shows why")
    return formatted


def _chunks(data: bytes) -> Iterator[bytes]:
    """Yield the parts of a log, which begin at a dash or comment in the first column.

    Most parts are canonical already, and are not parsed as YAML.
    """
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    starts = [found.start() for found in re.finditer(rb"(?m)^(?:- |-$|#)", text)]
    yield text[: starts[0]] if starts else text
    for start, end in pairwise([*starts, len(text)]):
        yield text[start:end]


def _chunk_lines(kind: LogKind, chunk: bytes) -> Iterator[str]:
    """Yield the canonical lines of a part of a log; an event follows its own comments."""
    if read_canonical(kind, chunk) is not None:
        yield chunk.decode()
        return
    tree = parse(chunk)
    comments = comments_of(tree)
    for item in _event_nodes(tree):
        last = tree.text[: item.end].rstrip().count("\n")
        while comments and comments[0].line <= last:
            yield comments.pop(0).text + "\n"
        yield event_line(kind, _event(item))
    yield from (comment.text + "\n" for comment in comments)


def _event_nodes(tree: Tree) -> list[Node]:
    root = tree.root
    if root is None or data_of(root) is None:
        return []
    if root.kind == "list" and all(item.kind == "mapping" for item in root.children):
        return root.children
    raise InvalidInput(
        "the file cannot be formatted: it is not a list of events",
        hint="correct the file by hand: `versioner validate` shows the problems",
    )


def _event(node: Node) -> Event:
    # Only the metadata and the commits of an event have other values than texts and lists of texts;
    # all others are read like the title of a product.
    paths = {"extra_metadata": ("metadata",), "changes": ("changes",)}
    return {key.text: data_of(value, paths.get(key.text, ("title",))) for key, value in node.pairs}


def _canonical_text(tree: Tree) -> str:
    writer = _Writer(tree)
    if tree.root is not None:
        writer.write(tree.root, (), 0, lead=None)
    writer.flush(len(tree.text) + 1, 0)
    lines = writer.lines
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n" * bool(lines)


class _Writer:
    """A writer of the nodes of a tree, in order, with the comments between them."""

    def __init__(self, tree: Tree) -> None:
        self.lines: list[str] = []
        self._text = tree.text
        self._comments = comments_of(tree)
        self._starts = [leaf.start for leaf in leaves_of(tree.root)]

    def write(self, node: Node, path: tuple[str, ...], indent: int, lead: str | None) -> None:
        """Write a node; `lead` is what precedes it on its line (`key:` or `-`)."""
        if not node.children:
            self._add_line(indent, lead, self._leaf_text(node, path), node.end)
        elif node.kind == "mapping":
            self._write_mapping(node, path, indent)
        else:
            self._write_list(node, path, indent)

    def flush(
        self, before: int, indent: int, belongs: Callable[[Comment], bool] | None = None
    ) -> None:
        """Write the comments before an index of the text, up to the first that does not belong."""
        pending = list(takewhile(lambda each: each.start < before, self._comments))
        if belongs is not None:
            pending = list(takewhile(lambda each: not each.text or belongs(each), pending))
            while pending and not pending[-1].text:
                pending.pop()
        del self._comments[: len(pending)]
        for comment in pending:
            if comment.text:
                self.lines.append(" " * indent + comment.text)
            elif self.lines and self.lines[-1]:
                self.lines.append("")

    def _write_mapping(self, node: Node, path: tuple[str, ...], indent: int) -> None:
        for key, value in node.pairs:
            self.flush(key.start, indent)
            name = block_key(key.text) + ":"
            inner = (*path, key.text)
            if not value.children:
                self.write(value, inner, indent, name)
            else:
                self._add_line(indent, name, "", key.end)
                self.write(value, inner, indent + 2, None)
                self._flush_end(value, indent + 2, parent=node)

    def _write_list(self, node: Node, path: tuple[str, ...], indent: int) -> None:
        for item in node.children:
            self.flush(item.start, indent)
            if not item.children:
                self.write(item, path, indent, "-")
                continue
            first = len(self.lines)
            self.write(item, path, indent + 2, None)
            self._flush_end(item, indent + 2, parent=node)
            self._insert_dash(first, indent)

    def _insert_dash(self, first: int, indent: int) -> None:
        """Put the dash before the first line of an item, below the comments above it."""
        pad = " " * indent
        while not self.lines[first] or self.lines[first].startswith("#", indent + 2):
            self.lines[first] = (pad + self.lines[first].lstrip()).rstrip()
            first += 1
        self.lines[first] = pad + "- " + self.lines[first][indent + 2 :]

    def _flush_end(self, node: Node, indent: int, parent: Node) -> None:
        """Write the comments at the end of a collection that are indented like its entries."""
        following = bisect_left(self._starts, node.end)
        limit = self._starts[following] if following < len(self._starts) else len(self._text) + 1
        if node.is_flow:
            self.flush(node.end, indent)
            return
        column = node.column
        if parent.kind == "mapping" and node.kind == "list":
            column = max(column, parent.column + 1)
        self.flush(limit, indent, lambda comment: comment.column >= column)

    def _add_line(self, indent: int, lead: str | None, value: str, end: int) -> None:
        line = " " * indent + " ".join(part for part in (lead, value) if part)
        self.lines.append(line + self._take_comment_behind(end))

    def _take_comment_behind(self, end: int) -> str:
        """Return the comment behind an entry that ends at `end`, as written, or ""."""
        comment = self._comments[0] if self._comments else None
        if comment is None or comment.is_alone:
            return ""
        between = bisect_left(self._starts, comment.start) - bisect_left(self._starts, end)
        if between or "\n" in self._text[end : comment.start]:
            return ""
        return "  " + self._comments.pop(0).text

    def _leaf_text(self, node: Node, path: tuple[str, ...]) -> str:
        if node.is_plain and path and field_type(path) in ("integer", "boolean"):
            # Quotes would not make an invalid value valid; `validate` reports it.
            return node.text or "null"
        value = data_of(node, path)
        # A float keeps its digits: 1.10.
        return node.text if isinstance(value, float) else json_value(value, ".".join(path), 1)
