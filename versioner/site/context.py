"""The context of a site: the registry, its derived facts, and the links between pages."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from versioner.git.event_commits import EventCommits
from versioner.layout import month_of
from versioner.models.documents import DEFAULT_STALE_AFTER
from versioner.query.derived.relations import dependents, former_names
from versioner.query.gate.rule_activity import rule_activity
from versioner.query.matrix import CellState, Matrix, cell_state, matrix, with_observed
from versioner.query.observed import seen_until, was_observed
from versioner.query.times.text import age_text, parse_duration, seconds_between
from versioner.query.times.zones import zone_of
from versioner.registry.checks.settings import SAFE_PATH, site_address
from versioner.site.forge_links import ForgeLinks
from versioner.site.inbox import InboxEvents, inbox_events
from versioner.site.navigation import sections_of
from versioner.site.pagination import (
    ROWS,
    HistoryPage,
    ListedPage,
    PageLink,
    history_pages,
)
from versioner.site.privacy import hidden_fields
from versioner.site.summaries.catalogue import Catalogue
from versioner.site.summaries.state import SiteState
from versioner.site.summaries.tallies import Tallies
from versioner.site.urls import (
    LOST,
    deployment_anchor,
    deployments_page,
    environment_month,
    environment_page,
    month_page,
    outward,
    product_page,
    relative,
    version_anchor,
)
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from versioner.git.event_commits import RecordedBy
    from versioner.models import Deployment, Event, Undeployment
    from versioner.query.derived.drift import HiddenEnvironment
    from versioner.query.gate.rule_activity import RuleActivity
    from versioner.registry.records import ProductRecord, Registry
    from versioner.remote.inbox_refs import Inbox
    from versioner.site.summaries.codec import ListedRow

__all__ = ["SiteContext"]


class SiteContext:
    """What all views of a site read: the registry with its derived facts, pages and links.

    `now` is the time that ages are computed from. `base_url` is `""` where the address of the
    site is not configured. `recorded` maps event ids to the commits that recorded the events;
    it is empty in a shallow clone. `inbox` has the events that are not recorded yet; its content
    is not trusted. `forge` is what the clone's remote says of the forge, with the keys of
    registry.yaml, for what that does not say. `activity` is what happened to the rules in the last
    days, None where they were always as they are. An environment that events name but the registry
    does not define (`validate` reports it) has a page too.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        now: str,
        base_url: str = "",
        recorded: Mapping[str, RecordedBy] | None = None,
        inbox: Inbox | None = None,
        forge: Mapping[str, str] | None = None,
        catalogue: Catalogue | None = None,
        activity: RuleActivity | None = None,
    ) -> None:
        self._records = registry.products
        self.activity = activity or rule_activity(registry, now=now)
        self.catalogue = catalogue or Catalogue(registry, SiteState(None), {})
        self.ambiguous = _ambiguous(registry)
        self.registry = registry = replace(registry, products=self.catalogue.summaries)
        self.now = now
        self.inbox = inbox_events(registry, inbox) if inbox else InboxEvents()
        self.recorded: Mapping[str, RecordedBy] = {} if recorded is None else recorded
        self.has_commits = bool(self.recorded)
        self.forge = ForgeLinks.of(registry.config, forge or {})
        given = base_url or str(self.settings.get("base_url", ""))
        self.base_path = _base_path(given)
        self.base_url = site_address(given) if outward(given) else ""
        self.hidden = hidden_fields(registry.config)
        # A path from the repository's top; its picture is published with the other assets.
        self.logo = str(self.settings.get("logo", "")).removeprefix("site_templates/")
        self.zone = zone_of(registry)
        self.tallies = Tallies(self.catalogue, registry, now, self.hidden)
        self.sections = sections_of(registry)
        self.environments = _environments(registry)
        self._titles = {
            name: str(document.get("title") or name) for name, document in self.environments.items()
        }
        self._stale_after = {
            name: parse_duration(str(document.get("stale_after") or DEFAULT_STALE_AFTER))
            for name, document in self.environments.items()
        }
        self._observations = {
            name: seen_until(record.observations)
            for name, record in registry.products.items()
            if record.observations
        }
        self._history: tuple[str, list[HistoryPage]] = ("", [])
        self._counted: dict[str, dict[str, list[int]]] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """Return the section `site` of registry.yaml."""
        return self.registry.config.get("site") or {}

    @property
    def title(self) -> str:
        """Return the title of the site."""
        return self.registry.site_title

    def link(self, page: str, target: str) -> str:
        """Return the link from a page to another page."""
        # A server sends 404.html for a path of any depth, so its links must be absolute.
        return self.base_path + target if page == LOST else relative(page, target)

    def product(self, page: str, name: str) -> str:
        """Return the link to a product's page."""
        return self.link(page, product_page(name))

    def environment(self, page: str, name: str) -> str:
        """Return the link to an environment's page."""
        return self.link(page, environment_page(name))

    def record(self, name: str) -> ProductRecord:
        """Return a product with all of its events; `registry` has summaries without them."""
        return self._records[name]

    def registry_with(self, record: ProductRecord) -> Registry:
        """Return the registry with one whole product; the others have summaries."""
        return replace(self.registry, products={**self.registry.products, record.name: record})

    def release(self, name: str) -> None:
        """Drop what was read of a product."""
        self._history = ("", [])
        self.record(name).release()

    def history(self, name: str) -> list[HistoryPage]:
        """Return the pages of a product's history, oldest first."""
        # The views of one product follow each other.
        if self._history[0] != name:
            self._history = name, history_pages(self.record(name))
        return self._history[1]

    def deployment(self, page: str, deployment: Deployment | Undeployment) -> str:
        """Return the link to the row of a deployment or of an undeployment."""
        return self.row(page, deployment.product, deployment.id, deployment.at)

    def row(self, page: str, product: str, row_id: str, at: str) -> str:
        """Return the link to a row of a product's history, by its id and time."""
        target = self.catalogue.page_of(product, row_id, at)
        return _anchor_link(page, target, deployment_anchor(row_id))

    def listed_row(self, page: str, row: ListedRow) -> str:
        """Return the link to a row of a list on its product's page."""
        target = month_page(row.product, month_of(row.at), row.data.part)
        return _anchor_link(page, target, deployment_anchor(row.id))

    def version(self, page: str, product: str, version: str) -> str:
        """Return the link to a version's row, `""` where the product has no such version."""
        target = self.catalogue.version_page(product, version)
        return _anchor_link(page, target, version_anchor(version)) if target else ""

    def commits_of(self, events: Iterable[Event]) -> Mapping[str, RecordedBy]:
        """Return the commits that recorded events, by event id."""
        if not self.has_commits:
            return {}
        recorded, ids = self.recorded, [event["id"] for event in events]
        if self.ambiguous:
            ids = [each for each in ids if each not in self.ambiguous]
        if isinstance(recorded, EventCommits):
            return recorded.some(ids)
        return {each: recorded[each] for each in ids if each in recorded}

    @cached_property
    def matrix(self) -> Matrix:
        """Return the environment state matrix, without retired environments."""
        return matrix(self.registry, now=self.now)

    @cached_property
    def _states(self) -> dict[str, dict[str, CellState]]:
        """Return by product and environment the states that the matrix has."""
        return {row.product: {c.environment: c for c in row.cells} for row in self.matrix.rows}

    @cached_property
    def drifting(self) -> frozenset[str]:
        """Return the products that drift."""
        return frozenset(row.product for row in self.matrix.rows if row.drifting)

    @cached_property
    def dependents(self) -> dict[str, list[str]]:
        """Return for each product those that depend on it, by name."""
        return dependents(self.registry)

    @cached_property
    def former_names(self) -> dict[str, list[str]]:
        """Return by product the names that it had before."""
        return former_names(self.registry)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the environments that the overview shows at first: those compared for drift."""
        return self.matrix.compared

    @property
    def hidden_environments(self) -> tuple[HiddenEnvironment, ...]:
        """Return the environments that the overview shows only on demand, and why."""
        return self.matrix.hidden

    @cached_property
    def deployment_links(self) -> list[PageLink]:
        """Return the pages of what happened to all products, oldest first."""
        return self._links("", deployments_page)

    @cached_property
    def environment_links(self) -> dict[str, list[PageLink]]:
        """Return by environment the pages of what happened there, oldest first."""
        return {
            name: self._links(name, partial(environment_month, name)) for name in self.environments
        }

    def listed(self, link: PageLink, environment: str = "") -> ListedPage:
        """Return one of these pages with its rows."""
        rows = self.listed_rows(link, environment)
        return ListedPage(link.path, link.month, link.part, rows)

    def listed_rows(self, link: PageLink, environment: str = "") -> Sequence[ListedRow]:
        """Return the rows of one of these pages in short."""
        rows = self.catalogue.listed(link.month, environment)
        return rows[(link.part - 1) * ROWS : link.part * ROWS]

    def _links(self, environment: str, path_of: Callable[[str, int], str]) -> list[PageLink]:
        found: list[PageLink] = []
        for month in self.catalogue.months:
            total = self.catalogue.total(month, environment)
            starts = range(0, total.deployments + total.undeployments, ROWS)
            if total.undeployments and len(starts) > 1:
                # Which part has which of them is seen in the rows.
                numbers = self.catalogue.remembered(
                    month, environment, partial(self._numbers, environment, month)
                )
            else:
                numbers = [min(ROWS, total.deployments - start) for start in starts]
            found += [
                PageLink(path_of(month, part), month, part, number)
                for part, number in enumerate(numbers, 1)
            ]
        return found

    def _numbers(self, environment: str, month: str) -> list[int]:
        """Return the number of deployments on each page of a month."""
        if month not in self._counted:
            # The rows of a month are read once, and counted for the lists of all environments.
            lists: dict[str, list[bool]] = {}
            for row in self.catalogue.listed(month):
                is_deployment = bool(row.data.kind)
                lists.setdefault("", []).append(is_deployment)
                lists.setdefault(row.data.environment, []).append(is_deployment)
            self._counted[month] = {
                name: [sum(own[start : start + ROWS]) for start in range(0, len(own), ROWS)]
                for name, own in lists.items()
            }
        return self._counted[month][environment]

    def state(self, product: str, environment: str) -> CellState:
        """Return the state of a product in an environment."""
        known = self._states[product]
        if environment not in known:
            cell = self.registry.products[product].cell(environment)
            state = cell_state(cell, now=self.now, stale_after=self._stale_after[environment])
            known[environment] = with_observed(state, self._observations.get(product))
        return known[environment]

    def has_cell(self, record: ProductRecord, environment: str) -> bool:
        """Return whether a product was deployed to an environment, or observed there."""
        return environment in record.cells or was_observed(record.observations, environment)

    def seconds_since(self, at: str) -> int:
        """Return the seconds from a time to `now`."""
        return seconds_between(at, self.now)

    def age(self, at: str) -> str:
        """Return the age of a time in words: `3 days ago`."""
        age = age_text(max(0, self.seconds_since(at)))
        return age if age == "just now" else f"{age} ago"

    def environment_title(self, name: str) -> str:
        """Return the title of an environment, or its name without one."""
        return self._titles[name]


def _ambiguous(registry: Registry) -> frozenset[str]:
    """Return the ids that two products use: the history finds an event by its id alone."""
    if all(each.code != codes.DUPLICATE_ID for each in registry.problems):
        return frozenset()
    times = Counter(
        event_id
        for record in registry.products.values()
        for event_id in {event["id"] for event in (*record.builds, *record.deployment_events)}
    )
    return frozenset(event_id for event_id, number in times.items() if number > 1)


def _anchor_link(page: str, target: str, anchor: str) -> str:
    return f"#{anchor}" if page == target else f"{relative(page, target)}#{anchor}"


def _environments(registry: Registry) -> dict[str, dict[str, Any]]:
    """Return the defined environments, and those that only events name."""
    known = dict(registry.environments)
    for record in registry.products.values():
        for name in (*record.cells, *(each["environment"] for each in record.observations)):
            known.setdefault(name, {"name": name, "type": "other", "order": 500})
    return known


def _base_path(base_url: str) -> str:
    """Return the path of the site on its server, `/` where that is not known."""
    path = urlsplit(base_url).path.rstrip("/") + "/"
    return path if SAFE_PATH.fullmatch(path) else "/"
