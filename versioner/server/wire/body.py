"""The body of an event as the clients of the hosted product send it: its fields and their types."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.serialization.strict_json import read_json
from versioner.server.wire.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models import EventKind

__all__ = ["Body", "Field", "fields_of", "read_body"]

# The most that the hosted product's client sends, in bytes of JSON.
METADATA_BYTES: Final = 102_400


class Field(NamedTuple):
    """A field of the wire, the field of our events that it becomes, and its most characters."""

    name: str
    target: str
    longest: int
    is_required: bool = False


# Of two limits, the hosted product's and our own, the higher one: what the other one refuses, a
# schema or a check of names refuses later, and says why.
_SHARED: Final = (
    Field("product_name", "product", 255, is_required=True),
    Field("version", "version", 128, is_required=True),
    Field("source_system", "source_system", 255),
    Field("build_number", "build_number", 255),
    Field("scm_sha", "scm_sha", 255),
    Field("scm_branch", "scm_branch", 255),
    Field("scm_repository", "scm_repository", 500),
    Field("invoke_id", "invoke_id", 255),
    Field("build_url", "build_url", 2000),
    Field("completed_at", "completed_at", 64),
)
_FIELDS: Final[Mapping[EventKind, tuple[Field, ...]]] = {
    "deployment": (
        *_SHARED,
        Field("environment_name", "environment", 255, is_required=True),
        Field("status", "status", 50, is_required=True),
        Field("deploy_url", "deploy_url", 2000),
        Field("deployed_by", "deployed_by", 255),
        Field("deployed_by_email", "deployed_by_email", 255),
        Field("deployed_by_name", "deployed_by_name", 255),
    ),
    "build": (
        *_SHARED,
        Field("status", "status", 50),
        Field("built_by", "built_by", 255),
        Field("built_by_email", "built_by_email", 255),
        Field("built_by_name", "built_by_name", 255),
        Field("started_at", "started_at", 64),
    ),
}


def fields_of(kind: EventKind) -> tuple[Field, ...]:
    """Return the fields that an event of a kind has on the wire, without its metadata."""
    return _FIELDS[kind]


@dataclass(frozen=True)
class Body:
    """A body that was read: `values` by the fields of our events, none of them empty.

    `digest` is equal for equal bodies.
    """

    kind: EventKind
    values: Mapping[str, str]
    metadata: Mapping[str, Any]
    digest: str


def read_body(kind: EventKind, data: bytes) -> Body:
    """Return the body of a request; raise Refusal with 400, 413 or 422.

    Fields that are not known are ignored, and so are null and empty texts.
    """
    document = _document(data)
    errors: list[tuple[str, str, str]] = []
    values: dict[str, str] = {}
    for field in _FIELDS[kind]:
        value = document.get(field.name)
        if value is None or value == "":
            if field.is_required:
                errors.append((field.name, "Field required", "missing"))
        elif not isinstance(value, str):
            errors.append((field.name, "Input should be a valid string", "string_type"))
        elif len(value) > field.longest:
            message = f"String should have at most {field.longest} characters"
            errors.append((field.name, message, "string_too_long"))
        elif not _is_text(value):
            errors.append((field.name, "String should be valid Unicode", "string_unicode"))
        elif value.strip() or field.is_required:
            values[field.target] = value.strip()
    metadata = document.get("extra_metadata")
    if metadata is not None and not isinstance(metadata, dict):
        message = "Input should be a valid dictionary"
        errors.append(("extra_metadata", message, "dict_type"))
    if errors:
        raise Refusal.of_fields(errors)
    _check_size(metadata or {})
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=True).encode()
    return Body(kind, values, metadata or {}, hashlib.sha256(canonical).hexdigest())


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = read_json(data)
    except json.JSONDecodeError as error:
        raise Refusal(400, "INVALID_JSON", f"the body is not JSON: {error.msg}") from None
    if not isinstance(document, dict):
        raise Refusal.of_fields([("", "Input should be a valid dictionary", "model_type")])
    return document


def _is_text(value: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in value)


def _check_size(metadata: Mapping[str, Any]) -> None:
    try:
        size = len(json.dumps(metadata, ensure_ascii=False).encode("utf-8"))
    except (UnicodeEncodeError, RecursionError):
        message = "String should be valid Unicode"
        raise Refusal.of_fields([("extra_metadata", message, "string_unicode")]) from None
    if size > METADATA_BYTES:
        raise Refusal(
            413,
            "METADATA_TOO_LARGE",
            f"extra_metadata takes {size:,} bytes, more than {METADATA_BYTES:,}",
        )
