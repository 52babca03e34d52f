"""The atlas: where on the site everything of a registry stands."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, tzinfo
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from versioner.query.matrix import DEFAULT_STALE_AFTER, CellState, Matrix, cell_state, matrix
from versioner.query.selectors import dependents, former_names
from versioner.query.times import age_text, parse_duration, seconds_between
from versioner.site.forge_links import ForgeLinks
from versioner.site.inbox import Unrecordeds, unrecorded_of
from versioner.site.pagination import DeploymentPage, HistoryPage, batches_of, shards_of
from versioner.site.privacy import hidden_fields
from versioner.site.urls import (
    LOST,
    deployment_anchor,
    environment_page,
    outward,
    product_page,
    relative,
    version_anchor,
)
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models import Deployment
    from versioner.query.selectors import HiddenEnvironment
    from versioner.registry.records import Registry
    from versioner.remote.inbox_refs import Inbox

__all__ = ["RecordedBy", "SiteContext", "Zone"]

_SAFE_PATH: Final = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*")


class RecordedBy(NamedTuple):
    """Name the commit that recorded an event."""

    commit: str
    subject: str
    at: str


class SiteContext:
    """Know every page and anchor of a registry's site, and the links between them.

    `now` is the moment that ages are reckoned from; `base_url` is `""` where nobody said where
    the site will be. An environment that events name but the
    registry does not know (a problem that `validate` reports) still has its page. `recorded` says
    which commit recorded an event, by event id; empty where the history is cut off. `inbox` is
    what was received and is not recorded; it is never believed.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        now: str,
        base_url: str = "",
        recorded: Mapping[str, RecordedBy] | None = None,
        inbox: Inbox | None = None,
    ) -> None:
        self.registry = registry
        self.now = now
        self.unrecorded = unrecorded_of(registry, inbox) if inbox else Unrecordeds()
        self.recorded = _told_apart(registry, recorded or {})
        self.forge = ForgeLinks.of(registry.config)
        given = base_url or str(self.settings.get("base_url", ""))
        self.base_path = _base_path(given)
        self.base_url = _base_url(given)
        self.hidden = hidden_fields(registry.config)
        # A path from the repository's top; its picture is published with the other assets.
        self.logo = str(self.settings.get("logo", "")).removeprefix("site_templates/")
        self.zone = Zone(str(self.settings.get("time_zone", "")))
        self.environments = _environments(registry)
        self.shards: dict[str, list[HistoryPage]] = {
            name: shards_of(record) for name, record in registry.products.items()
        }
        self._stale_after = {
            name: parse_duration(str(document.get("stale_after") or DEFAULT_STALE_AFTER))
            for name, document in self.environments.items()
        }
        self._deployments: dict[str, dict[str, str]] = {}
        self._versions: dict[str, dict[str, str]] = {}
        for name, shards in self.shards.items():
            self._deployments[name] = {
                d.id: shard.page for shard in shards for d in shard.deployments
            }
            self._versions[name] = {v.name: shard.page for shard in shards for v in shard.versions}

    @property
    def settings(self) -> dict[str, Any]:
        """Return what registry.yaml says of the site."""
        return self.registry.config.get("site") or {}

    @property
    def title(self) -> str:
        """Return the site's name."""
        config = self.registry.config
        return str(self.settings.get("title") or config.get("title") or "Deployment registry")

    def link(self, page: str, target: str) -> str:
        """Return the link from a page to another page."""
        # The lost page is served at any depth: only from the top do its links hold.
        return self.base_path + target if page == LOST else relative(page, target)

    def product(self, page: str, name: str) -> str:
        """Return the link to a product's page."""
        return self.link(page, product_page(name))

    def environment(self, page: str, name: str) -> str:
        """Return the link to an environment's page."""
        return self.link(page, environment_page(name))

    def deployment(self, page: str, deployment: Deployment) -> str:
        """Return the link to a deployment's row."""
        there = self._deployments[deployment.product][deployment.id]
        return _within(page, there, deployment_anchor(deployment.id))

    def version(self, page: str, product: str, version: str) -> str:
        """Return the link to a version's row, `""` where the product has no such version."""
        there = self._versions[product].get(version)
        return _within(page, there, version_anchor(version)) if there else ""

    @cached_property
    def matrix(self) -> Matrix:
        """Return the environment state matrix, without retired environments."""
        return matrix(self.registry, now=self.now)

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
    def left_out(self) -> tuple[HiddenEnvironment, ...]:
        """Return the environments that the overview shows only on demand, and why."""
        return self.matrix.hidden

    @cached_property
    def deployments(self) -> list[Deployment]:
        """Return the deployments of all products, oldest first, void ones among them."""
        records = self.registry.products.values()
        return sorted(
            (each for record in records for each in record.deployments),
            key=lambda each: (each.at, each.product, each.id),
        )

    @cached_property
    def batches(self) -> list[DeploymentPage]:
        """Return the deployments of all products cut into pages, oldest first."""
        return batches_of(self.deployments)

    @cached_property
    def environment_batches(self) -> dict[str, list[DeploymentPage]]:
        """Return each environment's deployments cut into pages, oldest first."""
        found: dict[str, list[Deployment]] = {name: [] for name in self.environments}
        for each in self.deployments:
            found[each.environment].append(each)
        return {name: batches_of(deployments) for name, deployments in found.items()}

    def state(self, product: str, environment: str) -> CellState:
        """Return what runs at one place, and what goes on there."""
        return cell_state(
            self.registry.products[product].cell(environment),
            now=self.now,
            stale_after=self._stale_after[environment],
        )

    def seconds_since(self, at: str) -> int:
        """Return how long ago a moment was, in seconds."""
        return seconds_between(at, self.now)

    def age(self, at: str) -> str:
        """Word how long ago a moment was: `3 days ago`."""
        age = age_text(max(0, self.seconds_since(at)))
        return age if age == "just now" else f"{age} ago"

    def environment_title(self, name: str) -> str:
        """Return what an environment is called."""
        return str(self.environments[name].get("title") or name)


def _told_apart(registry: Registry, recorded: Mapping[str, RecordedBy]) -> Mapping[str, RecordedBy]:
    """Leave out the ids that two products have: the history knows an event by its id alone."""
    if not recorded or all(each.code != codes.DUPLICATE_ID for each in registry.problems):
        return recorded
    times = Counter(
        event_id
        for record in registry.products.values()
        for event_id in {event["id"] for event in (*record.builds, *record.deployment_events)}
    )
    return {event_id: each for event_id, each in recorded.items() if times[event_id] < 2}


def _within(page: str, there: str, anchor: str) -> str:
    return f"#{anchor}" if page == there else f"{relative(page, there)}#{anchor}"


def _environments(registry: Registry) -> dict[str, dict[str, Any]]:
    known = dict(registry.environments)
    for record in registry.products.values():
        for name in record.cells:
            known.setdefault(name, {"name": name, "type": "other", "order": 500})
    return known


def _base_url(given: str) -> str:
    """Return the site's own address with a slash at its end, `""` where none can be told."""
    parts = urlsplit(given)
    path = parts.path.rstrip("/") + "/"
    usable = outward(given) and _SAFE_PATH.fullmatch(path)
    return f"{parts.scheme}://{parts.netloc}{path}" if usable else ""


def _base_path(base_url: str) -> str:
    path = urlsplit(base_url).path.rstrip("/") + "/"
    return path if _SAFE_PATH.fullmatch(path) else "/"


class Zone:
    """Tell day and time of a moment in a zone (IANA name); an unknown one is UTC."""

    def __init__(self, name: str) -> None:
        self._zone = _zone(name)
        self.name = name if self._zone is not UTC else "UTC"

    def day(self, at: str) -> str:
        """Return the day (`2025-11-22`) of a moment (RFC 3339, `Z`)."""
        return at[:10] if self._zone is UTC else self._local(at)[:10]

    def clock(self, at: str) -> str:
        """Return the time of day (`10:15`) of a moment (RFC 3339, `Z`)."""
        return at[11:16] if self._zone is UTC else self._local(at)[11:16]

    @lru_cache(maxsize=4096)  # noqa: B019 -- there is one zone for each build
    def _local(self, at: str) -> str:
        return datetime.fromisoformat(at).astimezone(self._zone).isoformat()


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return UTC if name in ("", "UTC") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
