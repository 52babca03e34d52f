"""Which rules may be about a product, an environment, or a place of both."""

from __future__ import annotations

from itertools import product as pairs_of
from typing import TYPE_CHECKING

from versioner.registry.governance.scopes import site_of
from versioner.rules.gate.scope import is_in_scope

if TYPE_CHECKING:
    from versioner.models.governance import Rule, UnreadableFile
    from versioner.registry.records import Registry

__all__ = ["rules_about", "unreadable_about"]


def rules_about(registry: Registry, product: str, environment: str) -> list[Rule]:
    """Return the rules that are about some place of a product and an environment, "" for any."""
    rules = registry.governance.rules
    return [each for each in rules if _is_about(each, registry, product, environment)]


def unreadable_about(registry: Registry, product: str, environment: str) -> list[UnreadableFile]:
    """Return the files with errors that may be about such a place."""
    files = registry.governance.unreadable
    return [each for each in files if _is_about(each, registry, product, environment)]


def _is_about(
    subject: Rule | UnreadableFile, registry: Registry, product: str, environment: str
) -> bool:
    if not product and not environment:
        return True
    products = [product] if product else registry.products
    environments = [environment] if environment else registry.environments
    return any(
        is_in_scope(subject, site_of(registry, one, other), registry)
        for one, other in pairs_of(products, environments)
    )
