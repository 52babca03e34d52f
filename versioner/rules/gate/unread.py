"""Files with errors that rules ask about a question: none of these rules is judged without them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.models.governance import ScheduleBlock, UnreadableFile
from versioner.registry.governance.scopes import is_match
from versioner.rules.gate.scope import is_in_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from versioner.models import Problem
    from versioner.models.governance import Rule, Scope
    from versioner.registry.governance.scopes import Site
    from versioner.registry.records import Registry

__all__ = ["unread_files"]

# The problems (`validation.codes`) for which a file, or an event of a log, is left out.
_LEFT_OUT: Final = frozenset(
    (
        *("yaml", "encoding", "size", "duplicate-key", "unknown-key", "required", "type"),
        *("retyped", "value", "name", "version", "secret", "month", "duplicate-id"),
    )
)


def unread_files(registry: Registry, site: Site) -> Iterator[UnreadableFile]:
    """Yield the files about a product and an environment that rules ask and that have errors.

    A team that cannot be read may be in a scope, an environment may be of any type, and an event
    that is left out may have been a rollback.
    """
    rules = [each for each in registry.governance.rules if each.enforcement != "disabled"]
    record = registry.products.get(site.product)
    problems = record.problems if record is not None else []
    product = layout.product_path(site.product)
    if any(_asks(rule, site, registry, "teams") for rule in rules):
        yield from _first_error(problems, product)
    environment = layout.environment_path(site.environment)
    if any(_asks(rule, site, registry, "environment_types") for rule in rules):
        yield from _first_error(registry.problems, environment)
    if any(_asks_events(rule) and is_in_scope(rule, site, registry) for rule in rules):
        folder = layout.product_dir(site.product)
        for name in ("versions", "deployments"):
            yield from _first_error(problems, f"{folder}/{name}/")


def _asks(rule: Rule, site: Site, registry: Registry, key: str) -> bool:
    """Return whether a key of a scope decides whether a rule is about a place."""
    is_asked = getattr(rule.applies_to, key) is not None
    if not is_match(_without(rule.applies_to, key), site, registry):
        return False
    excepted = rule.excepted
    if excepted is None or not is_match(_without(excepted, key), site, registry):
        return is_asked
    return getattr(excepted, key) is not None


def _without(scope: Scope, key: str) -> Scope:
    return replace(scope, teams=None) if key == "teams" else replace(scope, environment_types=None)


def _asks_events(rule: Rule) -> bool:
    return not isinstance(rule.block, ScheduleBlock) or rule.rollbacks == "exempt"


def _first_error(problems: Iterable[Problem], prefix: str) -> Iterator[UnreadableFile]:
    """Yield the first error of each file with a path."""
    seen: set[str] = set()
    for each in problems:
        is_own = each.path.startswith(prefix) and each.path not in seen
        if is_own and each.severity == "error" and each.code in _LEFT_OUT:
            seen.add(each.path)
            yield UnreadableFile(each.path, each.line, each.message)
