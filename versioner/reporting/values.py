"""Metadata of any shape, as lines of text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from versioner.reporting.tables import paragraph

if TYPE_CHECKING:
    from versioner.reporting.text import Span

__all__ = ["value_lines"]


def value_lines(value: Any) -> list[Span]:
    """Return a value as lines: text and lists of texts as they read, deeper data as JSON."""
    if isinstance(value, str):
        return paragraph(value)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return paragraph(", ".join(value))
    return paragraph(json.dumps(value, ensure_ascii=False))
