"""Metadata of any shape, as lines of text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from versioner.reporter.page import Span, wrap

if TYPE_CHECKING:
    from versioner.reporter.page import Page

__all__ = ["value_lines"]

_LABEL = 24


def value_lines(page: Page, value: Any) -> list[Span]:
    """Return a value as lines: text and lists of texts as they read, deeper data as JSON."""
    return [Span(line) for line in wrap(_text(value), page.width - _LABEL)]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
