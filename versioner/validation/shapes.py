"""Hints for a value of the wrong shape: how a list or mapping is written, where a key belongs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from versioner.serialization.yaml_parser import shortened

if TYPE_CHECKING:
    from versioner.validation.schemas import Schema
    from versioner.validation.violations import Pointer

__all__ = ["own_keys_hint", "shape_hint", "where_key_belongs"]

_LINK: Final = '{title: "Docs", url: "https://example.com"}'
# Mappings of keys of one's own, and keys that readers of the registry know there.
_OWN: Final = ("extra_metadata", "metadata")
_KNOWN_OWN: Final = frozenset(
    ["team", "repository", "owner", "tech_stack", "on_call", "chat", "runbook", "ticket"]
)
# Mappings of registry.yaml, whose keys are often written one level too high.
_INNER: Final = ("site", "forge", "commit")


def shape_hint(pointer: Pointer, value: Any, types: list[str]) -> str:
    """Return how a list or mapping is written instead of a value, "" where neither is wanted."""
    name = next((part for part in reversed(pointer) if isinstance(part, str)), "")
    is_item = bool(pointer) and isinstance(pointer[-1], int)
    is_of_links = name.endswith("links")
    if "array" in types and not is_item and name:
        if is_of_links:
            return f"write a list of links: {name}: [{_link_of(value)}]"
        texts = _texts_of(value)
        return f"write a list: {name}: [{', '.join(texts)}]" if texts else "write a list"
    if "object" in types and is_item and is_of_links:
        return f"write a link: {_link_of(value)}"
    return ""


def where_key_belongs(pointer: Pointer, schema: Schema) -> str:
    """Return the hint for an unknown key that belongs one level deeper, "" for another key."""
    *parents, key = pointer
    if parents or not isinstance(key, str):
        return ""
    properties = schema.get("properties", {})
    for name in _INNER:
        if key in properties.get(name, {}).get("properties", {}):
            return f"write it under {name}: {name}: {{{key}: ...}}"
    for name in _OWN:
        if name in properties and key in _KNOWN_OWN:
            return f"write it under {name}: {name}: {{{key}: ...}}"
    return ""


def own_keys_hint(pointer: Pointer, schema: Schema) -> str:
    """Return the sentence about keys of one's own, "" where a file has no place for them."""
    found = [name for name in _OWN if name in schema.get("properties", {})]
    return f"; keys of your own belong under {found[0]}" if found and len(pointer) == 1 else ""


def _texts_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [_quoted(key) for key in value]
    if isinstance(value, str):
        return [_quoted(part.strip()) for part in value.split(",") if part.strip()]
    return []


def _link_of(value: Any) -> str:
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return f'{{title: "Docs", url: {_quoted(value)}}}'
    if isinstance(value, dict) and len(value) == 1:
        title, url = next(iter(value.items()))
        if isinstance(url, str) and url.startswith(("http://", "https://")):
            return f"{{title: {_quoted(title)}, url: {_quoted(url)}}}"
    return _LINK


def _quoted(text: object) -> str:
    return json.dumps(shortened(str(text)), ensure_ascii=False)
