"""What people's files hold, as far as writing them must know: the order of keys, and their types.

A value from the command line is text; only these tables say where it is anything else.
`tests/serialization/test_fields.py` holds them to the schemas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KEY_ORDER", "Wanted", "ordered", "wanted"]

Wanted = Literal["text", "integer", "boolean", "names", "list", "mapping", "text or list", "any"]

# One order that agrees with every schema's own.
KEY_ORDER: Final = (
    "schema_version",
    "name",
    "title",
    "type",
    "order",
    "description",
    "lifecycle",
    "links",
    "depends_on",
    "extra_metadata",
    "stale_after",
    "metadata",
    "retired",
    "forge",
    "branch",
    "names",
    "via",
    "people",
    "commit",
    "site",
    "to",
    "deleted_at",
    "deleted_by",
    "last_commit",
)

_WANTED: Final[dict[tuple[str, ...], Wanted]] = {
    ("schema_version",): "integer",
    ("order",): "integer",
    ("retired",): "boolean",
    ("links",): "list",
    ("depends_on",): "names",
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
}


def wanted(path: tuple[str, ...]) -> Wanted:
    """Return what the schemas want at a path of keys; `any` is any JSON value."""
    if path in _WANTED:
        return _WANTED[path]
    if path[0] in ("extra_metadata", "metadata") and path[:2] not in _WANTED:
        return "any"
    return "text"


def ordered(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the schema's keys in the schema's order, others after them."""
    known = {key: document[key] for key in KEY_ORDER if key in document}
    return known | dict(document)
