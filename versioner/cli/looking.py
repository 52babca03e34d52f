"""What the looking commands share: the registry they look at, and the moment they reckon from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.cli import clock
from versioner.cli.registry import find_registry, read_registry

if TYPE_CHECKING:
    from collections.abc import Collection

    from versioner.registry.records import Registry

__all__ = ["look", "reckoned_at"]


def look(
    repo: str | None, rev: str | None = None, *, products: Collection[str] | None = None
) -> Registry:
    """Read the registry, or some products of it, as the files are or at a revision."""
    return read_registry(find_registry(repo, rev), rev, products=products)


def reckoned_at(registry: Registry, rev: str | None) -> str:
    """Return the moment that ages are reckoned from: a past revision's own, else now."""
    return (registry.commit_time if rev else None) or clock.now()
