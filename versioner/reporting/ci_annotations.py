"""Problems as GitHub annotations, and as a GitLab code quality report."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.reporting.terminal import as_json, clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from versioner.models import Problem, Severity

__all__ = [
    "FileNote",
    "github_annotation",
    "notes_github",
    "problems_github",
    "problems_gitlab",
]

# GitHub silently drops annotations of a step beyond ten errors and ten warnings.
_MOST: Final = 10
_SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning")


def problems_github(problems: Sequence[Problem]) -> str:
    """Return workflow commands: ten annotations of each severity, then the number of others."""
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


def github_annotation(
    level: str, message: str, hint: str = "", *, path: str = "", line: int = 0, column: int = 0
) -> str:
    """Return one workflow command, with values escaped for GitHub's runner."""
    places = [("file", path), ("line", str(line or "")), ("col", str(column or ""))]
    properties = ",".join(f"{key}={_property(value)}" for key, value in places if value)
    text = _data(f"{message}\n{hint}" if hint else message)
    return f"::{level}{' ' if properties else ''}{properties}::{text}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_GITLAB_SEVERITIES: Final = {"error": "major", "warning": "minor"}


class FileNote(NamedTuple):
    """Something that is said of a file, and is no problem of it."""

    path: str
    code: str
    text: str


def notes_github(notes: Iterable[FileNote]) -> str:
    """Return a notice for each note."""
    return "\n".join(
        github_annotation("notice", clean(each.text), path=clean(each.path), line=1)
        for each in notes
    )


def problems_gitlab(problems: Iterable[Problem], notes: Iterable[FileNote] = ()) -> str:
    """Return the report; a problem keeps its fingerprint when the lines above it change.

    A note has the lowest severity, and keeps its fingerprint when its text changes.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    report = []
    for problem in problems:
        what = (problem.path, problem.code, problem.message)
        seen[what] += 1
        report.append(_issue(problem, _fingerprint(*what, str(seen[what]))))
    return as_json([*report, *map(_note, notes)])


def _note(note: FileNote) -> dict[str, Any]:
    return {
        "description": clean(note.text),
        "check_name": note.code,
        "fingerprint": _fingerprint(note.path, note.code),
        "severity": "info",
        "location": {"path": note.path, "lines": {"begin": 1}},
    }


def _issue(problem: Problem, fingerprint: str) -> dict[str, Any]:
    hint = f" ({problem.hint})" if problem.hint else ""
    return {
        "description": clean(f"{problem.message}{hint}"),
        "check_name": problem.code,
        "fingerprint": fingerprint,
        "severity": _GITLAB_SEVERITIES[problem.severity],
        "location": {"path": problem.path, "lines": {"begin": max(problem.line, 1)}},
    }


def _fingerprint(*parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()
