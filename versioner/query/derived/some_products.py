"""A registry of some products, with what reports about them ask of all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.query.derived.drift import active_since, users_needed

if TYPE_CHECKING:
    from versioner.registry.index import RegistryIndex
    from versioner.registry.records import Registry

__all__ = ["registry_of_some"]


def registry_of_some(
    index: RegistryIndex, *, now: str, has_dependents: bool = False
) -> Registry | None:
    """Return the registry of the products that an index was opened for, for what runs now.

    It says, as one of all products would, which of the environments where these run are compared,
    and with `has_dependents` which products depend on these. None is returned where files of most
    products must be looked at to know that: where an environment is hardly in use, for example.
    """
    registry, others = index.registry(), index.others
    if not others.names.isdisjoint(registry.aliases):
        return None
    if has_dependents:
        registry.dependencies_of_all = others.dependencies()
        if registry.dependencies_of_all is None:
            return None
    # Where nothing of a product runs, it makes no difference whether the environment is compared.
    places = {name for record in registry.products.values() for name in record.cells}
    registry.use_of_all = others.use_at_least(
        active_since(now), places, users_needed(len(others.names))
    )
    return registry if registry.use_of_all is not None else None
