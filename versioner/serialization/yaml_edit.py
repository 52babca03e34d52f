"""Edit people's files: only the lines of changed entries are edited, others stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.errors import InvalidInput, OperationFailed
from versioner.serialization.assignments import Change, Set, Unset, dotted
from versioner.serialization.values import DEPTH, json_value
from versioner.serialization.yaml_entries import edit_entry
from versioner.serialization.yaml_tree import data_of, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["edit_document", "read_document"]


def edit_document(data: bytes, changes: Sequence[Change]) -> bytes:
    """Return a people's file after changes, which are made in order.

    Missing parents are added, at their place in the schema's order; a mapping that loses its last
    key is removed. A mapping or a list of texts that is set over another changes only where the
    two differ. Raises InvalidInput for a path through a value that is not a mapping, for a key to
    unset that is not set, and for a file that is not strict YAML.
    """
    text = parse(data).text
    for change in changes:
        text = _apply(text, change)
    if text == parse(data).text:
        return data
    is_crlf = data.count(b"\r\n") * 2 > data.count(b"\n")
    return text.replace("\n", "\r\n" if is_crlf else "\n").encode()


def _apply(text: str, change: Change) -> str:
    document = read_document(text)
    if isinstance(change, Set):
        json_value(change.value, dotted(change.path), DEPTH - len(change.path))
    expected = _changed(document, change, 0)
    for step in _smallest_changes(document, change):
        text = edit_entry(parse(text.encode()), step)
    if not _is_same(read_document(text), expected):
        raise OperationFailed(
            f"{dotted(change.path)} cannot be changed in the way this file is written",
            hint="run `versioner format` on it first, or edit it by hand",
        )
    return text


def read_document(text: str) -> dict[str, Any]:
    """Return the mapping that the text of a people's file is, {} for an empty file."""
    # With a path to a field of any type, every scalar keeps the type that it is written with.
    document = data_of(parse(text.encode()).root, ("metadata",)) or {}
    if not isinstance(document, dict):
        raise InvalidInput(
            "the file is not a mapping", hint="`versioner validate` shows the problem"
        )
    return document


def _is_same(left: Any, right: Any) -> bool:
    # 1, 1.0 and True are equal in Python, but not for other readers of the file.
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_is_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(_is_same, left, right))
    return type(left) is type(right) and bool(left == right)


def _changed(document: dict[str, Any], change: Change, depth: int) -> dict[str, Any]:
    """Return a document, or its mapping at a depth of the path, after a change."""
    key, *rest = change.path[depth:]
    if isinstance(change, Unset) and key not in document:
        raise InvalidInput(f'the key "{dotted(change.path)}" is not set', field=dotted(change.path))
    if not rest:
        if isinstance(change, Set):
            return {**document, key: change.value}
        return _without(document, key)
    inner = {} if document.get(key) is None else document[key]
    if not isinstance(inner, dict):
        parent = dotted(change.path[: depth + 1])
        raise InvalidInput(
            f"{dotted(change.path)} cannot be changed: {parent} is not a mapping",
            field=dotted(change.path),
            hint=f"set {parent} as a whole",
        )
    changed = _changed(inner, change, depth + 1)
    if changed or isinstance(change, Set):
        return {**document, key: changed}
    return _without(document, key)


def _without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != key}


def _smallest_changes(document: dict[str, Any], change: Change) -> list[Change]:
    """Return the changes of single entries that a change consists of.

    A removal removes the parents that it leaves empty, and a new entry comes with its parents.
    """
    path = change.path
    if isinstance(change, Unset):
        while len(path) > 1 and len(_value_at(document, path[:-1])) == 1:
            path = path[:-1]
        return [Unset(path)]
    value = change.value
    while len(path) > 1 and _value_at(document, path[:-1]) is None:
        path, value = path[:-1], {path[-1]: value}
    return _differences(path, _value_at(document, path), value)


def _value_at(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _differences(path: tuple[str, ...], old: Any, new: Any) -> list[Change]:
    are_mappings = isinstance(old, dict) and isinstance(new, dict)
    if not are_mappings or not old.keys() & new.keys():
        return [Set(path, new)]
    changes: list[Change] = [Unset((*path, key)) for key in old if key not in new]
    for key, value in new.items():
        if key not in old or not _is_same(old[key], value):
            changes += _differences((*path, key), old.get(key), value)
    return changes
