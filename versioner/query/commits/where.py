"""Where a change runs: which environments have it, since when, and where it was taken back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from versioner.query.derived.latest_values import latest_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from versioner.models import RunningPeriod
    from versioner.registry.records import ProductRecord

__all__ = ["ChangeState", "Presence", "commits_of", "presences"]

ChangeState = Literal["there", "taken-back", "never", "unknown"]


@dataclass(frozen=True, slots=True)
class Presence:
    """The answer whether an environment, or an instance ("": those not named), has a change.

    `since` is when it came for the last time, with `version`, which `by` deployed. `until` is when
    it was taken back, "" where it is there. An unknown state is that of a version without a known
    commit.
    """

    product: str
    environment: str
    instance: str
    state: ChangeState
    since: str = ""
    until: str = ""
    version: str = ""
    by: str = ""


def commits_of(record: ProductRecord) -> dict[str, str]:
    """Return the commit of each version that has one."""
    return {name: each.scm_sha for name, each in record.versions.items() if each.scm_sha}


def presences(
    record: ProductRecord, environments: Iterable[str], has: Callable[[str], bool | None]
) -> Iterator[Presence]:
    """Yield for each environment and instance whether a change is there.

    `has` returns whether a version has the change, None where that is not known.
    """
    for environment in environments:
        periods = sorted(
            record.cell(environment).periods, key=lambda each: (each.instance, each.since)
        )
        if not periods:
            yield Presence(record.name, environment, "", "never")
        for _, own in groupby(periods, key=lambda each: each.instance):
            yield _presence(record.name, [*own], has)


def _presence(
    product: str, periods: Sequence[RunningPeriod], has: Callable[[str], bool | None]
) -> Presence:
    """Return whether a change is on an instance, whose periods are given oldest first."""
    place = periods[0].environment, periods[0].instance
    known = [has(each.version) for each in periods]
    last = periods[-1]
    is_running = not last.until
    if is_running and known[-1] is None:
        return Presence(product, *place, "unknown")
    if True not in known:
        return Presence(product, *place, "unknown" if None in known else "never")
    end = len(known) - 1 - known[::-1].index(True)
    start = end
    while start and known[start - 1] and periods[start - 1].until == periods[start].since:
        start -= 1
    first = periods[start]
    is_there = is_running and end == len(periods) - 1
    return Presence(
        product,
        *place,
        "there" if is_there else "taken-back",
        first.since,
        "" if is_there else periods[end].until,
        first.version,
        latest_value(first.deployment.events, "deployed_by"),
    )
