"""Deployments and undeployments in short, with what ran before and for how long."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.models import Undeployment
from versioner.query.derived.latest_values import latest_value
from versioner.registry.index.answers import CellStep
from versioner.rules.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from versioner.models import Cell, Deployment

__all__ = [
    "Happening",
    "earliest_beginning",
    "happening_of",
    "previous_stays",
    "ran_since",
    "steps_of",
]

# A deployment that took longer than this from its beginning is not looked for by its end.
_LONGEST_DAYS: Final = 31


class Happening(NamedTuple):
    """A deployment or an undeployment, or that it was declared a mistake.

    `at` is when it ended (or changed last, where it is open) or was declared a mistake, `began`
    when it began. `before` are the versions that ran before it, and `before_since` is since
    when ("": not known). An undeployment has the kind "undeployment". `taken` is what a rollback
    took away.
    """

    id: str
    product: str
    environment: str
    instance: str
    version: str
    status: str
    kind: str
    began: str
    at: str
    by: str = ""
    reason: str = ""
    before: tuple[str, ...] = ()
    before_since: str = ""
    is_void: bool = False
    taken: str = ""


def happening_of(
    entry: Deployment | Undeployment,
    before_since: str = "",
    hidden: Collection[str] = (),
    taken: str = "",
) -> Happening:
    """Return a deployment or an undeployment in short."""
    void = entry.void
    events = entry.events if void is None else [void]
    removed = isinstance(entry, Undeployment)
    return Happening(
        id=entry.id,
        product=entry.product,
        environment=entry.environment,
        instance=entry.instance,
        version=entry.version,
        status=entry.status,
        kind=entry.kind,
        began=entry.at,
        at=entry.changed_at if void is None else void["at"],
        by=latest_value(events, "deployed_by", hidden) if void is None else "",
        reason=latest_value(events, "reason", hidden),
        before=entry.ended
        if isinstance(entry, Undeployment)
        else (entry.previous,)
        if entry.previous
        else (),
        before_since=before_since if not removed or entry.void is None else "",
        is_void=void is not None,
        taken=taken,
    )


def steps_of(cell: Cell) -> list[CellStep]:
    """Return the completions and the undeployments of a cell, the latest first."""
    found = [CellStep(each.changed_at, each.instance, each.version) for each in cell.completed]
    removed = (each for each in cell.undeployments if each.has_effect)
    found += [CellStep(each.at, each.instance, "") for each in removed]
    # Where two have the same second, the one that was recorded last comes first, too.
    found.sort(key=lambda each: each.at)
    return found[::-1]


def previous_stays(cell: Cell) -> dict[str, str]:
    """Return since when the version before had run, by the id of what ended that."""
    steps = steps_of(cell)[::-1]
    stays: dict[str, _Stays] = {}
    found: dict[str, str] = {}
    entries: list[Deployment | Undeployment] = [*cell.deployments, *cell.undeployments]
    for entry in entries:
        version = entry.ended[:1] if isinstance(entry, Undeployment) else (entry.previous,)
        if entry.void is not None or not version or not version[0]:
            continue
        if entry.status not in ("completed", "undeployed"):
            continue
        own = stays.get(entry.instance)
        if own is None:
            own = stays[entry.instance] = _Stays(steps, entry.instance)
        since = own.of(version[0], entry.changed_at)
        if since:
            found[entry.id] = since
    return found


class _Stays:
    """What ran on an instance after each step of its cell, and since when without a break.

    So the steps of a cell are read once, and not again for each of its deployments.
    """

    def __init__(self, steps: Iterable[CellStep], instance: str) -> None:
        self._times: list[str] = []
        self._versions: list[str] = []
        self._since: list[str] = []
        version, since = "", ""
        for step in steps:
            if step.instance not in ("", instance):
                continue
            if step.version != version or not self._times:
                version, since = step.version, step.at
            self._times.append(step.at)
            self._versions.append(version)
            self._since.append(since)

    def of(self, version: str, before: str) -> str:
        """Return since when a version had run without a break before a moment, as `ran_since`."""
        place = bisect_left(self._times, before) - 1
        return self._since[place] if place >= 0 and self._versions[place] == version else ""


def ran_since(steps: Iterable[CellStep], version: str, instance: str, before: str) -> str:
    """Return since when a version had run without a break before a moment, "" where it did not.

    `steps` are those of its cell, the latest first.
    """
    since = ""
    for step in steps:
        if step.at >= before or step.instance not in ("", instance):
            continue
        if step.version != version:
            break
        since = step.at
    return since


def earliest_beginning(since: str) -> str:
    """Return since when deployments are looked at that may have ended after a moment."""
    return utc_text(datetime.fromisoformat(since) - timedelta(days=_LONGEST_DAYS))
