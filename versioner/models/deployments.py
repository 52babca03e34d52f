"""Deployments, versions and the cells of the matrix, which are folded from events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models.events import Event, RecordedChanges, Status

__all__ = [
    "Cell",
    "CellResults",
    "Deployment",
    "DeploymentKind",
    "Instance",
    "RunningPeriod",
    "Undeployment",
    "Version",
]

# A rollback replaces a version by one that was there before it; a return goes forward again to a
# version that was there before.
DeploymentKind = Literal["deployment", "redeployment", "rollback", "return"]


@dataclass(slots=True)
class Deployment:
    """A deployment of one version to one environment, folded from its events.

    `events` are in fold order; `id` is the first one's. `at` is when it began, `changed_at`
    when its latest event happened (both UTC, RFC 3339). `instance` is the instance of the
    environment, "" for the whole. `previous` is the version that completed there before this one
    did ("" for the first). `void` is the event that declares the whole deployment a mistake.
    `void_events` pairs each void event of a valid deployment with the event that voids it.
    """

    id: str
    product: str
    environment: str
    version: str
    status: Status
    at: str
    changed_at: str
    events: list[Event]
    instance: str = ""
    kind: DeploymentKind = "deployment"
    previous: str = ""
    void: Event | None = None
    void_events: list[tuple[Event, Event]] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Return whether the deployment has no result yet."""
        return self.status in ("pending", "started")


@dataclass(slots=True)
class Undeployment:
    """An event that says that nothing runs any more in an environment, or on an instance of it.

    `version` is the one that alone was removed, "" for whatever ran. `ended` are the versions
    that it ended: none where nothing ran, or another version than the named one. `void` is the
    event that declares it a mistake.
    """

    id: str
    product: str
    environment: str
    instance: str
    version: str
    at: str
    event: Event
    ended: tuple[str, ...] = ()
    void: Event | None = None

    @property
    def status(self) -> Literal["undeployed"]:
        """Return its status, which no deployment has."""
        return "undeployed"

    @property
    def kind(self) -> Literal["undeployment"]:
        """Return its kind in a list of deployments."""
        return "undeployment"

    @property
    def changed_at(self) -> str:
        """Return when it happened: it is a single event."""
        return self.at

    @property
    def events(self) -> list[Event]:
        """Return its event, in the form that a deployment has its events."""
        return [self.event]

    @property
    def void_events(self) -> list[tuple[Event, Event]]:
        """Return no events: a void one is void as a whole."""
        return []

    @property
    def previous(self) -> str:
        """Return the versions that it ended, as text."""
        return ", ".join(self.ended)

    @property
    def has_effect(self) -> bool:
        """Return whether it says what runs: not so where it names a version that did not run."""
        return self.void is None and (not self.version or bool(self.ended))


@dataclass(slots=True)
class RunningPeriod:
    """A period in which a version was current on an instance (`until` is "" if it still is).

    The instance "" stands for all those that no event named in that time. `deployment` is the
    first that completed in the period.
    """

    environment: str
    version: str
    since: str
    until: str
    deployment: Deployment
    instance: str = ""


@dataclass(slots=True)
class Instance:
    """The state of one instance of an environment; "" stands for those that no event named.

    `current` is the latest completed deployment of the version that runs, None where nothing
    runs, `kind` what it was there, and `previous` the version before it there. `since` is the
    first completion of the unbroken stay, or when nothing began to run ("" where nothing ever
    ran). `redeployed_at` is the latest completion in that stay, "" where it is the first.
    """

    name: str
    current: Deployment | None = None
    kind: DeploymentKind = "deployment"
    previous: str = ""
    since: str = ""
    redeployed_at: str = ""

    @property
    def version(self) -> str:
        """Return the version that runs, "" for none."""
        return self.current.version if self.current is not None else ""


@dataclass(slots=True)
class CellResults:
    """What the results in a cell say of now, for each moment later than all of them.

    `settled` is when something last completed or was removed, by instance. `failed_last` is the
    newest failed or aborted deployment, where nothing completed there after it.
    """

    settled: dict[str, str]
    failed_last: Deployment | None


@dataclass(slots=True)
class Cell:
    """The deployments of a product to an environment: one cell of the matrix.

    `deployments` are all of them, oldest first; `open` those without a result, oldest first;
    `completed` are the completed ones in the order they took effect, `latest` the newest
    deployment of any outcome. Void deployments are in none of the three last.

    `instances` is empty where no event names an instance and the environment lists none.
    `current` is the latest completed deployment of the one version that runs: None where nothing
    runs, and where several versions do (`is_mixed`). `since` is when that state began: the first
    completion of the unbroken stay, or when nothing began to run ("" where nothing ever ran).
    `results` is None where they are not known but from the deployments.
    """

    product: str
    environment: str
    deployments: list[Deployment]
    current: Deployment | None = None
    latest: Deployment | None = None
    open: list[Deployment] = field(default_factory=list)
    completed: list[Deployment] = field(default_factory=list)
    since: str = ""
    redeployed_at: str = ""
    instances: list[Instance] = field(default_factory=list)
    undeployments: list[Undeployment] = field(default_factory=list)
    periods: list[RunningPeriod] = field(default_factory=list)
    results: CellResults | None = field(default=None, compare=False, repr=False)

    @property
    def versions(self) -> tuple[str, ...]:
        """Return the versions that run, each once, in the order of the instances."""
        if not self.instances:
            return () if self.current is None else (self.current.version,)
        return tuple(dict.fromkeys(each.version for each in self.instances if each.version))

    @property
    def is_mixed(self) -> bool:
        """Return whether two versions or more run."""
        return len(self.versions) > 1


@dataclass(slots=True)
class Version:
    """A version of a product, made of its build and deployment events.

    `name` is unique in the product. `at` is its first event's time. `status` is the latest
    build event's ("" where only deployments name the version). `deployments` are newest last.
    `artifacts` maps names to digests. `changes` are the commits since the version before, as the
    first event that knows them says; None where no event does.
    """

    product: str
    name: str
    at: str
    status: Status | Literal[""] = ""
    scm_sha: str = ""
    scm_repository: str = ""
    scm_branch: str = ""
    artifacts: dict[str, str] = field(default_factory=dict)
    changes: RecordedChanges | None = None
    builds: list[Event] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)

    @property
    def source_events(self) -> Iterator[Event]:
        """Yield the events that name the source: builds, then deployments, each newest first."""
        yield from reversed(self.builds)
        for deployment in reversed(self.deployments):
            if deployment.void is None:
                yield from reversed(deployment.events)
