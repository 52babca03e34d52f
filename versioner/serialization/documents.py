"""New people's files: block-style YAML that every YAML version reads the same.

Every string is double-quoted, keys are bare where no reader takes them for anything but text,
and the first line leads editors to the schema.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from versioner.serialization.fields import ordered
from versioner.serialization.values import DEPTH, json_value, key_text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DocumentKind", "block_key", "block_lines", "dump_document", "schema_line"]

DocumentKind = Literal["config", "environment", "product", "alias", "deleted"]

# Kind to the schema's name and the way up from a file of that kind to the repository's top.
_SCHEMAS: Final[dict[DocumentKind, tuple[str, str]]] = {
    "config": ("registry", "../"),
    "environment": ("environment", "../../"),
    "product": ("product", "../../../"),
    "alias": ("alias", "../../"),
    "deleted": ("deletion", "../../"),
}

_BARE_KEY = re.compile("(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][a-z0-9_.-]*", re.IGNORECASE)


def schema_line(kind: DocumentKind) -> str:
    """Return the comment that leads an editor from a file of this kind to its schema."""
    schema, top = _SCHEMAS[kind]
    return f"# yaml-language-server: $schema={top}schemas/{schema}.schema.json\n"


def dump_document(kind: DocumentKind, document: Mapping[str, Any]) -> bytes:
    """Return a new file; its keys are in the schema's order, keys of one's own as given.

    Raises InvalidInput, naming the field, for a value that YAML readers would disagree on.
    """
    lines = block_lines(ordered(document), DEPTH)
    return (schema_line(kind) + "\n".join(lines) + "\n").encode()


def block_key(key: object, field: str = "") -> str:
    """Return a mapping's key as block style has it: bare, or quoted where it could be re-typed."""
    quoted = key_text(key, field or str(key))
    bare = quoted[1:-1]
    return bare if bare.isascii() and _BARE_KEY.fullmatch(bare) else quoted


def block_lines(value: Any, depth: int, field: str = "") -> list[str]:
    """Return the lines of a value in block style, without indentation of the whole."""
    if depth > 0 and value and isinstance(value, dict):
        return [line for pair in value.items() for line in _entry(*pair, depth - 1, field)]
    if depth > 0 and value and isinstance(value, (list, tuple)):
        return [line for item in value for line in _item(item, depth - 1, field)]
    return [json_value(value, field, depth)]


def _entry(key: object, value: Any, depth: int, field: str) -> list[str]:
    name = block_key(key, field)
    lines = block_lines(value, depth, field or str(key))
    if value and isinstance(value, (dict, list, tuple)):
        return [f"{name}:", *("  " + line for line in lines)]
    return [f"{name}: {lines[0]}"]


def _item(item: Any, depth: int, field: str) -> list[str]:
    first, *rest = block_lines(item, depth, field)
    return ["- " + first, *("  " + line for line in rest)]
