"""Set or remove one entry of a mapping in the text of a people's file.

A comment behind a removed key, or inside its value, is removed with it. The comment lines right
above it are removed only if they cannot be about another key: if a blank line, a comment or the
end of the mapping follows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from versioner.serialization.assignments import Change, Set, Unset, dotted
from versioner.serialization.documents import KEY_ORDER, block_key, block_lines
from versioner.serialization.values import DEPTH, json_text, json_value
from versioner.serialization.yaml_tree import data_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.serialization.yaml_tree import Node, Tree

__all__ = ["edit_entry"]

# Characters of a line with a list in brackets.
_LONGEST_LINE: Final = 100

_RANK: Final = {key: rank for rank, key in enumerate(KEY_ORDER)}


def edit_entry(tree: Tree, change: Change) -> str:
    """Return the text of a tree after the change of one entry, whose parents exist."""
    if isinstance(change, Set) and (tree.root is None or not data_of(tree.root)):
        return _with_first_entry(tree, change)
    parent = _mapping_at(tree, change.path[:-1])
    found = [pair for pair in parent.pairs if pair[0].text == change.path[-1]]
    if isinstance(change, Unset):
        remove = _remove_from_flow if parent.is_flow else _remove_from_block
        return remove(tree.text, parent, *found[0])
    if found:
        return _replace_value(tree.text, parent, *found[0], change)
    insert = _insert_into_flow if parent.is_flow else _insert_into_block
    return insert(tree.text, parent, change)


def _mapping_at(tree: Tree, path: tuple[str, ...]) -> Node:
    assert tree.root is not None  # noqa: S101 - a file without keys only gets its first entry
    node = tree.root
    for name in path:
        node = next(value for key, value in node.pairs if key.text == name)
    return node


def _with_first_entry(tree: Tree, change: Set) -> str:
    text = tree.text
    if tree.root is not None:
        text = text[: tree.root.start] + text[tree.root.end :].lstrip(" ")
    lines = block_lines({change.path[0]: change.value}, DEPTH)
    return text.rstrip("\n") + "\n" * bool(text.strip()) + "\n".join(lines) + "\n"


def _replace_value(text: str, parent: Node, key: Node, value: Node, change: Set) -> str:
    is_collection = bool(change.value) and isinstance(change.value, (dict, list, tuple))
    if parent.is_flow or not (is_collection or _has_own_lines(value)):
        gap = "" if text[value.start - 1].isspace() else " "
        return text[: value.start] + gap + _on_one_line(change) + text[value.end :]
    with_items = _replace_items(text, value, change.value)
    return _replace_entry(text, key, value, change) if with_items is None else with_items


def _has_own_lines(value: Node) -> bool:
    """Return whether a value begins on the line below its key."""
    return value.is_text_block if value.kind == "scalar" else not value.is_flow


def _on_one_line(change: Set) -> str:
    return json_value(change.value, dotted(change.path), DEPTH)


def _replace_entry(text: str, key: Node, value: Node, change: Set) -> str:
    """Replace all that follows a key; a comment on the line of the key stays there."""
    start, end = key.end, value.end
    while end > start and text[end - 1] == "\n":
        end -= 1
    comment = ""
    if _has_own_lines(value):
        comment = text[start : text.find("\n", start)].partition("#")[2]
    first, *rest = _value_lines(change, key.column)
    first += f"  #{comment}" if comment else ""
    return text[:start] + ":" + "\n".join([first, *rest]) + text[end:]


def _value_lines(change: Set, column: int) -> list[str]:
    """Return the text after a key's colon: the rest of its line, and the lines below."""
    value = change.value
    lines = block_lines(value, DEPTH, dotted(change.path))
    if value and isinstance(value, (dict, list, tuple)):
        return ["", *(" " * (column + 2) + line for line in lines)]
    return [" " + lines[0]]


def _replace_items(text: str, node: Node, value: Any) -> str | None:
    """Replace single items of a list of texts, so that the others keep their comments and style.

    Return None where the values are not two such lists, or have no items in common, and where a
    list in brackets would not fit on its line.
    """
    items = node.children
    if node.kind != "list" or not all(item.kind == "scalar" for item in items):
        return None
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        return None
    kept = [item.text for item in items if item.text in value]
    begins_alike = bool(kept) and kept == list(value[: len(kept)])
    if node.is_flow:
        return _items_in_brackets(text, node, value, len(kept)) if begins_alike else None
    if begins_alike:
        return _remove_and_append_items(text, node, value, value[len(kept) :])
    return _replace_texts(text, items, value) if len(items) == len(value) else None


def _items_in_brackets(text: str, node: Node, value: Sequence[str], kept: int) -> str | None:
    """Return the text with other items in brackets on one line; the first `kept` are as written."""
    if "\n" in text[node.start : node.end]:
        return None
    written = [text[item.start : item.end] for item in node.children if item.text in value]
    added = [json_text(item, "item") for item in value[kept:]]
    brackets = f"[{', '.join([*written, *added])}]"
    fits = node.column + len(brackets) <= _LONGEST_LINE
    return text[: node.start] + brackets + text[node.end :] if fits else None


def _replace_texts(text: str, items: Sequence[Node], value: Sequence[str]) -> str:
    for item, new in reversed(list(zip(items, value, strict=True))):
        if item.text != new:
            text = text[: item.start] + json_text(new, "item") + text[item.end :]
    return text


def _remove_and_append_items(
    text: str, node: Node, value: Sequence[str], appended: Sequence[str]
) -> str:
    """Remove the items that `value` does not have, and append others."""
    dash = " " * node.column + "- "
    at, text = _next_line(text, node.children[-1].end)
    text = (
        text[:at] + "".join(f"{dash}{json_text(item, 'item')}\n" for item in appended) + text[at:]
    )
    for item in reversed(node.children):
        if item.text not in value:
            text = _remove_lines(text, item.start, item.end, node.column)
    return text


def _insert_into_block(text: str, parent: Node, change: Set) -> str:
    column = parent.children[0].column
    name = change.path[-1]
    lines = _value_lines(change, column)
    entry = block_key(name, dotted(change.path)) + ":" + "\n".join(lines) + "\n"
    before = _value_before(parent, name) if len(change.path) == 1 else parent.children[-1]
    if before is None:
        return text[: parent.start] + entry + " " * column + text[parent.start :]
    at, text = _next_line(text, before.end)
    if not _has_blank_lines_at_end(text, before):
        at = _skip_blank_lines_back(text, at)
    return text[:at] + " " * column + entry + text[at:]


def _value_before(parent: Node, name: str) -> Node | None:
    """Return the value that a new key of the top level follows, in the schema's order."""
    rank = _RANK.get(name, len(_RANK))
    earlier = [value for key, value in parent.pairs if _RANK.get(key.text, len(_RANK)) <= rank]
    return earlier[-1] if earlier else None


def _insert_into_flow(text: str, parent: Node, change: Set) -> str:
    entry = f"{json_text(change.path[-1], dotted(change.path))}: {_on_one_line(change)}"
    if not parent.children:
        at = parent.start + 1
        return text[:at] + entry + text[at:]
    at = parent.children[-1].end
    return text[:at] + ", " + entry + text[at:]


def _remove_from_flow(text: str, parent: Node, key: Node, value: Node) -> str:
    index = parent.children.index(key)
    start, end = key.start, value.end
    if index + 2 < len(parent.children):
        end = parent.children[index + 2].start
    elif index:
        start = parent.children[index - 1].end
    return text[:start] + text[end:]


def _remove_from_block(text: str, parent: Node, key: Node, value: Node) -> str:
    if len(parent.children) > 2:
        return _remove_lines(text, key.start, value.end, key.column)
    # Only the file's root can become empty: of others, the parent's entry is removed.
    newline = "\n" * text.endswith("\n", key.start, value.end)
    return text[: key.start] + "{}" + newline + text[value.end :]


def _next_line(text: str, at: int) -> tuple[int, str]:
    """Return the start of the line after an index, and the text with a newline at its end."""
    if at and text[at - 1] == "\n":
        return at, text
    found = text.find("\n", at)
    if found < 0:
        return len(text) + 1, text + "\n"
    return found + 1, text


def _has_blank_lines_at_end(text: str, node: Node) -> bool:
    """Return whether blank lines after a value belong to it, as they do after `|+`."""
    while node.children and not node.is_flow:
        node = node.children[-1]
    indicator = text[node.start : node.end].partition("\n")[0].partition("#")[0]
    return node.is_text_block and "+" in indicator


def _skip_blank_lines_back(text: str, at: int) -> int:
    while text[max(at - 2, 0) : at] == "\n\n":
        at -= 1
    return at


def _remove_lines(text: str, start: int, end: int, column: int) -> str:
    """Remove the lines of an entry and the comments that can only be about it."""
    start = text.rfind("\n", 0, start) + 1
    end, text = _next_line(text, end)
    end = _skip_blank_lines_back(text, end)
    following = re.compile(r"( *)([^\n]?)").match(text, end)
    is_last = following is None or len(following[1]) != column or following[2] in ("", "#")
    if is_last or text.count("\n", start, end) > 1:
        start = _start_of_comments(text, start, column)
    if text.startswith("\n", end) and (not start or text.endswith("\n\n", 0, start)):
        end += 1
    return text[:start] + text[end:]


def _start_of_comments(text: str, start: int, column: int) -> int:
    """Return the start of the comment lines right above a line, but not of those of the file."""
    lead = " " * column + "#"
    at = start
    while at:
        line = text.rfind("\n", 0, at - 1) + 1
        if not text.startswith(lead, line):
            return at
        at = line
    # Comments at the top of the file are about the whole file.
    return start
