"""The content of a deployment request: what is approved, and its hash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["content_hash"]

CONTENT_KEYS: Final = ("environments", "versions", "window", "order", "approvals", "steps")


def content_hash(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a request's content, 64 hexadecimal digits.

    The content is the canonical JSON of its keys in `CONTENT_KEYS`, without those that are absent:
    a change of the title, the description, a link or the state asks for no new approval.
    """
    from hashlib import sha256

    content = {key: document[key] for key in CONTENT_KEYS if key in document}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()
