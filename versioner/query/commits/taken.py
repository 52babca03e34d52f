"""What rollbacks took away: the versions that are no longer there, and their commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.query.commits.words import brought_by, removed_words
from versioner.query.today.sentences import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from versioner.models import Cell, Deployment
    from versioner.models.events import RecordedChanges
    from versioner.registry.records import ProductRecord

__all__ = ["NOTHING_TAKEN", "TakenAway", "taken_away"]

_NAMED: Final = 4


class TakenAway(NamedTuple):
    """What a rollback took away in words: the versions, and the commits ("": not recorded)."""

    versions: str = ""
    commits: str = ""

    def text(self, *, has_commits: bool = True) -> str:
        """Return it as one text: `1.5.0 and 1.4.1 (3 commits: Fix the login)`, "" for nothing."""
        if not self.commits or not has_commits:
            return self.versions
        return f"{self.versions} ({self.commits})"


NOTHING_TAKEN: Final = TakenAway()


def taken_away(
    record: ProductRecord,
    changes: Mapping[str, RecordedChanges],
    *,
    version: Callable[[str], str] = str,
) -> dict[str, TakenAway]:
    """Return what each rollback of a product took away, by its id.

    `changes` are the lists of the product's versions. `version` returns a version as it is shown.
    """
    return {
        each.id: TakenAway(joined(_first([*map(version, versions)])), _commits(changes, each))
        for cell in record.cells.values()
        for each, versions in _rollbacks(cell)
    }


def _rollbacks(cell: Cell) -> Iterator[tuple[Deployment, tuple[str, ...]]]:
    """Yield each rollback of a cell with the versions that it took away, the newest first.

    They are those that came there after the version that came back, and were still in it.
    """
    if all(each.kind != "rollback" for each in cell.deployments):
        # In most cells, what completed when need not be read.
        return
    stacks: dict[str, list[str]] = {"": []}
    for each in cell.completed:
        stack = stacks.setdefault(each.instance, [*stacks[""]])
        if each.kind == "rollback":
            yield each, _taken_from(stack, each)
        elif not stack or stack[-1] != each.version:
            stack.append(each.version)
        if not each.instance:
            stacks = {"": stack}


def _taken_from(stack: list[str], rollback: Deployment) -> tuple[str, ...]:
    """Return what a rollback takes from the versions of a place, and take it from them."""
    is_known = bool(stack) and stack[-1] == rollback.previous
    if not is_known or rollback.version not in stack:
        stack[-1:] = [rollback.version]
        return (rollback.previous,)
    taken = []
    while stack[-1] != rollback.version:
        taken.append(stack.pop())
    return tuple(dict.fromkeys(taken))


def _commits(changes: Mapping[str, RecordedChanges], rollback: Deployment) -> str:
    found = brought_by(changes, rollback)
    return removed_words(found) if found is not None else ""


def _first(versions: Sequence[str]) -> list[str]:
    """Return the first of some versions, and how many more there are."""
    more = len(versions) - _NAMED
    return [*versions[:_NAMED], *([f"{more:,} more"] if more > 0 else [])]
