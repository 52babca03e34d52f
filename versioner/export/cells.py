"""Values as the cells of text formats and of SQLite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from versioner.site.exports.csv import cell_text

if TYPE_CHECKING:
    from versioner.export.tables import Column

__all__ = ["csv_cell", "json_cell", "sqlite_cell"]


def json_cell(value: Any) -> str | None:
    """Return a value as JSON text, None for none."""
    return None if value is None else json.dumps(value, ensure_ascii=False)


def csv_cell(column: Column, value: Any) -> str:
    """Return a value as a cell that no spreadsheet reads as a formula."""
    if value is None or value is False or value == column.usual:
        return ""
    if value is True:
        return "yes"
    return cell_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def sqlite_cell(value: Any) -> str | int | None:
    """Return a value as SQLite stores it: lists and objects as JSON."""
    return value if value is None or isinstance(value, (str, int)) else json_cell(value)
