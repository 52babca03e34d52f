"""Validate one event before it is recorded, without the libraries that `track` cannot wait for.

An event conforms to its schema, and to the rules that a schema cannot express: the size of its
metadata, the numbers that all readers read alike, and no secrets.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NoReturn

from versioner.errors import InvalidInput
from versioner.secret_scanning import find_secrets, may_hold_secret
from versioner.serialization.values import LARGEST_INTEGER
from versioner.validation.schemas import bundled_schema
from versioner.validation.violations import violations_of

if TYPE_CHECKING:
    from versioner.models import Event, LogKind
    from versioner.validation.schemas import Schema, SchemaName
    from versioner.validation.violations import Pointer, Violation

__all__ = [
    "EVENT_SCHEMAS",
    "METADATA_LIMIT",
    "check_event",
    "metadata_size",
]

# Bytes of extra_metadata, written as JSON in UTF-8.
METADATA_LIMIT: Final = 100 * 1024

EVENT_SCHEMAS: Final[dict[LogKind, SchemaName]] = {
    "build": "build-event",
    "deployment": "deployment-event",
    "observation": "observation",
    "decision": "decision-event",
    "request-decision": "request-decision-event",
}


def check_event(kind: LogKind, event: Event) -> None:
    """Raise InvalidInput, which names the field, for an event that a log may not contain."""
    schema = bundled_schema(EVENT_SCHEMAS[kind])
    if not _is_known_valid(kind, schema, event):
        violations = list(violations_of(schema, event, schema))
        if violations:
            raise _invalid_field(min(violations, key=_precedence))
    for key, value in event.items():
        _check_value(value, (key,))
    # Most events end here: repr() escapes no character of a secret.
    for pointer in find_secrets(event) if may_hold_secret(repr(event).encode()) else ():
        hint = "never record a secret: remove it, and revoke it where it is used"
        _refuse(pointer, "contains a text that looks like a secret key", hint)
    _check_size(event)


# How many events of a kind were checked: only many are worth a function made of the schema.
_checked: Counter[LogKind] = Counter()
_FEW: Final = 3


def _is_known_valid(kind: LogKind, schema: Schema, event: Event) -> bool:
    """Return whether an event conforms to its schema, as far as no search is needed for that."""
    _checked[kind] += 1
    if _checked[kind] <= _FEW:
        return False
    from versioner.validation.predicates import predicate_of

    return predicate_of(schema, schema)(event)


def metadata_size(metadata: Any) -> int:
    """Return the number of bytes of metadata as JSON."""
    return len(json.dumps(metadata, ensure_ascii=False).encode(errors="replace"))


def _precedence(violation: Violation) -> int:
    # A text of a wrong length may break the pattern, too; its length says more.
    return 1 if violation.keyword == "pattern" else 0


def _invalid_field(violation: Violation) -> InvalidInput:
    # Imported here, because a valid event needs no messages.
    from versioner.validation.messages import explain, field_name

    explanation = explain(violation)
    is_missing = violation.keyword == "required"
    field = violation.name if is_missing else field_name(violation.pointer)
    return InvalidInput(explanation.message, field=field, hint=explanation.hint)


def _check_value(value: Any, pointer: Pointer) -> None:
    if isinstance(value, str):
        if not value.isascii():
            _check_text(value, pointer)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, (*pointer, key))
            _check_value(item, (*pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_value(item, (*pointer, index))
    elif isinstance(value, float) and not math.isfinite(value):
        _refuse(pointer, "is not a number in JSON", 'write it as text, in "quotes"')
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        _refuse(pointer, "is an integer beyond 2^53", 'write it as text, in "quotes"')


def _check_text(value: str, pointer: Pointer) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse(pointer, "contains half a character (a lone surrogate)", "remove that character")


def _check_size(event: Event) -> None:
    metadata = event.get("extra_metadata")
    if metadata and metadata_size(metadata) > METADATA_LIMIT:
        _refuse(
            ("extra_metadata",),
            f"has {metadata_size(metadata):,} bytes, more than {METADATA_LIMIT:,}",
            "keep what describes the event, and link to the rest",
        )


def _refuse(pointer: Pointer, fault: str, hint: str) -> NoReturn:
    from versioner.validation.messages import field_name

    field = field_name(pointer)
    raise InvalidInput(f"{field} {fault}", field=field, hint=hint)
