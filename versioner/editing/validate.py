"""Validate a registry, and compare it with a base revision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from versioner.git.merge_base import deleted_states, walk_from
from versioner.git.objects import reading
from versioner.git.snapshot import snapshot_at
from versioner.layout import place_of
from versioner.query.changes import changes_between
from versioner.registry.history.check import check_history
from versioner.registry.load import load_registry
from versioner.registry.settings_checks import settings_problems
from versioner.registry.warnings import clock_problems, drift_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Problem
    from versioner.query.changes import RegistryChange
    from versioner.registry.cache import ProductCache
    from versioner.registry.records import Registry

__all__ = ["ValidationResult", "validate_change", "validate_registry"]

_OF_PRODUCTS: Final = ("product", "build", "deployment")


@dataclass(slots=True)
class ValidationResult:
    """A registry and its problems; `change` is None if no base was given."""

    registry: Registry
    problems: list[Problem]
    change: RegistryChange | None = None

    @property
    def events(self) -> int:
        """Return how many events were read."""
        records = self.registry.products.values()
        return sum(len(record.builds) + len(record.deployment_events) for record in records)


def validate_registry(
    snapshot: Snapshot,
    *,
    now: str,
    cache: ProductCache | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ValidationResult:
    """Check the content of a snapshot; `now` is for warnings about times in the future."""
    registry = load_registry(snapshot, cache=cache, progress=progress)
    others = [*clock_problems(registry, snapshot, now), *drift_problems(snapshot)]
    others += settings_problems(registry.config or {}, snapshot)
    return ValidationResult(registry, sorted([*registry.problems, *others]))


def validate_change(
    repository: Repository,
    checked: ValidationResult,
    snapshot: Snapshot,
    base: str,
    *,
    tip: str = "HEAD",
    allow_log_changes: bool = False,
    cache: ProductCache | None = None,
) -> None:
    """Add to `checked` the change since `base`, and the problems of the history.

    `tip` is the commit of `snapshot`, or the one that the work tree is based on. Raises
    OperationFailed if base and tip have no common commit in this clone.
    """
    with reading(repository) as reader:
        walk = walk_from(repository, reader, base, tip)
        bases = [snapshot_at(repository, revision) for revision in walk.bases]
        found = check_history(
            bases,
            snapshot,
            former=lambda: deleted_states(repository, reader, *walk.bases),
            merges=walk.merges,
            allow_log_changes=allow_log_changes,
        )
    before = _registry_before(bases[0], snapshot, checked, cache)
    checked.change = changes_between(before, checked.registry)
    checked.problems = sorted([*checked.problems, *found])


def _registry_before(
    base: Snapshot, snapshot: Snapshot, checked: ValidationResult, cache: ProductCache | None
) -> Registry:
    """Load the base; for unchanged products, use the loaded records."""
    trees, trees_now = base.product_trees(), snapshot.product_trees()
    records = checked.registry.products
    same = {
        name
        for name, tree in trees.items()
        if tree is not None and tree == trees_now.get(name) and name in records
    }
    changed = set(_product_names(base)) - same
    before = load_registry(base, products=changed, cache=cache)
    before.products |= {name: records[name] for name in same}
    return before


def _product_names(snapshot: Snapshot) -> Iterator[str]:
    for path, entry in snapshot.entries().items():
        place = place_of(path)
        if place is not None and place.kind in _OF_PRODUCTS and entry.kind == "file":
            yield place.name
