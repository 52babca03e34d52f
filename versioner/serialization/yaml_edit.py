"""Edit people's files: only the lines of what changes are touched, all others stay as they are.

A comment behind a removed key, or inside its value, goes with it. Comment lines right above it
go too where they can only be about it (nothing but a blank line, a comment or the end of its
mapping follows the key); where they may head several keys, they stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import InvalidInput, OperationFailed
from versioner.serialization.assignments import (
    Change,
    Set,
    Unset,
    dotted,
    parse_assignment,
    parse_key,
)
from versioner.serialization.documents import KEY_ORDER, block_key, block_lines
from versioner.serialization.values import DEPTH, json_text, json_value
from versioner.serialization.yaml_tree import data_of, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.serialization.yaml_tree import Node, Tree

__all__ = ["Change", "Set", "Unset", "edit_document", "parse_assignment", "parse_key"]

_RANK: Final = {key: rank for rank, key in enumerate(KEY_ORDER)}


def edit_document(data: bytes, changes: Sequence[Change]) -> bytes:
    """Return a people's file with changes made in order.

    Missing parents are made, at their place in the schema's order; a mapping that loses its last
    key goes too. A mapping or a list of plain values set over another changes only where they
    differ. Raises InvalidInput for a path through something that is no mapping, a key to unset
    that is not there, or a file that is not strict YAML.
    """
    text = parse(data).text
    for change in changes:
        text = _edited(text, change)
    if text == parse(data).text:
        return data
    is_crlf = data.count(b"\r\n") * 2 > data.count(b"\n")
    return text.replace("\n", "\r\n" if is_crlf else "\n").encode()


def _edited(text: str, change: Change) -> str:
    tree = parse(text.encode())
    before = _data(tree)
    if isinstance(change, Set):
        json_value(change.value, dotted(change.path), DEPTH - len(change.path))
    wanted = _applied(before or {}, change)
    for step in _steps(before or {}, change):
        text = _surgery(parse(text.encode()), step)
    if not _same(_data(parse(text.encode())) or {}, wanted):
        raise OperationFailed(
            f"{dotted(change.path)} cannot be changed in the way this file is written",
            hint="run `versioner format` on it first, or edit it by hand",
        )
    return text


def _data(tree: Tree) -> Any:
    # As it stands, whatever the schema wants there: no less is to be kept.
    return data_of(tree.root, ("metadata",))


def _same(left: Any, right: Any) -> bool:
    # 1, 1.0 and True are equal to Python, but not to a reader of the file.
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and bool(left == right)


def _applied(document: Any, change: Change) -> dict[str, Any]:
    """Return the plain data that a document should hold after a change."""
    if not isinstance(document, dict):
        raise InvalidInput("the file holds no mapping", hint="`versioner validate` shows it")
    return _applied_at(document, change, 0)


def _applied_at(document: dict[str, Any], change: Change, depth: int) -> dict[str, Any]:
    key, *rest = change.path[depth:]
    if isinstance(change, Unset) and key not in document:
        raise InvalidInput(f"{dotted(change.path)} is not set", field=dotted(change.path))
    if not rest:
        if isinstance(change, Set):
            return {**document, key: change.value}
        return {name: value for name, value in document.items() if name != key}
    inner = {} if document.get(key) is None else document[key]
    if not isinstance(inner, dict):
        raise InvalidInput(
            f"{dotted(change.path)} cannot be: {dotted(change.path[: depth + 1])} is no mapping",
            field=dotted(change.path),
            hint=f"set {dotted(change.path[: depth + 1])} itself",
        )
    changed = _applied_at(inner, change, depth + 1)
    if changed or isinstance(change, Set):
        return {**document, key: changed}
    return {name: value for name, value in document.items() if name != key}


def _steps(document: dict[str, Any], change: Change) -> list[Change]:
    """Return the smallest edits that a change needs; a removal takes emptied parents along."""
    path = change.path
    if isinstance(change, Unset):
        while len(path) > 1 and len(_at(document, path[:-1])) == 1:
            path = path[:-1]
        return [Unset(path)]
    while len(path) > 1 and _at(document, path[:-1]) is None:
        change = Set(path[:-1], {path[-1]: change.value})
        path = change.path
    return _differences(path, _at(document, path), change.value)


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _differences(path: tuple[str, ...], old: Any, new: Any) -> list[Change]:
    if not (isinstance(old, dict) and isinstance(new, dict) and old and new):
        return [Set(path, new)]
    if not old.keys() & new.keys():
        return [Set(path, new)]
    gone: list[Change] = [Unset((*path, key)) for key in old if key not in new]
    for key, value in new.items():
        if key not in old or not _same(old[key], value):
            gone += _differences((*path, key), old.get(key), value)
    return gone


def _surgery(tree: Tree, change: Change) -> str:
    if tree.root is None or not _data(tree):
        return _begun(tree, change)
    parent = tree.root
    for key in change.path[:-1]:
        parent = next(value for name, value in parent.pairs if name.text == key)
    found = [pair for pair in parent.pairs if pair[0].text == change.path[-1]]
    if isinstance(change, Unset):
        remove = _remove_flow if parent.is_flow else _remove_block
        return remove(tree.text, parent, found[0])
    if found:
        return _replace(tree.text, parent, found[0], change)
    insert = _insert_flow if parent.is_flow else _insert_block
    return insert(tree.text, parent, change)


def _begun(tree: Tree, change: Change) -> str:
    """Give a file without any key its first one."""
    text = tree.text
    if tree.root is not None:
        text = text[: tree.root.start] + text[tree.root.end :].lstrip(" ")
    assert isinstance(change, Set)  # noqa: S101 - unsetting was refused, for nothing is set
    lines = block_lines({change.path[0]: change.value}, DEPTH)
    return text.rstrip("\n") + "\n" * bool(text.strip()) + "\n".join(lines) + "\n"


def _replace(text: str, parent: Node, pair: tuple[Node, Node], change: Set) -> str:
    key, value = pair
    start, end = value.start, value.end
    is_collection = bool(change.value) and isinstance(change.value, (dict, list, tuple))
    if parent.is_flow or not (is_collection or _is_tall(value)):
        gap = "" if text[start - 1].isspace() else " "
        return text[:start] + gap + _inline(change) + text[end:]
    items = _replace_items(text, value, change.value)
    if items is not None:
        return items
    return _rewrite(text, key, value, change)


def _is_tall(value: Node) -> bool:
    """Tell whether a value stands on lines of its own."""
    return value.is_text_block if value.kind == "scalar" else not value.is_flow


def _inline(change: Set) -> str:
    return json_value(change.value, dotted(change.path), DEPTH)


def _rewrite(text: str, key: Node, value: Node, change: Set) -> str:
    """Write an entry anew behind its key; a comment on the key's line stays there."""
    start, end = key.end, value.end
    while end > start and text[end - 1] == "\n":
        end -= 1
    note = ""
    if _is_tall(value):
        note = text[start : text.find("\n", start)].partition("#")[2]
    lines = _value_lines(change, key.column)
    first = lines[0] + (f"  #{note}" if note else "")
    return text[:start] + ":" + "\n".join([first, *lines[1:]]) + text[end:]


def _value_lines(change: Set, column: int) -> list[str]:
    """Return what follows a key's colon: the rest of its line, and the lines below."""
    value = change.value
    lines = block_lines(value, DEPTH, dotted(change.path))
    if value and isinstance(value, (dict, list, tuple)):
        return ["", *(" " * (column + 2) + line for line in lines)]
    return [" " + lines[0]]


def _replace_items(text: str, node: Node, value: Any) -> str | None:
    """Change a block list of texts item by item, so that the others keep their comments."""
    if node.kind != "list" or node.is_flow or not isinstance(value, (list, tuple)):
        return None
    items = node.children
    if not all(item.kind == "scalar" for item in items) or not all(
        isinstance(item, str) for item in value
    ):
        return None
    kept = [item for item in items if item.text in value]
    is_kept_in_order = [item.text for item in kept] == list(value[: len(kept)])
    is_as_long = len(items) == len(value)
    if is_as_long and not (kept and is_kept_in_order):
        return _renamed_items(text, items, value)
    if not kept or not is_kept_in_order:
        return None
    dash = " " * node.column + "- "
    added = "".join(f"{dash}{json_text(item, 'item')}\n" for item in value[len(kept) :])
    at, text = _line_after(text, items[-1].end)
    text = text[:at] + added + text[at:]
    for item in reversed(items):
        if item.text not in value:
            text = _without_lines(text, item.start, item.end, node.column)
    return text


def _renamed_items(text: str, items: list[Node], value: Sequence[str]) -> str:
    for item, new in reversed(list(zip(items, value, strict=True))):
        if item.text != new:
            start, end = item.start, item.end
            text = text[:start] + json_text(new, "item") + text[end:]
    return text


def _insert_block(text: str, parent: Node, change: Set) -> str:
    column = parent.children[0].column
    name = change.path[-1]
    lines = _value_lines(change, column)
    entry = block_key(name, dotted(change.path)) + ":" + "\n".join(lines) + "\n"
    before = _predecessor(parent, name) if len(change.path) == 1 else parent.pairs[-1]
    if before is None:
        first = parent.start
        return text[:first] + entry + " " * column + text[first:]
    at, text = _line_after(text, before[1].end)
    if not _keeps_blank_lines(text, before[1]):
        at = _before_blank_lines(text, at)
    return text[:at] + " " * column + entry + text[at:]


def _predecessor(parent: Node, name: str) -> tuple[Node, Node] | None:
    """Return the entry that a new key of the top level comes after, by the schema's order."""
    rank = _RANK.get(name, len(_RANK))
    earlier = [pair for pair in parent.pairs if _RANK.get(pair[0].text, len(_RANK)) <= rank]
    return earlier[-1] if earlier else None


def _insert_flow(text: str, parent: Node, change: Set) -> str:
    entry = f"{json_text(change.path[-1], dotted(change.path))}: {_inline(change)}"
    if not parent.children:
        at = parent.start + 1
        return text[:at] + entry + text[at:]
    at = parent.children[-1].end
    return text[:at] + ", " + entry + text[at:]


def _remove_flow(text: str, parent: Node, pair: tuple[Node, Node]) -> str:
    key, value = pair
    place = parent.children.index(key)
    start, end = key.start, value.end
    if place + 2 < len(parent.children):
        end = parent.children[place + 2].start
    elif place:
        start = parent.children[place - 1].end
    return text[:start] + text[end:]


def _remove_block(text: str, parent: Node, pair: tuple[Node, Node]) -> str:
    key, value = pair
    start, end = key.start, value.end
    if len(parent.pairs) == 1:
        # Only the file's root is left with nothing (other mappings go as a whole).
        newline = "\n" * text.endswith("\n", start, end)
        return text[:start] + "{}" + newline + text[end:]
    return _without_lines(text, start, end, key.column)


def _line_after(text: str, at: int) -> tuple[int, str]:
    """Return where the line after an index begins, and the text, given the newline it lacked."""
    if at and text[at - 1] == "\n":
        return at, text
    found = text.find("\n", at)
    if found < 0:
        return len(text) + 1, text + "\n"
    return found + 1, text


def _keeps_blank_lines(text: str, node: Node) -> bool:
    """Tell whether blank lines behind a value are part of it: those of a `|+` scalar are."""
    while node.children and not node.is_flow:
        node = node.children[-1]
    indicator = text[node.start : node.end].partition("\n")[0].partition("#")[0]
    return node.is_text_block and "+" in indicator


def _before_blank_lines(text: str, at: int) -> int:
    while text[max(at - 2, 0) : at] == "\n\n":
        at -= 1
    return at


def _without_lines(text: str, start: int, end: int, column: int) -> str:
    """Return the text without the lines of an entry and the comments that are only about it."""
    start = text.rfind("\n", 0, start) + 1
    end, text = _line_after(text, end)
    end = _before_blank_lines(text, end)
    following = re.compile(r"( *)([^\n]?)").match(text, end)
    is_last = following is None or len(following[1]) != column or following[2] in ("", "#")
    if is_last or text.count("\n", start, end) > 1:
        start = _above(text, start, column)
    if text.startswith("\n", end) and (not start or text.endswith("\n\n", 0, start)):
        end += 1
    return text[:start] + text[end:]


def _above(text: str, start: int, column: int) -> int:
    """Return where the comment lines right above a line begin; never those that open the file."""
    lead = " " * column + "#"
    at = start
    while at:
        line = text.rfind("\n", 0, at - 1) + 1
        if not text.startswith(lead, line):
            return at
        at = line
    return start
