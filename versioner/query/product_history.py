"""The commits that changed a product, under all its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.git.history import log_of
from versioner.layout import product_dir
from versioner.query.derived.relations import former_names

if TYPE_CHECKING:
    from versioner.git.history import CommitInfo
    from versioner.git.repository import Repository
    from versioner.registry.records import Registry

__all__ = ["names_of", "product_history"]


def names_of(registry: Registry, name: str) -> list[str]:
    """Return the current name of a product and its former names; of a deleted one, its name.

    Raises NotFound for an unknown product.
    """
    if name in registry.deleted:
        return [name]
    current = registry.resolve(name).name
    return [current, *former_names(registry).get(current, ())]


def product_history(
    repository: Repository, names: list[str], *, limit: int = 0, rev: str | None = None
) -> list[CommitInfo]:
    """Return the commits that changed a product of these names, newest first (limit 0: all)."""
    found = {
        commit.id: commit
        for name in names
        for commit in log_of(repository, product_dir(name), limit or None, rev=rev)
    }
    newest = sorted(found.values(), key=lambda each: each.at, reverse=True)
    return newest[: limit or None]
