"""Deployments, versions and the cells of the matrix, which are folded from events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models.events import Event, Status

__all__ = ["Cell", "Deployment", "DeploymentKind", "Version"]

DeploymentKind = Literal["deployment", "redeployment", "rollback"]


@dataclass(slots=True)
class Deployment:
    """A deployment of one version to one environment, folded from its events.

    `events` are in fold order; `id` is the first one's. `at` is when it began, `changed_at`
    when its latest event happened (both UTC, RFC 3339). `previous` is the version that was
    current in the cell before this one completed ("" for the first). `void` is the event that
    declares the whole deployment a mistake. `void_events` pairs each void event of a valid
    deployment with the event that voids it.
    """

    id: str
    product: str
    environment: str
    version: str
    status: Status
    at: str
    changed_at: str
    events: list[Event]
    kind: DeploymentKind = "deployment"
    previous: str = ""
    void: Event | None = None
    void_events: list[tuple[Event, Event]] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Return whether the deployment has no result yet."""
        return self.status in ("pending", "started")


@dataclass(slots=True)
class Cell:
    """The deployments of a product to an environment: one cell of the matrix.

    `deployments` are all of them, oldest first; `open` those without a result, oldest first;
    `completed` are the completed ones in the order they took effect, `current` is the last of
    them; `latest` the newest deployment of any outcome. Void deployments are in none of them.
    """

    product: str
    environment: str
    deployments: list[Deployment]
    current: Deployment | None = None
    latest: Deployment | None = None
    open: list[Deployment] = field(default_factory=list)
    completed: list[Deployment] = field(default_factory=list)


@dataclass(slots=True)
class Version:
    """A version of a product, made of its build and deployment events.

    `name` is unique in the product. `at` is its first event's time. `status` is the latest
    build event's ("" where only deployments name the version). `deployments` are newest last.
    `artifacts` maps names to digests.
    """

    product: str
    name: str
    at: str
    status: Status | Literal[""] = ""
    scm_sha: str = ""
    scm_repository: str = ""
    scm_branch: str = ""
    artifacts: dict[str, str] = field(default_factory=dict)
    builds: list[Event] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)

    @property
    def source_events(self) -> Iterator[Event]:
        """Yield the events that name the source: builds, then deployments, each newest first."""
        yield from reversed(self.builds)
        for deployment in reversed(self.deployments):
            if deployment.void is None:
                yield from reversed(deployment.events)
