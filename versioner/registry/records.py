"""A registry as it is read: product records, and what their events fold into.

A record is not changed after it was read. Its events are folded when the result is first used,
and the result is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from versioner.errors import NotFound
from versioner.registry.fold.product import empty_cell, fold_product, fold_versions
from versioner.registry.governance.decisions import deciders_of, decisions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from versioner.models import Cell, Deployment, Event, Problem, Version
    from versioner.models.events import RecordedChanges
    from versioner.models.governance import Decision, Governance
    from versioner.registry.governance.decisions import Decider
    from versioner.registry.governance.load import LoadedGovernance

__all__ = ["EnvironmentUse", "ProductRecord", "Registry", "use_of_cells", "wanted_products"]


class EnvironmentUse(NamedTuple):
    """How many products were deployed in some time, and how many of them in each environment."""

    products: int
    users: Mapping[str, int]


def use_of_cells(products: Iterable[Mapping[str, Cell]], since: str) -> EnvironmentUse:
    """Return the use of environments by products, of each of which the cells are given."""
    users: dict[str, int] = {}
    count = 0
    for cells in products:
        names = [
            name
            for name, cell in cells.items()
            if cell.latest is not None and cell.latest.changed_at >= since
        ]
        count += bool(names)
        for name in names:
            users[name] = users.get(name, 0) + 1
    return EnvironmentUse(count, users)


@dataclass
class ProductRecord:
    """One product: its description and its events.

    `builds` and `deployment_events` are in log position order (by month, then line), void
    events included; `observations` and `decision_events` are in the same order. `tree` is the git
    tree id of the product's directory, None where it has none. `listed` are the instances that the
    files of environments list, by environment.
    """

    name: str
    document: dict[str, Any] = field(default_factory=dict)
    tree: str | None = None
    builds: list[Event] = field(default_factory=list)
    deployment_events: list[Event] = field(default_factory=list)
    observations: list[Event] = field(default_factory=list)
    decision_events: list[Event] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    listed: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def _folded(self) -> tuple[list[Deployment], dict[str, Cell]]:
        return fold_product(self.name, self.deployment_events, self.listed)

    @property
    def deployments(self) -> list[Deployment]:
        """Return the deployments of all cells, oldest first, void ones included."""
        return self._folded[0]

    @property
    def cells(self) -> dict[str, Cell]:
        """Return the cells that have events, by environment, in order of name."""
        return self._folded[1]

    @cached_property
    def versions(self) -> dict[str, Version]:
        """Return the versions by name, first seen first."""
        return fold_versions(self.name, self.builds, self.deployments)

    @property
    def recorded_changes(self) -> Mapping[str, RecordedChanges]:
        """Return the commits of each version since the one before it, where they are known."""
        return {
            name: each.changes for name, each in self.versions.items() if each.changes is not None
        }

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """Return the decisions about the versions, in the order of the logs."""
        return decisions_of(self.decision_events)

    @property
    def deciders(self) -> tuple[Decider, ...]:
        """Return who gave or refused approvals of its versions, once for each type."""
        return deciders_of(self.decision_events)

    def release(self) -> None:
        """Drop what can be read again; here all stays."""

    @property
    def environments_named(self) -> set[str]:
        """Return the environments that its events and observations name."""
        events = (*self.deployment_events, *self.observations)
        return {event["environment"] for event in events if "environment" in event}

    @property
    def event_count(self) -> int:
        """Return the number of its builds and deployment events."""
        return len(self.builds) + len(self.deployment_events)

    @property
    def latest_at(self) -> str:
        """Return the latest time of its events, observations and decisions, "" for none."""
        logs = (self.builds, self.deployment_events, self.observations, self.decision_events)
        events = chain.from_iterable(logs)
        return max((event["at"] for event in events), default="")

    def cell(self, environment: str) -> Cell:
        """Return the cell of an environment; an empty one where nothing was deployed."""
        return self.cells.get(environment) or empty_cell(
            self.name, environment, self.listed.get(environment, ())
        )

    def cells_at(self, at: str) -> dict[str, Cell]:
        """Return the cells of a moment: events up to it, and every void, whenever declared."""
        events = [each for each in self.deployment_events if each["at"] <= at or "voids" in each]
        return fold_product(self.name, events, self.listed)[1]


@dataclass
class Registry:
    """A registry at one revision (None: in memory, or a work tree without commits).

    `environments` are in display order, with `type` and `order` filled in; `products` are by
    name; `aliases` maps old names to products, `environment_aliases` former names to
    environments (no event of a product has one of these); `deleted` has the deletion records.
    `problems` are those of the whole registry, with those of each product. `governance` is what may
    ship; its files are read with `load_governance` when they are first used. `has_governance` is
    False where there is no such file. `find_open` finds the deployments to an environment that may
    be open at a moment, or that may have been open at any, where no record need be read for it.
    """

    revision: str | None = None
    commit_time: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    environment_aliases: dict[str, str] = field(default_factory=dict)
    products: dict[str, ProductRecord] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    deleted: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    load_governance: Callable[[], LoadedGovernance] | None = field(
        default=None, compare=False, repr=False
    )
    has_governance: bool = False
    find_open: Callable[..., Iterator[Deployment]] | None = field(
        default=None, compare=False, repr=False
    )

    @property
    def title(self) -> str:
        """Return the title of the registry."""
        return str(self.config.get("title") or "Deployment registry")

    @property
    def site_title(self) -> str:
        """Return the title of the pages about the registry."""
        return str((self.config.get("site") or {}).get("title") or self.title)

    @cached_property
    def governance(self) -> Governance:
        """Return the rules, requests, templates and groups, and the files that are unreadable."""
        if self.load_governance is not None:
            return self.load_governance().governance
        from versioner.models.governance import Governance

        return Governance()

    def environment_use(self, since: str) -> EnvironmentUse:
        """Return how many products were deployed since a moment, and where."""
        return use_of_cells((each.cells for each in self.products.values()), since)

    @property
    def dependencies(self) -> dict[str, list[str]]:
        """Return the products that each product depends on; those without any are left out."""
        return {
            name: needed
            for name, record in self.products.items()
            if (needed := record.document.get("depends_on"))
        }

    @property
    def errors(self) -> list[Problem]:
        """Return the problems that are errors; what they concern is missing in the registry."""
        return [problem for problem in self.problems if problem.severity == "error"]

    def target_of(self, name: str) -> str:
        """Return the name that a product's name or old name leads to; no product need have it."""
        seen = set[str]()
        while name not in self.products and name in self.aliases and name not in seen:
            seen.add(name)
            name = self.aliases[name]
        return name

    def resolve(self, name: str) -> ProductRecord:
        """Return a product by its name or an old one; raise NotFound with the nearest names."""
        target = self.target_of(name)
        if target in self.products:
            return self.products[target]
        if target in self.deleted:
            when = str(self.deleted[target].get("deleted_at", ""))[:10]
            raise NotFound(
                f'product "{target}" was deleted' + (f" on {when}" if when else ""),
                hint=f"restore it with `versioner product restore {target}`",
            )
        raise _unknown("product", name, [*self.products, *self.aliases])

    @property
    def listed_instances(self) -> dict[str, tuple[str, ...]]:
        """Return the instances that the files of environments list, by environment."""
        return {
            name: tuple(document["instances"])
            for name, document in self.environments.items()
            if document.get("instances")
        }

    def environment(self, name: str) -> dict[str, Any]:
        """Return an environment's document by its name or a former one.

        Raises NotFound with the nearest names.
        """
        target = self.environment_name(name)
        if target not in self.environments:
            raise _unknown("environment", name, [*self.environments, *self.environment_aliases])
        return self.environments[target]

    def environment_name(self, name: str) -> str:
        """Return the environment that a name or former name leads to; none need have it."""
        return self.environment_aliases.get(name, name)


def wanted_products(products: Iterable[str], names: Iterable[str], registry: Registry) -> list[str]:
    """Return the names that some names or old names lead to; raise NotFound for an unknown one."""
    # Names are resolved before any product is read: one record stands for each of them.
    known = Registry(
        products=dict.fromkeys(names, ProductRecord("")),
        aliases=registry.aliases,
        deleted=registry.deleted,
    )
    for name in products:
        known.resolve(name)
    return sorted({known.target_of(name) for name in products})


def _unknown(what: str, name: str, known: Iterable[str]) -> NotFound:
    from versioner.names import nearest

    near = nearest(name, known)
    return NotFound(
        f'there is no {what} "{name}"',
        hint=f"did you mean {', '.join(near)}?" if near else f"see `versioner {what} list`",
    )
