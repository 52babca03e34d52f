"""Problems as the code quality report that GitLab shows in a merge request."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from versioner.reporting.documents import as_json
from versioner.reporting.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import Problem

__all__ = ["problems_gitlab"]

_SEVERITIES: Final = {"error": "major", "warning": "minor"}


def problems_gitlab(problems: Iterable[Problem]) -> str:
    """Return the report; a problem keeps its fingerprint when the lines above it change."""
    seen: Counter[tuple[str, str, str]] = Counter()
    report = []
    for problem in problems:
        what = (problem.path, problem.code, problem.message)
        seen[what] += 1
        report.append(_issue(problem, _fingerprint(*what, str(seen[what]))))
    return as_json(report)


def _issue(problem: Problem, fingerprint: str) -> dict[str, Any]:
    hint = f" ({problem.hint})" if problem.hint else ""
    return {
        "description": clean(f"{problem.message}{hint}"),
        "check_name": problem.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[problem.severity],
        "location": {"path": problem.path, "lines": {"begin": max(problem.line, 1)}},
    }


def _fingerprint(*parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()
