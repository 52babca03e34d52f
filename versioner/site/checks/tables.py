"""Judge CSV: RFC 4180, one heading, and nothing that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

from versioner.site.checks.folder import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.site.checks.folder import Folder

__all__ = ["check_tables"]

_FORMULA: Final = re.compile(r"[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001
_HEADING: Final = ("at", "product", "environment", "version", "status")


def check_tables(folder: Folder) -> Iterator[Fault]:
    """Yield every fault of a site's CSV files."""
    for path in folder.ending(".csv"):
        yield from (Fault(path, problem) for problem in _problems(folder.read(path)))


def _problems(content: bytes) -> Iterator[str]:
    try:
        text = content.decode("utf-8")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        yield f"it is not CSV: {error}"
        return
    if not rows or tuple(rows[0][: len(_HEADING)]) != _HEADING:
        yield "it has no heading"
        return
    if not text.endswith("\r\n") or re.search(r"(?<!\r)\n", re.sub(r'"[^"]*"', "", text)):
        yield "a line does not end in CR LF"
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            yield f"row {number} has {len(row)} cells of {len(rows[0])}"
        yield from (
            f"row {number} has a cell that begins like a formula: {cell[:40]!r}"
            for cell in row
            if _FORMULA.match(cell)
        )
