"""What ended on each day, added up over products: the numbers of metrics, charts and lists."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from versioner.layout import month_of
from versioner.query.derived.owners import owner_of
from versioner.query.metrics.policy import metrics_policy
from versioner.query.metrics.summary import Tally
from versioner.site.summaries.ended import EndedRow, tally_from, tally_json
from versioner.site.weeks import months_before, week_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from versioner.registry.records import Registry
    from versioner.site.summaries.catalogue import Catalogue

__all__ = ["MONTHS", "Tallies"]

# The months that pages count: that of the last commit, and a year before it.
MONTHS: Final = 13
_OTHERS: Final = ("rollback", "failed")


class Tallies:
    """The numbers of the last months by day: of all products, a team or an environment.

    `now` is the time of the last commit. The teams in `hidden` fields are not told apart.
    """

    def __init__(
        self, catalogue: Catalogue, registry: Registry, now: str, hidden: Collection[str]
    ) -> None:
        self._catalogue = catalogue
        self.policy = metrics_policy(registry)
        self._teams = {name: owner_of(record, hidden) for name, record in registry.products.items()}
        self.months = [months_before(month_of(now), number) for number in range(MONTHS)][::-1]

    def days(self, environment: str = "", team: str | None = None) -> dict[str, Tally]:
        """Return by day (`2026-11-29`) what ended, with lead times where these count.

        Without an environment, those that the policy counts; a lead time of one environment
        counts wherever it ends. Days without any are left out.
        """
        found: dict[str, Tally] = {}
        for own_team, name, day, tally in self._entries:
            if team is not None and own_team != team:
                continue
            if name == environment or (not environment and self.policy.counts(name)):
                leads = bool(environment) or self.policy.has_lead_times(name)
                found.setdefault(day, Tally()).add_all(tally, lead_times=leads)
        return dict(sorted(found.items()))

    @cached_property
    def _entries(self) -> list[tuple[str, str, str, Tally]]:
        return [
            (team, environment, day, tally_from(data))
            for month in self._kept
            for team, environment, day, data in month[0]
        ]

    @cached_property
    def exceptions(self) -> list[tuple[str, EndedRow]]:
        """Return the products and rows of what was not just a change that went well, in order.

        That is rollbacks, and what failed, was rolled back from or is rework, in the
        environments that count.
        """
        found = [(own[0], EndedRow._make(own[1:])) for month in self._kept for own in month[2]]
        return [each for each in found if self.policy.counts(each[1].environment)]

    @cached_property
    def products(self) -> dict[str, dict[str, Tally]]:
        """Return by product and month what ended, in the environments that count.

        Lead times are those of the environments where these count.
        """
        found: dict[str, dict[str, Tally]] = {}
        for month, (_, products, _) in zip(self.months, self._kept, strict=True):
            for name, data, _ in products:
                if data is not None:
                    found.setdefault(name, {})[month] = tally_from(data)
        return found

    @cached_property
    def weeks_of_products(self) -> dict[str, dict[str, int]]:
        """Return by product how many deployments ended in each week, by the day of its Monday."""
        found: dict[str, dict[str, int]] = {}
        for _, products, _ in self._kept:
            for name, _, weeks in products:
                own = found.setdefault(name, {})
                for monday, number in weeks:
                    own[monday] = own.get(monday, 0) + number
        return found

    @cached_property
    def _kept(self) -> list[list[Any]]:
        policy = self.policy
        others = [
            sorted(self._teams.items()),
            None if policy.environments is None else sorted(policy.environments),
            sorted(policy.lead_time_environments or ()),
        ]
        key = hashlib.blake2b(json.dumps(others).encode(), digest_size=8).hexdigest()
        return [
            self._catalogue.remembered_of_ended(month, key, partial(self._count, month))
            for month in self.months
        ]

    def _count(self, month: str) -> list[Any]:
        groups: dict[tuple[str, str, str], list[EndedRow]] = {}
        products, exceptions = [], []
        for name, rows in self._catalogue.ended_of_all(month):
            team = self._teams.get(name, "")
            for row in rows:
                groups.setdefault((team, row.environment, row.at[:10]), []).append(row)
                if row.is_failure or row.is_rework or row.kind in _OTHERS:
                    exceptions.append([name, *row])
            products.append(self._of_product(name, rows))
        days = [[*place, tally_json(rows)] for place, rows in sorted(groups.items())]
        exceptions.sort(key=itemgetter(1, 0, 10))
        return [days, sorted(products, key=itemgetter(0)), exceptions]

    def _of_product(self, name: str, rows: list[EndedRow]) -> list[Any]:
        weeks: dict[str, int] = {}
        for row in rows:
            monday = week_of(row.at)
            weeks[monday] = weeks.get(monday, 0) + 1
        counted = [
            row if self.policy.has_lead_times(row.environment) else row._replace(lead=None)
            for row in rows
            if self.policy.counts(row.environment)
        ]
        return [name, tally_json(counted) if counted else None, sorted(weeks.items())]
