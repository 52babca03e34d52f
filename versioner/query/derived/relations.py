"""Relations between products: which depend on which, and the names that they had before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from versioner.registry.records import Registry

__all__ = ["dependents", "former_names"]


def dependents(registry: Registry) -> dict[str, list[str]]:
    """Return for each product the other products that depend on it, by name."""
    found: dict[str, list[str]] = {name: [] for name in registry.products}
    for name, others in sorted(registry.dependencies.items()):
        for needed in others:
            if needed in found and needed != name and name not in found[needed]:
                found[needed].append(name)
    return found


def former_names(registry: Registry) -> dict[str, list[str]]:
    """Return by product the names that it had before; those that had none are left out.

    Events may still use these names. An alias that is the name of another product is none.
    """
    found: dict[str, list[str]] = {}
    for alias in sorted(registry.aliases):
        if alias not in registry.products:
            found.setdefault(registry.target_of(alias), []).append(alias)
    return found
