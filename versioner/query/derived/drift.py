"""Drift: which environments are compared, and whether two of them run different versions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.query.derived.running_versions import RunningVersions, instance_names
from versioner.query.times.text import seconds_between
from versioner.rules.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.registry.records import EnvironmentUse

__all__ = [
    "HiddenEnvironment",
    "active_since",
    "compared_environments",
    "is_drifting",
    "is_inactive",
    "users_needed",
]

_INACTIVE_AFTER_SECONDS: Final = 365 * 24 * 3600


# An environment is compared when at least one in ten of the active products was deployed there.
_ONE_IN: Final = 10


class HiddenEnvironment(NamedTuple):
    """An environment that is not compared for drift, and the reason."""

    environment: str
    why: str


def is_drifting(cells: Sequence[RunningVersions]) -> bool:
    """Return whether two of the environments compared run different versions on one instance.

    An environment where nothing runs on the instance is not compared.
    """
    return any(
        len({version for each in cells if (version := each.version_on(name))}) > 1
        for name in instance_names(*cells)
    )


def compared_environments(
    use: EnvironmentUse, environments: Sequence[str]
) -> tuple[tuple[str, ...], tuple[HiddenEnvironment, ...]]:
    """Return the environments that are compared for drift, and the others with the reason.

    `use` is that of the last year, by all products. An environment is compared when enough of the
    products that were deployed in that time were deployed there. All are compared when no
    environment is in such use.
    """
    active, users = use.products, {name: use.users.get(name, 0) for name in environments}
    compared = tuple(name for name in environments if users[name] * _ONE_IN >= max(1, active))
    if not compared:
        return tuple(environments), ()
    return compared, tuple(
        HiddenEnvironment(name, _why_hidden(users[name], active))
        for name in environments
        if name not in compared
    )


def users_needed(products: int) -> int:
    """Return how many products must use an environment to be compared, if all are in use."""
    return -(-max(1, products) // _ONE_IN)


def active_since(now: str) -> str:
    """Return the moment since which a product must have been deployed to be in use."""
    try:
        return utc_text(datetime.fromisoformat(now) - timedelta(seconds=_INACTIVE_AFTER_SECONDS))
    except OverflowError:
        return ""


def is_inactive(at: str, now: str) -> bool:
    """Return whether the last deployment ("": never) was over a year before `now`."""
    return not at or seconds_between(at, now) > _INACTIVE_AFTER_SECONDS


def _why_hidden(users: int, active: int) -> str:
    if not users:
        return "nothing was deployed there in the last year"
    products = "1 product" if users == 1 else f"{users:,} products"
    return f"only {products} of {active} deployed there in the last year"
