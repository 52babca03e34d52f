"""Ids of events: equal for each retry of one step of one run, else random."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from importlib import import_module
from json.encoder import encode_basestring_ascii as _quoted
from typing import TYPE_CHECKING, Any, Final

from versioner.models.event_fields import RUN_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "content_text",
    "derive_content_id",
    "derive_event_id",
    "id_of_content",
    "random_event_id",
]

_LENGTH: Final = 32

# The id is made of these, the product as given and the ordinal. Re-runs differ in `attempt`,
# the jobs of a matrix in `job`, and two servers with the same run ids in `source_server`.
_RUN_KEYS: Final = (
    "version",
    "environment",
    "status",
    "scm_repository",
    "source_system",
    "source_server",
    "invoke_id",
    "attempt",
    "job",
)


def derive_event_id(product: str, event: Mapping[str, Any], ordinal: int = 0) -> str:
    """Return the id of an event of a known run, 32 hexadecimal digits.

    `product` is the name as the caller gave it. `ordinal` counts how often the run has
    returned to this version in this cell.
    """
    parts = [product, *(_run_value(event, key) for key in _RUN_KEYS), ordinal]
    # Only where there is one, so that the ids of events from before there were instances stay.
    return _digest([*parts, event["instance"]] if event.get("instance") else parts)


def _run_value(event: Mapping[str, Any], key: str) -> Any:
    """Return a value that tells the run; its repository may be beside the version's own."""
    value = event.get(key, "")
    if value or key != "scm_repository":
        return value
    metadata = event.get("extra_metadata")
    return metadata.get(RUN_KEYS[key], "") if isinstance(metadata, dict) else ""


def derive_content_id(product: str, event: Mapping[str, Any], ordinal: int = 0) -> str:
    """Return the id of an imported event, made of all its fields; `ordinal` counts equal rows."""
    return id_of_content(content_text(product, event), ordinal)


def content_text(product: str, event: Mapping[str, Any]) -> str:
    """Return the text that the id of an imported event is made of, without its ordinal."""
    if "id" in event:
        event = {key: value for key, value in event.items() if key != "id"}
    try:
        "".join(event.values())
    except TypeError:
        return _text([product, event])[1:-1]
    # The same text, five times faster: nearly all events have texts only.
    pairs = ",".join([f'"{key}":{_quoted(event[key])}' for key in sorted(event)])
    return f"{_quoted(product)},{{{pairs}}}"


def id_of_content(text: str, ordinal: int = 0) -> str:
    """Return the id that is made of `content_text`; `ordinal` counts equal rows."""
    return _hash(f"[{text},{ordinal}]")


def random_event_id(now_ms: int, random: bytes) -> str:
    """Return an id for an event of no known run, 32 hexadecimal digits that sort by time.

    `now_ms` counts milliseconds since 1970; of `random`, the first ten bytes are used.
    """
    if len(random) < 10:
        raise ValueError("an event id takes ten random bytes")
    return f"{now_ms & 0xFFFF_FFFF_FFFF:012x}{random[:10].hex()}"


def _digest(parts: list[Any]) -> str:
    return _hash(_text(parts))


def _text(parts: list[Any]) -> str:
    # JSON separates the parts, whatever characters they have.
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))


def _hash(text: str) -> str:
    digest: str = _hasher()(text.encode()).hexdigest()
    return digest[:_LENGTH]


@cache
def _hasher() -> Callable[[bytes], Any]:
    # Imported at the first use: for each of a million rows, the statement takes a noticeable time.
    # hashlib loads a cryptographic library, which takes as long as starting git.
    for name in ("_sha2", "_sha256", "hashlib"):
        with suppress(ImportError):
            found: Callable[[bytes], Any] = import_module(name).sha256
            return found
    raise ImportError("no sha256")
