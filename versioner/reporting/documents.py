"""Results as JSON: stable keys, ASCII only, so that every reader and terminal takes it."""

from __future__ import annotations

import json

__all__ = ["as_json"]


def as_json(document: object) -> str:
    """Return a document as indented JSON."""
    return json.dumps(document, ensure_ascii=True, indent=2)
