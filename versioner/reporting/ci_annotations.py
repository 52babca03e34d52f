"""Problems as the annotations that GitHub shows beside the lines of a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.reporting.annotations import github_annotation
from versioner.reporting.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Problem, Severity

__all__ = ["problems_github"]

# GitHub drops what a step annotates beyond ten errors and ten warnings, without a word.
_MOST: Final = 10

_SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning")


def problems_github(problems: Sequence[Problem]) -> str:
    """Return workflow commands: ten annotations of each severity, then how many more there are."""
    lines = []
    for severity in _SEVERITIES:
        found = [problem for problem in problems if problem.severity == severity]
        lines += [_annotation(problem) for problem in found[:_MOST]]
        left = len(found) - _MOST
        if left > 0:
            message = f"and {left} more {severity}{'s' * (left > 1)}: see the step's summary"
            lines.append(github_annotation("notice", message))
    return "\n".join(lines)


def _annotation(problem: Problem) -> str:
    return github_annotation(
        problem.severity,
        clean(f"[{problem.code}] {problem.message}"),
        problem.hint and clean(f"hint: {problem.hint}"),
        path=clean(problem.path),
        line=max(problem.line, 1),
        column=max(problem.column, 1),
    )
