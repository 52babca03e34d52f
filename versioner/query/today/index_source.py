"""What the reports of the command line and of agents are made from: the index of a registry."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from versioner.git.files.file_changes import changes_below
from versioner.models import Undeployment
from versioner.query.commits.taken import NOTHING_TAKEN, taken_away
from versioner.query.derived.owners import owner_of
from versioner.query.gate.requests import list_requests
from versioner.query.incident import (
    change_of,
    change_of_rule,
    changes_of_product,
    changes_of_request,
)
from versioner.query.matrix import matrix
from versioner.query.today.happenings import earliest_beginning, happening_of, ran_since
from versioner.registry.event_order import seconds_of
from versioner.registry.governance.rule_history import RULES_FOLDER
from versioner.registry.index import DeploymentFilter
from versioner.rules.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from versioner.git.repository import Repository
    from versioner.models import Deployment
    from versioner.query.commits.taken import TakenAway
    from versioner.query.gate.requests import RequestDetail
    from versioner.query.incident import Change
    from versioner.query.matrix import Matrix
    from versioner.query.today.happenings import Happening
    from versioner.registry.index import CellStep, RegistryIndex
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["IndexSource", "changes_of_rules"]


class IndexSource:
    """The source of reports from an index, at a moment; only what happened in a time is read."""

    def __init__(
        self, index: RegistryIndex, registry: Registry, now: str, hidden: Collection[str] = ()
    ) -> None:
        self.registry, self.hidden = registry, hidden
        self._index, self._now = index, now

    @cached_property
    def matrix(self) -> Matrix:
        """Return the matrix of now."""
        return matrix(self.registry, now=self._now)

    def happenings(self, since: str, until: str) -> Iterator[Happening]:
        """Yield what ended, began or was declared a mistake from a moment on, before another."""
        wanted = DeploymentFilter(since=earliest_beginning(since), changed_since=since)
        entries = []
        for entry in self._index.deployments(wanted, newest_first=False):
            at = entry.changed_at if entry.void is None else entry.void["at"]
            if since <= at < until:
                entries.append(entry)
        steps: dict[tuple[str, str], list[CellStep]] = {}
        taken: dict[str, Mapping[str, TakenAway]] = {}
        for entry in reversed(entries):
            before = self._before_since(entry, until, steps)
            yield happening_of(entry, before, self.hidden, self._taken(entry, taken))

    def changes(self, since: str, until: str) -> Iterator[Change]:
        """Yield all changes from a moment to another one, without those of rules."""
        after = utc_text(datetime.fromisoformat(until) + timedelta(seconds=1))
        yield from map(change_of, self.happenings(since, after))
        found: list[Change] = []
        for record in self.registry.products.values():
            seen = any(since <= each["at"] <= until for each in record.observations)
            if seen or any(since <= each.at <= until for each in record.decisions):
                found += changes_of_product(record)
        for request in self.registry.governance.requests:
            found += changes_of_request(request)
        yield from (each for each in found if since <= each.at <= until)

    def requests(self) -> Sequence[RequestDetail]:
        """Return the deployment requests that are not over."""
        return self._requests

    @cached_property
    def _requests(self) -> list[RequestDetail]:
        return list_requests(self.registry, self._now)

    def record(self, product: str) -> ProductRecord:
        """Return a product with its decisions and its commits."""
        return self.registry.products[product]

    def owner(self, product: str) -> str:
        """Return the team or person that owns a product, "" for none."""
        return owner_of(self.registry.products[product], self.hidden)

    def _taken(
        self, entry: Deployment | Undeployment, taken: dict[str, Mapping[str, TakenAway]]
    ) -> str:
        """Return what a rollback took away, "" for nothing; `taken` keeps that of each product."""
        if entry.kind != "rollback":
            return ""
        own = taken.get(entry.product)
        if own is None:
            record = self.registry.products[entry.product]
            changes = {} if "changes" in self.hidden else record.recorded_changes
            own = taken[entry.product] = taken_away(record, changes)
        return own.get(entry.id, NOTHING_TAKEN).text()

    def _before_since(
        self,
        entry: Deployment | Undeployment,
        until: str,
        steps: dict[tuple[str, str], list[CellStep]],
    ) -> str:
        """Return since when the version before had run; `steps` keeps those of each cell."""
        version: Any = entry.ended[:1] if isinstance(entry, Undeployment) else [entry.previous]
        if entry.void is not None or entry.status not in ("completed", "undeployed"):
            return ""
        if not version or not version[0]:
            return ""
        place = entry.product, entry.environment
        own = steps.get(place)
        if own is None:
            own = steps[place] = [*self._index.cell_steps(*place, until)]
        first = bisect_right(own, -seconds_of(entry.changed_at), key=_newest)
        return ran_since(islice(own, first, None), version[0], entry.instance, entry.changed_at)


def _newest(step: CellStep) -> int:
    return -seconds_of(step.at)


def changes_of_rules(
    repository: Repository, registry: Registry, since: str, until: str
) -> list[Change]:
    """Return the commits to rules from a moment to another one, as changes."""
    if registry.revision is None:
        return []
    found = changes_below(repository, RULES_FOLDER, registry.revision, seconds_of(since))
    return [change_of_rule(each) for each in found if since <= each.at <= until]
