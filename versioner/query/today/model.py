"""The report of a day or of several days: what happened, and what fails, waits and is stuck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from versioner.models import Deployment
    from versioner.query.gate.requests import RequestDetail
    from versioner.query.lag import Lag, LagPolicy
    from versioner.query.matrix import Matrix
    from versioner.query.today.closed import ClosedWindow
    from versioner.query.today.happenings import Happening
    from versioner.registry.records import ProductRecord, Registry

__all__ = [
    "Failing",
    "Failure",
    "Moved",
    "OtherPlace",
    "Period",
    "TodayReport",
    "TodaySource",
    "Waiting",
]


class Period(NamedTuple):
    """Whole days of a time zone, or a time that began at a moment: from `since`, before `until`.

    `first` and `last` are its days (`2025-11-22`), `days` their number.
    """

    since: str
    until: str
    first: str
    last: str
    days: int


class TodaySource(Protocol):
    """What a report is made from: a registry, and what happened in it."""

    @property
    def registry(self) -> Registry:
        """Return the registry; only what its cells say of now is read."""

    @property
    def matrix(self) -> Matrix:
        """Return the matrix of now."""

    @property
    def hidden(self) -> Collection[str]:
        """Return the fields that are not shown."""

    def happenings(self, since: str, until: str) -> Iterable[Happening]:
        """Return what ended, began or was declared a mistake from a moment on, before another."""

    def requests(self) -> Sequence[RequestDetail]:
        """Return the deployment requests that are not over."""

    def record(self, product: str) -> ProductRecord:
        """Return a product with its decisions and its commits."""

    def owner(self, product: str) -> str:
        """Return the team or person that owns a product, "" for none."""


class Moved(NamedTuple):
    """What brought the present version of a time to a place, and what it brought there before.

    `earlier` are the versions in between, the latest first.
    """

    last: Happening
    first: Happening
    earlier: tuple[str, ...] = ()


class Failure(NamedTuple):
    """A deployment that failed or was cancelled; `is_still` where nothing completed there since.

    It is None where that is not looked at. `running` is the version that runs there now.
    """

    happening: Happening
    is_still: bool | None
    running: str


class Failing(NamedTuple):
    """A deployment that failed or was cancelled before the time, where nothing completed since."""

    deployment: Deployment
    running: str


class Waiting(NamedTuple):
    """A deployment in progress, one that waits to start, or one that has had no result for long."""

    deployment: Deployment
    status: str


class OtherPlace(NamedTuple):
    """What came to an environment that is not production: how often, and the versions at last."""

    environment: str
    deployments: int
    moved: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TodayReport:
    """What happened in a time, and what is at its end; of a team or ("") of all.

    `owners` has the team of each product that is named. `stuck` waits for as long as the policy
    says, `ready` for a shorter time. `last_day` is the last day on which something happened, ""
    where nothing ever did; `is_quiet` where nothing did in the time itself.
    """

    period: Period
    zone: str
    team: str
    owners: dict[str, str]
    production: tuple[str, ...]
    policy: LagPolicy
    reached: tuple[Moved, ...] = ()
    redeployed: int = 0
    rolled_back: tuple[Happening, ...] = ()
    removed: tuple[Happening, ...] = ()
    void: tuple[Happening, ...] = ()
    failed: tuple[Failure, ...] = ()
    failing: tuple[Failing, ...] = ()
    others: tuple[OtherPlace, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    requests: tuple[RequestDetail, ...] = ()
    closed: tuple[ClosedWindow, ...] = ()
    ready: tuple[Lag, ...] = ()
    stuck: tuple[Lag, ...] = ()
    last_day: str = ""

    @property
    def is_quiet(self) -> bool:
        """Return whether nothing happened in the time."""
        happened = (self.reached, self.rolled_back, self.removed, self.void, self.failed)
        return not (any(happened) or self.others or self.redeployed)
