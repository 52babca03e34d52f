"""What a deployment request from one environment to another would hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from versioner.query.compare.environments import EnvironmentAt, diff

if TYPE_CHECKING:
    from collections.abc import Collection

    from versioner.query.compare.environments import Difference
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["Proposal", "is_blocked", "propose_versions"]


class Proposal(NamedTuple):
    """A version that runs in the source and not in the target.

    `left_out` is why it is not proposed, "" where it is. `is_older` is whether the target runs, or
    ran before, a newer one, so that it would go back.
    """

    product: str
    version: str
    replaces: str
    left_out: str = ""
    is_older: bool = False


def propose_versions(
    registry: Registry,
    source: str,
    target: str,
    products: Collection[str] | None = None,
    *,
    now: str,
) -> list[Proposal]:
    """Return all that runs in one environment and differs in another, by product.

    `products` limits it to some, by name or former name. A blocked version is left out, and so is a
    product of which several versions run, or none.
    """
    wanted = None if products is None else {registry.target_of(each) for each in products}
    found = diff(registry, EnvironmentAt(source), EnvironmentAt(target), now=now)
    return [
        _proposal(registry.products[each.product], each, now)
        for each in found
        if wanted is None or each.product in wanted
    ]


def _proposal(record: ProductRecord, difference: Difference, now: str) -> Proposal:
    running, replaced = difference.a.versions, difference.b.versions
    version = running[0] if len(running) == 1 else ""
    left_out = ""
    if not running:
        left_out = f"nothing runs in {difference.a.environment}"
    elif not version:
        left_out = f"several versions run in {difference.a.environment}: {', '.join(running)}"
    elif is_blocked(record, version, now):
        left_out = "blocked"
    is_older = bool(version) and difference.newer == "b"
    return Proposal(record.name, version, ", ".join(replaced), left_out, is_older)


def is_blocked(record: ProductRecord, version: str, at: str) -> bool:
    """Return whether a version is blocked at a moment."""
    words = ("blocked", "unblocked")
    own = [
        each
        for each in record.decisions
        if each.version == version and each.decision in words and each.at <= at
    ]
    own.sort(key=lambda each: (each.at, each.position))
    return bool(own) and own[-1].decision == "blocked"
