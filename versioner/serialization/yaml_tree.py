"""A YAML text as a tree whose every node knows its place: what editing and formatting work on.

Only what the strict loader allows is taken: one document, no anchors, aliases, tags or
directives, text as keys, each once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from versioner.errors import InvalidInput
from versioner.serialization.documents import wanted
from versioner.serialization.values import DEPTH, UNPRINTABLE
from versioner.serialization.yaml_parser import read_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Comment", "Tree", "comments_of", "data_of", "end_of", "parse", "scalars_of"]

# A node of ruamel.yaml's composer, which has no types of its own to offer.
Node = Any

_RAW_CONTROL = re.compile(f"[\x00-\x08\x0b-\x1f{UNPRINTABLE}]")
_DIRECTIVE = re.compile("(?m)^%")


@dataclass(frozen=True, slots=True)
class Tree:
    """A text with LF line ends, and its root node (None where it holds only comments)."""

    text: str
    root: Node | None


@dataclass(frozen=True, slots=True)
class _Mark:
    index: int
    line: int
    column: int


class Comment(NamedTuple):
    """One comment, or an empty line (`text` is ""), with its place.

    `alone` tells that nothing else stands on its line.
    """

    at: int
    line: int
    column: int
    text: str
    alone: bool


def parse(data: bytes) -> Tree:
    """Return the tree of a file; InvalidInput says in what line YAML ends and trouble begins."""
    try:
        text = data.decode().removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _refusal("it is not UTF-8") from error
    if _RAW_CONTROL.search(text):
        raise _refusal("it has control characters")
    root = _composed(text)
    tree = Tree(text, root)
    if _DIRECTIVE.search(text, 0, root.start_mark.index if root else len(text)):
        raise _refusal("it has a YAML directive")
    _check(tree, root)
    return tree


def _composed(text: str) -> Node | None:
    import yaml
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        _check_depth(text)
        return YAML(typ="safe", pure=True).compose(text)
    except (MarkedYAMLError, yaml.MarkedYAMLError) as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1})" if mark else ""
        raise _refusal(f"it is not YAML: {error.problem}{where}") from error
    except (YAMLError, yaml.YAMLError, ValueError) as error:
        raise _refusal("it is not YAML that the registry takes") from error


def _check_depth(text: str) -> None:
    # By libyaml's events, one after the other: composing takes a call a level.
    import yaml

    depth = 0
    for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise _refusal(f"it is nested more than {DEPTH} deep (line {line})")


def data_of(node: Node | None, path: tuple[str, ...] = ()) -> Any:
    """Return the plain data of a node, where `path` leads to it.

    A plain scalar that YAML versions read differently is the text that stands there, and so is
    any scalar where the schema wants text.
    """
    if node is None:
        return None
    if node.id == "mapping":
        return {key.value: data_of(value, (*path, key.value)) for key, value in node.value}
    if node.id == "sequence":
        return [data_of(item, path) for item in node.value]
    return node.value if node.style else _plain(node.value, path)


def end_of(node: Node) -> int:
    """Return the index after a node's last character, without what YAML lets trail behind it."""
    if node.id != "scalar" and not node.flow_style:
        last = node.value[-1]
        return end_of(last[1] if node.id == "mapping" else last)
    return int(node.end_mark.index)


def scalars_of(node: Node | None) -> Iterator[Node]:
    """Yield all leaves, keys included, in the order of the text; empty collections are leaves."""
    if node is None:
        return
    if node.id == "scalar" or not node.value:
        yield node
    elif node.id == "sequence":
        for item in node.value:
            yield from scalars_of(item)
    else:
        for key, value in node.value:
            yield key
            yield from scalars_of(value)


def comments_of(tree: Tree) -> list[Comment]:
    """Return all comments and empty lines, in the order of the text."""
    masked, inside = _without_scalars(tree)
    found: list[Comment] = []
    index = 0
    for number, line in enumerate(masked.split("\n")[:-1] if masked.endswith("\n") else [masked]):
        column = line.find("#")
        if column >= 0:
            text = tree.text[index + column : index + len(line)].rstrip()
            alone = not line[:column].strip()
            found.append(Comment(index + column, number, column, text, alone))
        elif not line.strip() and number not in inside:
            found.append(Comment(index, number, 0, "", True))
        index += len(line) + 1
    return found


def _without_scalars(tree: Tree) -> tuple[str, set[int]]:
    """Return the text with its scalars crossed out, and the lines that lie inside one."""
    text = tree.text if tree.text.endswith("\n") or not tree.text else tree.text + "\n"
    parts: list[str] = []
    inside: set[int] = set()
    done = 0
    for node in scalars_of(tree.root):
        if node.id != "scalar":
            continue
        start, end = node.start_mark.index, node.end_mark.index
        if node.style in ("|", ">"):
            # The line of the indicator may end in a comment.
            start = text.index("\n", start)
        end = max(start, start + len(text[start:end].rstrip()))
        parts += text[done:start], re.sub(r"[^\n]", "x", text[start:end])
        first = text.count("\n", 0, start)
        inside.update(range(first + 1, first + 1 + text.count("\n", start, end)))
        done = end
    return "".join(parts) + text[done:], inside


def _plain(text: str, path: tuple[str, ...]) -> Any:
    value = read_plain(text).value
    is_text = bool(path) and wanted(path) not in ("any", "integer", "boolean")
    return text if is_text and value is not None else value


def _check(tree: Tree, node: Node | None) -> None:
    if node is None:
        return
    if tree.text[node.start_mark.index : node.start_mark.index + 1] in ("&", "*", "!"):
        raise _refusal(f"it has an anchor, alias or tag (line {node.start_mark.line + 1})")
    if node.id == "mapping":
        _check_keys([key for key, _ in node.value])
        for key, value in node.value:
            _check(tree, key)
            _check(tree, value)
            if value.id == "scalar" and not value.style and not value.value:
                _place_behind(tree, key, value)
    elif node.id == "sequence":
        for item in node.value:
            _check(tree, item)


def _place_behind(tree: Tree, key: Node, value: Node) -> None:
    """Give a value that is not there its place right behind its key's colon.

    The composer places it behind the comments that follow.
    """
    colon = tree.text.find(":", key.end_mark.index, value.end_mark.index)
    if colon >= 0:
        column = key.end_mark.column + colon + 1 - key.end_mark.index
        value.start_mark = value.end_mark = _Mark(colon + 1, key.end_mark.line, column)


def _check_keys(keys: list[Node]) -> None:
    seen: set[str] = set()
    for key in keys:
        line = key.start_mark.line + 1
        if key.id != "scalar" or key.style in ("|", ">"):
            raise _refusal(f"it has a key that is not text (line {line})")
        if key.value == "<<" and not key.style:
            raise _refusal(f"it has a merge key (line {line})")
        if key.value in seen:
            raise _refusal(f"it has the key {key.value!r} twice (line {line})")
        seen.add(key.value)


def _refusal(why: str) -> InvalidInput:
    return InvalidInput(
        f"the file cannot be changed by the tool: {why}",
        hint="`versioner validate` shows what to mend by hand",
    )
