"""A problem of one file, with its position and a hint how to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Problem", "Severity"]

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem at one position of one file.

    `path` is relative to the repository with `/` between parts; `line` and `column` count
    from 1 (0: the file as a whole); `code` is one of `versioner.validation.codes`.
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: Severity = "error"
