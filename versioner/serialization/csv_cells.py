"""Cells of CSV files that no spreadsheet reads as a formula."""

from __future__ import annotations

from typing import Final

__all__ = ["FORMULA", "formula_safe"]

# Characters that begin a formula in a spreadsheet, full-width forms included, and the white space
# that it skips before one.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def formula_safe(text: str) -> str:
    """Return a text with an apostrophe in front where it begins as a formula or with one.

    A program that reads the cell removes one leading apostrophe.
    """
    return "'" + text if text.startswith((*FORMULA, "'")) else text
