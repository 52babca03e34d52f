"""Where an event is recorded: which branch of which clone, and whether it is pushed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.errors import Failure
from versioner.repository.git import LostRace
from versioner.repository.location import on_branch, open_repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.operations.record import Recorded
    from versioner.repository.location import Repository

__all__ = ["deliver"]

# A user's own `git commit` may move the branch between our look and our move.
_TRIES = 5


def deliver(
    repository: Repository,
    record: Callable[[Repository], Recorded],
    *,
    branch: str | None = None,
    push: bool = False,
    dry_run: bool = False,
) -> Recorded:
    """Record on a branch (the current one by default), and push that one commit if asked.

    Raises what `record` raises; LostRace only after five lost ones.
    """
    place = on_branch(repository, branch) if branch else repository
    recorded = _record(place, record)
    if push and not dry_run:
        if recorded.already:
            recorded = recorded
        _push(place, recorded)
    return recorded


def _record(place: Repository, record: Callable[[Repository], Recorded]) -> Recorded:
    for _ in range(_TRIES - 1):
        try:
            return record(place)
        except LostRace:
            continue
    return record(place)
