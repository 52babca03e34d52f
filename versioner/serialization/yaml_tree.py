"""Parse a YAML text as a tree of nodes with their positions in the text, to edit or format it.

A tree has one document without anchors, aliases, tags, directives or merge keys; its keys are
text, each once in its mapping.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from versioner.errors import InvalidInput, quoted
from versioner.serialization.documents import field_type
from versioner.serialization.values import DEPTH, UNPRINTABLE
from versioner.serialization.yaml_parser import LENIENT, YamlError, read_plain, yaml_events

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Comment", "Node", "Tree", "comments_of", "data_of", "leaves_of", "parse"]

NodeKind = Literal["scalar", "list", "mapping"]

_CONTROL: Final = re.compile(f"[\x00-\x08\x0b-\x1f{UNPRINTABLE}]")
_DIRECTIVE: Final = re.compile("(?m)^%")
# By the class names of the parser's events; an alias is refused when its node is made.
_KINDS: Final[dict[str, NodeKind]] = {
    "AliasEvent": "scalar",
    "ScalarEvent": "scalar",
    "SequenceStartEvent": "list",
    "MappingStartEvent": "mapping",
}


@dataclass(slots=True, eq=False)
class Node:
    """A scalar, list or mapping, from character `start` to before `end`; lines count from 0.

    `style` is the indicator of a scalar (`'`, `"`, `|` or `>`), and "" for a plain one. The
    children of a mapping are its keys and values in turn.
    """

    kind: NodeKind
    start: int
    end: int
    line: int
    column: int
    text: str = ""
    style: str = ""
    is_flow: bool = False
    children: list[Node] = field(default_factory=list)

    @property
    def pairs(self) -> list[tuple[Node, Node]]:
        """Return the keys of a mapping with their values."""
        return list(zip(self.children[::2], self.children[1::2], strict=True))

    @property
    def is_plain(self) -> bool:
        """Return whether the node is a scalar without quotes."""
        return self.kind == "scalar" and not self.style

    @property
    def is_text_block(self) -> bool:
        """Return whether the node is a scalar in the lines below `|` or `>`."""
        return self.style in ("|", ">")


@dataclass(frozen=True, slots=True)
class Tree:
    """A text with LF line ends, and its root node (None for a text with comments only)."""

    text: str
    root: Node | None


class Comment(NamedTuple):
    """One comment, or an empty line (`text` is ""); `start` is its index in the text.

    `is_alone` is whether nothing else is on its line.
    """

    start: int
    line: int
    column: int
    text: str
    is_alone: bool


def parse(data: bytes) -> Tree:
    """Return the tree of a file; raise InvalidInput for a file that cannot be a tree."""
    try:
        text = data.decode().removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _refusal("it is not UTF-8") from error
    if _CONTROL.search(text):
        raise _refusal("it has control characters")
    try:
        root = _compose(text)
    except YamlError as error:
        raise _refusal(f"it is {error.message}", error.line) from error
    if _DIRECTIVE.search(text, 0, root.start if root else len(text)):
        raise _refusal("it has a YAML directive")
    return Tree(text, root)


def data_of(node: Node | None, path: tuple[str, ...] = ()) -> Any:
    """Return the plain data of a node; `path` is the path of keys that leads to the node.

    A scalar is text where the schema wants text, and where YAML readers disagree on it.
    """
    if node is None:
        return None
    if node.kind == "mapping":
        return {key.text: data_of(value, (*path, key.text)) for key, value in node.pairs}
    if node.kind == "list":
        return [data_of(item, path) for item in node.children]
    value = read_plain(node.text).value if node.is_plain else node.text
    is_text = bool(path) and field_type(path) not in ("any", "integer", "boolean")
    return node.text if is_text and value is not None else value


def leaves_of(node: Node | None) -> Iterator[Node]:
    """Yield the scalars and empty collections of a node, keys included, in the text's order."""
    if node is not None and not node.children:
        yield node
    for child in node.children if node else ():
        yield from leaves_of(child)


def comments_of(tree: Tree) -> list[Comment]:
    """Return all comments and empty lines, in the order of the text."""
    masked, lines_in_scalars = _mask_scalars(tree)
    found: list[Comment] = []
    start = 0
    for number, line in enumerate(masked.split("\n")[:-1]):
        column = line.find("#")
        if column >= 0:
            text = tree.text[start + column : start + len(line)].rstrip()
            is_alone = not line[:column].strip()
            found.append(Comment(start + column, number, column, text, is_alone))
        elif not line.strip() and number not in lines_in_scalars:
            found.append(Comment(start, number, 0, "", True))
        start += len(line) + 1
    return found


def _compose(text: str) -> Node | None:
    documents: list[Node] = []
    parents: list[Node] = []
    for event in yaml_events(text, pure=LENIENT.search(text) is not None):
        name = type(event).__name__
        if name in _KINDS:
            node = _node_of(event, _KINDS[name])
            siblings = parents[-1].children if parents else documents
            siblings.append(node)
            if node.kind != "scalar":
                parents.append(node)
            if len(documents) > 1:
                raise _refusal("it has a second document", node.line + 1)
            if len(parents) > DEPTH:
                raise _refusal(f"it is nested more than {DEPTH} levels deep", node.line + 1)
        elif name in ("SequenceEndEvent", "MappingEndEvent"):
            _close(parents.pop(), event, text)
    return documents[0] if documents else None


def _node_of(event: Any, kind: NodeKind) -> Node:
    start, end = event.start_mark, event.end_mark
    if event.anchor is not None or event.tag is not None:
        raise _refusal("it has an anchor, alias or tag", start.line + 1)
    node = Node(kind, start.index, end.index, start.line, start.column)
    if node.kind == "scalar":
        node.text, node.style = event.value, event.style or ""
    else:
        node.is_flow = bool(event.flow_style)
    return node


def _close(node: Node, event: Any, text: str) -> None:
    """Check the keys of a complete collection, and correct its end and its missing values."""
    if node.kind == "mapping":
        _check_keys([key for key, _ in node.pairs])
        for key, value in node.pairs:
            if value.is_plain and not value.text:
                _move_behind_colon(key, value, text)
    # The parser reports the end of a block collection behind the comments that follow it.
    node.end = event.end_mark.index if node.is_flow else node.children[-1].end


def _move_behind_colon(key: Node, value: Node, text: str) -> None:
    """Set the position of a missing value, which is right behind its key's colon."""
    colon = text.find(":", key.end, value.end)
    if colon >= 0:
        value.start = value.end = colon + 1


def _check_keys(keys: list[Node]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key.kind != "scalar" or key.is_text_block:
            raise _refusal("it has a key that is not text", key.line + 1)
        if key.text == "<<" and key.is_plain:
            raise _refusal("it has a merge key", key.line + 1)
        if key.text in seen:
            raise _refusal(f"it has the key {quoted(key.text)} twice", key.line + 1)
        seen.add(key.text)


def _mask_scalars(tree: Tree) -> tuple[str, set[int]]:
    """Return the text, which ends in a newline, with its scalars crossed out, and their lines.

    The lines are those after the first of each scalar.
    """
    text = tree.text if tree.text.endswith("\n") or not tree.text else tree.text + "\n"
    parts: list[str] = []
    lines: set[int] = set()
    done = 0
    for node in leaves_of(tree.root):
        if node.kind != "scalar":
            continue
        # A comment may follow the indicator of a text block, on the same line.
        start = text.index("\n", node.start) if node.is_text_block else node.start
        end = max(start, start + len(text[start : node.end].rstrip()))
        parts += text[done:start], re.sub(r"[^\n]", "x", text[start:end])
        first = text.count("\n", 0, start)
        lines.update(range(first + 1, first + 1 + text.count("\n", start, end)))
        done = end
    return "".join(parts) + text[done:], lines


def _refusal(cause: str, line: int = 0) -> InvalidInput:
    where = f" (line {line})" if line else ""
    return InvalidInput(
        f"the tool cannot change this file: {cause}{where}",
        hint="correct the file by hand: `versioner validate` shows the problems",
    )
