"""Check one event before it is recorded, with what `track` can afford at start.

The rules are the event schemas' own; added are those that a schema cannot say: how large
metadata may be, which numbers every reader agrees on, and that no secret is recorded.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import InvalidInput
from versioner.secret_scanning import find_secrets, may_hold_secret
from versioner.serialization.values import LARGEST_INTEGER
from versioner.validation.schemas import bundled_schema
from versioner.validation.violations import Fault, faults_of

if TYPE_CHECKING:
    from versioner.models import Event, EventKind
    from versioner.validation.schemas import SchemaName
    from versioner.validation.violations import Pointer

__all__ = [
    "EVENT_SCHEMAS",
    "METADATA_LIMIT",
    "check_event",
    "metadata_size",
]

# Bytes of extra_metadata, written as JSON in UTF-8.
METADATA_LIMIT: Final = 100 * 1024

EVENT_SCHEMAS: Final[dict[EventKind, SchemaName]] = {
    "build": "build-event",
    "deployment": "deployment-event",
}


def check_event(kind: EventKind, event: Event) -> None:
    """Refuse an event that a log may not hold: InvalidInput names the field and the fix."""
    schema = bundled_schema(EVENT_SCHEMAS[kind])
    found = list(faults_of(schema, event, schema))
    if found:
        raise _refusal(min(found, key=_precedence))
    for key, value in event.items():
        _check_value(value, (key,))
    # No part of a shape is written otherwise in a repr; most events end here.
    for pointer in find_secrets(event) if may_hold_secret(repr(event).encode()) else ():
        name = _field(pointer)
        raise InvalidInput(
            f"{name} holds a text in the shape of a secret key",
            field=name,
            hint="never record a secret: leave it out, and replace it where it is used",
        )
    _check_size(event)


def metadata_size(metadata: Any) -> int:
    """Return how many bytes metadata takes as JSON."""
    return len(json.dumps(metadata, ensure_ascii=False).encode(errors="replace"))


def _precedence(fault: Fault) -> int:
    # A length says more of a text than the pattern that it breaks, too.
    return 1 if fault.keyword == "pattern" else 0


def _refusal(fault: Fault) -> InvalidInput:
    # Here, for a good event needs no words.
    from versioner.validation.messages import explain, field_name

    words = explain(fault)
    field = fault.name if fault.keyword == "required" else field_name(fault.pointer)
    return InvalidInput(words.message, field=field, hint=words.hint)


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
        _refuse(pointer, "is not a number that JSON knows", 'write it as text, in "quotes"')
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        _refuse(pointer, "is an integer beyond 2^53", 'write it as text, in "quotes"')


def _check_text(value: str, pointer: Pointer) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse(pointer, "holds half a character (a lone surrogate)", "leave that character out")


def _check_size(event: Event) -> None:
    metadata = event.get("extra_metadata")
    if metadata and metadata_size(metadata) > METADATA_LIMIT:
        _refuse(
            ("extra_metadata",),
            f"takes {metadata_size(metadata):,} bytes, more than {METADATA_LIMIT:,}",
            "keep what describes the event, and link to the rest",
        )


def _refuse(pointer: Pointer, fault: str, hint: str) -> None:
    name = _field(pointer)
    raise InvalidInput(f"{name} {fault}", field=name, hint=hint)


def _field(pointer: Pointer) -> str:
    from versioner.validation.messages import field_name

    return field_name(pointer)
