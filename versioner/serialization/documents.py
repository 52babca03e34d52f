"""Write new people's files: block-style YAML that every YAML version reads the same.

Every string is double-quoted, a key has no quotes if every reader reads it as text without them,
and the first line has the path of the schema, for editors. A test compares the order of keys and
their types with the schemas.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from versioner.serialization.values import DEPTH, json_value, key_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "DOCUMENT_SCHEMAS",
    "KEY_ORDER",
    "DocumentKind",
    "block_key",
    "block_lines",
    "dump_document",
    "field_type",
    "in_schema_order",
]

DocumentKind = Literal[
    "config", "environment", "product", "alias", "deleted", "request", "template", "rule"
]

DocumentSchema = Literal[
    "registry", "environment", "product", "alias", "deletion", "request", "template", "rule"
]

DOCUMENT_SCHEMAS: Final[Mapping[DocumentKind, DocumentSchema]] = {
    "config": "registry",
    "environment": "environment",
    "product": "product",
    "alias": "alias",
    "deleted": "deletion",
    "request": "request",
    "template": "template",
    "rule": "rule",
}

# The relative path from a file to the top of the repository.
_TOPS: Final[Mapping[DocumentKind, str]] = {
    "config": "../",
    "environment": "../../",
    "product": "../../../",
    "alias": "../../",
    "deleted": "../../",
    "request": "../../../",
    "template": "../../",
    "rule": "../../",
}

_BARE_KEY = re.compile("(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][a-z0-9_.-]*", re.IGNORECASE)

FieldType = Literal[
    "text", "integer", "boolean", "names", "list", "mapping", "text or list", "text or mapping",
    "any",
]  # fmt: skip

# An order of keys that agrees with the order in each schema.
KEY_ORDER: Final = (
    "schema_version",
    "name",
    "title",
    "reason",
    "enforcement",
    "applies_to",
    "except",
    "rollbacks",
    "override",
    "aliases",
    "type",
    "order",
    "description",
    "instances",
    "lifecycle",
    "links",
    "depends_on",
    "source_paths",
    "observe",
    "forge",
    "branch",
    "names",
    "create",
    "via",
    "people",
    "groups",
    "commit",
    "buttons",
    "variables",
    "extra_metadata",
    "stale_after",
    "metadata",
    "retired",
    "changes",
    "metrics",
    "lag",
    "notify",
    "site",
    "to",
    "deleted_at",
    "deleted_by",
    "last_commit",
    "state",
    "environments",
    "products",
    "versions",
    "window",
    "approvals",
    "steps",
    "template",
    "schedule",
    "flow",
    "version-approval",
    "request-approval",
    "requirement",
    "concurrency",
)

# The order of kinds in which the order of `order`, `description` and `links` is another one.
_ORDER_OF_REQUEST: Final = (
    *("name", "title", "description", "state", "environments", "products", "versions", "window"),
    *("order", "approvals", "steps", "template", "links"),
)
_OTHER_ORDERS: Final[Mapping[DocumentKind, tuple[str, ...]]] = {
    "request": _ORDER_OF_REQUEST,
    "template": _ORDER_OF_REQUEST,
}

# A key below these keys may have any value if it is not in the table below.
_OPEN: Final = frozenset(
    (
        "extra_metadata", "metadata", "approvals", "groups", "schedule", "flow", "version-approval",
        "request-approval", "requirement", "concurrency",
    )
)  # fmt: skip

_FIELD_TYPES: Final[dict[tuple[str, ...], FieldType]] = {
    ("schema_version",): "integer",
    ("order",): "integer",
    ("retired",): "boolean",
    ("instances",): "names",
    ("aliases",): "names",
    ("links",): "list",
    ("depends_on",): "names",
    ("source_paths",): "names",
    ("observe",): "mapping",
    ("observe", "images"): "names",
    ("buttons",): "list",
    ("variables",): "mapping",
    ("extra_metadata",): "mapping",
    ("extra_metadata", "team"): "text",
    ("extra_metadata", "repository"): "text",
    ("extra_metadata", "owner"): "text",
    ("extra_metadata", "tech_stack"): "text or list",
    ("metadata",): "mapping",
    ("forge",): "mapping",
    ("commit",): "mapping",
    ("site",): "mapping",
    ("site", "hidden_fields"): "names",
    ("site", "footer_links"): "list",
    ("environments",): "names",
    ("products",): "names",
    ("versions",): "mapping",
    ("window",): "mapping",
    ("approvals",): "mapping",
    ("steps",): "mapping",
    ("steps", "before"): "names",
    ("steps", "after"): "names",
    ("groups",): "mapping",
    ("changes",): "mapping",
    ("changes", "patterns"): "list",
    # The keys of `changes` in an event.
    ("changes", "more"): "integer",
    ("changes", "partial"): "boolean",
    ("metrics",): "mapping",
    ("metrics", "environments"): "names",
    ("metrics", "failures"): "names",
    ("lag",): "mapping",
    ("lag", "days"): "integer",
    ("lag", "from"): "names",
    ("notify",): "list",
    ("applies_to",): "mapping",
    ("except",): "mapping",
    **{
        (place, key): "names"
        for place in ("applies_to", "except")
        for key in ("products", "teams", "environments", "environment_types")
    },
    ("schedule",): "mapping",
    ("schedule", "time_zone"): "text",
    ("schedule", "blocked"): "list",
    ("schedule", "allowed"): "list",
    ("flow",): "mapping",
    ("flow", "through"): "names",
    ("flow", "in_order"): "boolean",
    ("flow", "soak"): "text or mapping",
    ("flow", "still_there"): "boolean",
    ("version-approval",): "mapping",
    ("version-approval", "types"): "mapping",
    ("version-approval", "expires_after"): "text",
    ("version-approval", "after"): "text",
    ("version-approval", "not_by"): "names",
    ("version-approval", "signed"): "boolean",
    ("request-approval",): "mapping",
    ("request-approval", "types"): "mapping",
    ("request-approval", "signed"): "boolean",
    ("requirement",): "mapping",
    ("concurrency",): "mapping",
    ("concurrency", "limit"): "integer",
    ("concurrency", "per"): "text",
}


def _schema_comment(kind: DocumentKind) -> str:
    """Return the comment with the path of the schema, which editors read."""
    schema = f"{_TOPS[kind]}schemas/{DOCUMENT_SCHEMAS[kind]}.schema.json"
    return f"# yaml-language-server: $schema={schema}\n"


def dump_document(kind: DocumentKind, document: Mapping[str, Any]) -> bytes:
    """Return a new file, with the schema's keys in the schema's order and other keys after them.

    Raises InvalidInput, which names the field, for a value that YAML readers disagree on.
    """
    order = _OTHER_ORDERS.get(kind, KEY_ORDER)
    lines = block_lines(in_schema_order(document, order), DEPTH)
    return (_schema_comment(kind) + "\n".join(lines) + "\n").encode()


def field_type(path: tuple[str, ...]) -> FieldType:
    """Return the type that the schemas require at a path of keys; `any` is any JSON value.

    The type of a key that is in no schema is `any`.
    """
    if path in _FIELD_TYPES:
        return _FIELD_TYPES[path]
    is_open = path[0] in _OPEN and path[:2] not in _FIELD_TYPES
    # Below a list or mapping of the table, such as the windows of a schedule.
    is_inner = path[0] in _OPEN and len(path) > 2 and path[0] != "extra_metadata"
    if is_open or is_inner or path[0] not in KEY_ORDER:
        return "any"
    return "text"


def in_schema_order(
    document: Mapping[str, Any], order: Sequence[str] = KEY_ORDER
) -> dict[str, Any]:
    """Return a document with the schema's keys in the schema's order, others after them."""
    known = {key: document[key] for key in order if key in document}
    return known | dict(document)


def block_key(key: object, field: str = "") -> str:
    """Return a key as it is written in block style: in quotes if a reader may not read text."""
    quoted = key_text(key, field or str(key))
    bare = quoted[1:-1]
    return bare if bare.isascii() and _BARE_KEY.fullmatch(bare) else quoted


def block_lines(value: Any, depth: int, field: str = "") -> list[str]:
    """Return the lines of a value in block style, without indentation."""
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
