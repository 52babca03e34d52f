"""The log of a year, which the logs of its months are moved to, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.serialization.log import header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import LogKind

__all__ = ["add_months", "year_header"]


def year_header(kind: LogKind) -> bytes:
    """Return the comment lines that a new log of a year begins with."""
    return header(kind).replace(" in one month (UTC)", " in one year (UTC)", 1).encode()


def add_months(kind: LogKind, existing: bytes | None, months: Iterable[bytes]) -> bytes:
    """Return the log of a year with the lines of logs of months at its end, byte for byte.

    Only the headers of the months are left out. All logs are canonical; `existing` is None for a
    new log, which gets a header.
    """
    before = existing or year_header(kind)
    separator = b"" if before.endswith(b"\n") else b"\n"
    return before + separator + b"".join(_lines_of(kind, data) for data in months)


def _lines_of(kind: LogKind, data: bytes) -> bytes:
    """Return a canonical log without its header."""
    known = set(header(kind).encode().splitlines(keepends=True))
    lines = data.splitlines(keepends=True)
    start = 0
    while start < len(lines) and lines[start] in known:
        start += 1
    return b"".join(lines[start:])
