"""The completions of versions in one place, and what the next one is: a rollback, a return."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from versioner.models import DeploymentKind

__all__ = ["CompletionHistory", "earlier", "kind_of"]


class CompletionHistory:
    """The first completion of each version, and the last one, each as its position in the cell."""

    __slots__ = ("firsts", "last", "last_position")

    def __init__(self) -> None:
        self.firsts: dict[str, int] = {}
        self.last = ""
        self.last_position = -1

    def add(self, version: str, position: int) -> None:
        """Add a completion, which comes after all others."""
        self.firsts.setdefault(version, position)
        self.last, self.last_position = version, position


def kind_of(version: str, last: str, first: int | None, of_last: int | None) -> DeploymentKind:
    """Return what the completion of a version is, after that of the last one.

    `first` and `of_last` are the positions of the first completion of each there.
    """
    if version == last:
        return "redeployment"
    if first is None:
        return "deployment"
    return "rollback" if of_last is not None and first < of_last else "return"


def earlier(one: int | None, other: int | None) -> int | None:
    """Return the lower of two positions, of which one or both may not exist."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
