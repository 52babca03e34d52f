"""Reports of problems: as text, as JSON, and for the summary of a CI run."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from versioner.models import Problem
    from versioner.reporting.text import Style, TextLayout

__all__ = ["problem_text", "problems_json", "problems_text", "step_summary", "verdict"]

_STYLES: Final[dict[str, Style]] = {"error": "bad", "warning": "drift"}

# GitHub refuses a step summary of more than 1 MiB.
_SUMMARY_BYTES: Final = 900_000


def problem_text(layout: TextLayout, problem: Problem) -> str:
    """Return a problem as the line that editors and CI systems follow, and its hint.

    A problem of a whole file is shown at its beginning.
    """
    place = f"{clean(problem.path)}:{max(problem.line, 1)}:{max(problem.column, 1)}"
    severity = layout.paint(problem.severity, _STYLES[problem.severity])
    line = f"{layout.paint(place, 'bold')}: {severity}[{problem.code}]: {clean(problem.message)}"
    return (
        f"{line}\n  {layout.paint('hint', 'dim')}: {clean(problem.hint)}" if problem.hint else line
    )


def problems_text(layout: TextLayout, problems: Iterable[Problem]) -> str:
    """Return problems one below the other."""
    return "\n".join(problem_text(layout, problem) for problem in problems)


def verdict(products: int, events: int, problems: Sequence[Problem], *, paths: bool) -> str:
    """Return the last line of a report; `paths` means that only some files were reported."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    found = [count(errors, "error") if errors else "no errors"]
    found += [count(warnings, "warning")] if warnings else []
    where = " in these paths" if paths else ""
    return f"{count(products, 'product')}, {count(events, 'event')}: {', '.join(found)}{where}"


def problems_json(problems: Iterable[Problem]) -> str:
    """Return a JSON array of {path, line, column, code, severity, message, hint}.

    Line and column 0 mean the file as a whole.
    """
    return as_json(
        [
            {
                "path": problem.path,
                "line": problem.line,
                "column": problem.column,
                "code": problem.code,
                "severity": problem.severity,
                "message": problem.message,
                "hint": problem.hint or None,
            }
            for problem in problems
        ]
    )


def step_summary(layout: TextLayout, problems: Sequence[Problem], change: str, closing: str) -> str:
    """Return Markdown for the page of a CI run: what changes, and every problem in full.

    `change` is Markdown, `closing` the verdict. Problems beyond the size limit are counted.
    """
    parts = [f"### Registry: {closing}", "", change] if change else [f"### Registry: {closing}", ""]
    if problems:
        texts, left = _fitting([problem_text(layout, problem) for problem in problems])
        # <pre> instead of a code fence, which a message could end.
        parts += ["<pre>", *(_preformatted(text) for text in texts)]
        parts += [f"and {left} more"] if left else []
        parts += ["</pre>", ""]
    return "\n".join(parts)


def _preformatted(text: str) -> str:
    return escape(text).replace("\n", "&#10;")


def _fitting(texts: list[str]) -> tuple[list[str], int]:
    room = _SUMMARY_BYTES
    for number, text in enumerate(texts):
        # What escaping makes of it is at most six times as long.
        room -= len(escape(text).encode()) + 8
        if room < 0:
            return texts[:number], len(texts) - number
    return texts, 0
