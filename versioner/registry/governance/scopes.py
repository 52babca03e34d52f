"""Which places a scope is about."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from versioner.names import environment_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.models.governance import Scope
    from versioner.registry.records import Registry

__all__ = ["Site", "is_match", "is_name_match", "is_pattern", "site_of"]


class Site(NamedTuple):
    """A product and an environment, with what scopes ask of them; "" is a team that is not told."""

    product: str
    team: str
    environment: str
    environment_type: str


def site_of(registry: Registry, product: str, environment: str) -> Site:
    """Return a place by its names; one that is unknown has the type that its name suggests."""
    record = registry.products.get(product)
    metadata = record.document.get("extra_metadata", {}) if record is not None else {}
    document = registry.environments.get(environment, {})
    kind = document.get("type") or environment_type(environment)
    return Site(product, metadata.get("team", ""), environment, kind)


def is_match(scope: Scope, site: Site, registry: Registry) -> bool:
    """Return whether a place matches every key of a scope."""
    environment_name: Callable[[str], str] = registry.environment_name
    return (
        _is_named(scope.products, site.product, registry.target_of)
        and _is_named(scope.environments, site.environment, environment_name)
        and (scope.teams is None or site.team in scope.teams)
        and (scope.environment_types is None or site.environment_type in scope.environment_types)
    )


def _is_named(patterns: tuple[str, ...] | None, name: str, resolve: Callable[[str], str]) -> bool:
    return patterns is None or any(is_name_match(each, name, resolve) for each in patterns)


def is_name_match(pattern: str, name: str, resolve: Callable[[str], str]) -> bool:
    """Return whether a pattern is of a name; a name without * and ? may be a former one."""
    if is_pattern(pattern):
        return _regex(pattern).fullmatch(name) is not None
    return name in (pattern, resolve(pattern))


def is_pattern(text: str) -> bool:
    """Return whether a text has a * or ?."""
    return "*" in text or "?" in text


@lru_cache(maxsize=1000)
def _regex(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char) or re.escape(char) for char in pattern))
