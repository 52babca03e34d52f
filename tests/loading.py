"""Load strict YAML in one go: plain data, or every problem of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.validation.strict_yaml import DOCUMENT_LIMIT, ambiguity_problem, read_yaml

if TYPE_CHECKING:
    from versioner.models import Problem


def load_strict(
    data: bytes, path: str, *, limit: int = DOCUMENT_LIMIT
) -> tuple[object, list[Problem]]:
    """Load a file as plain data; with any problem, return None and them all."""
    reading = read_yaml(data, path, limit=limit)
    problems = reading.problems + [ambiguity_problem(path, item) for item in reading.ambiguous]
    return (None, problems) if problems else (reading.value, [])
