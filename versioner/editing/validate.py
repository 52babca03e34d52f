"""Validate a registry, and compare it with a base revision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from versioner import layout
from versioner.git.merge_base import TreeSnapshot, deleted_states, walk_from
from versioner.git.objects import reading
from versioner.query.compare.registries import changes_between
from versioner.registry.checks.changed_products import load_checked
from versioner.registry.checks.settings import settings_problems
from versioner.registry.checks.warnings import clock_problems, drift_problems
from versioner.registry.head import load_head
from versioner.registry.history.check import check_history
from versioner.registry.product_files import read_product
from versioner.rules.gate.rule_changes import changed_rules, rule_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Problem
    from versioner.models.governance import Rule
    from versioner.query.compare.registries import RegistryChange
    from versioner.registry.checks.results_file import ValidatedProducts
    from versioner.registry.records import Registry

__all__ = ["ValidationResult", "validate_change", "validate_contents", "validate_registry"]


@dataclass(slots=True)
class ValidationResult:
    """A registry and its problems; `change` is None if no base was given.

    `changed_rules` are the rules that the change adds or edits, without disabled ones;
    `rule_pairs` are all that differ, as they were and as they are.
    """

    registry: Registry
    problems: list[Problem]
    change: RegistryChange | None = None
    changed_rules: list[Rule] = field(default_factory=list)
    rule_pairs: list[tuple[Rule | None, Rule | None]] = field(default_factory=list)

    @property
    def events(self) -> int:
        """Return how many events were read."""
        return sum(record.event_count for record in self.registry.products.values())


def validate_registry(
    snapshot: Snapshot,
    *,
    now: str,
    kept: ValidatedProducts | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ValidationResult:
    """Check the content of a snapshot; `now` is for warnings about times in the future.

    Products that are as they were when `kept` got them are not read.
    """
    registry = load_checked(snapshot, kept=kept, progress=progress)
    others = [*clock_problems(registry, snapshot, now), *drift_problems(snapshot)]
    others += settings_problems(registry.config or {}, snapshot)
    return ValidationResult(registry, sorted([*registry.problems, *others]))


def validate_contents(
    repository: Repository, checked: ValidationResult, snapshot: Snapshot
) -> None:
    """Add to `checked` the decisions on content that their requests never had."""
    if not any(request.decisions for request in checked.registry.governance.requests):
        return
    from versioner.registry.governance.former_contents import check_former_contents

    found = check_former_contents(repository, checked.registry, snapshot)
    checked.problems = sorted([*checked.problems, *found])


def validate_change(
    repository: Repository,
    checked: ValidationResult,
    snapshot: Snapshot,
    base: str,
    *,
    tip: str = "HEAD",
    allow_log_changes: bool = False,
) -> None:
    """Add to `checked` the change since `base`, and the problems of the history.

    `tip` is the commit of `snapshot`, or the one that the work tree is based on. Raises
    OperationFailed if base and tip have no common commit in this clone.
    """
    with reading(repository) as reader:
        walk = walk_from(repository, reader, base, tip)
        # Only the files of the base that differ are read.
        bases = [TreeSnapshot(reader, revision) for revision in walk.bases]
        found = check_history(
            bases,
            snapshot,
            former=lambda: deleted_states(repository, reader, *walk.bases),
            merges=walk.merges,
            allow_log_changes=allow_log_changes,
        )
        before = _registry_before(bases[0], snapshot, checked)
        checked.change = changes_between(before, checked.registry)
        checked.changed_rules = changed_rules(before, checked.registry)
        checked.rule_pairs = rule_pairs(before, checked.registry)
    checked.problems = sorted([*checked.problems, *found])


def _registry_before(base: TreeSnapshot, snapshot: Snapshot, checked: ValidationResult) -> Registry:
    """Load the base; for unchanged products, use the loaded records."""
    trees_now, records = snapshot.product_trees(), checked.registry.products
    before = load_head(base)
    for name, tree in sorted(base.product_trees().items()):
        if tree is not None and tree == trees_now.get(name) and name in records:
            before.products[name] = records[name]
            continue
        entries = base.entries(layout.product_dir(name))
        names = before.environment_aliases
        found = read_product(base, name, entries, tree=tree, environment_names=names)
        before.problems += found.record.problems
        if found.is_product:
            before.products[name] = found.record
            found.record.listed = before.listed_instances
    return before
