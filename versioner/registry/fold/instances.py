"""Fold the results of one cell, in fold order, into what runs on each instance, and since when.

An event without an instance speaks for the whole environment: what it completes is completed on
every instance. Until an instance has a result of its own again, it is where the whole is. So an
instance is stored only from its own result until the whole has the next one, and each event takes
constant time, however many instances there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.models import Instance, RunningPeriod
from versioner.registry.fold.cell import result_at
from versioner.registry.fold.completions import CompletionHistory, earlier, kind_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from versioner.models import Cell, Deployment, DeploymentKind, Undeployment

__all__ = ["InstanceFold"]

# Of a deployment of the whole, which may be another thing on each instance, the first that holds.
_PRECEDENCE: Final[tuple[DeploymentKind, ...]] = (
    "rollback", "return", "deployment", "redeployment",
)  # fmt: skip


_NONE: Final = CompletionHistory()


class _Whole(NamedTuple):
    """What the last completion of the whole was compared with, for the instances that follow it."""

    version: str
    previous: str
    previous_position: int
    first: int | None  # the completion of the version in the whole before this one


class InstanceFold:
    """What runs on the instances of one cell, event by event."""

    def __init__(self, cell: Cell, listed: Sequence[str] = ()) -> None:
        self._cell = cell
        self._listed = frozenset(listed)
        self._order = tuple(listed)
        self._position = 0
        self._history = CompletionHistory()  # of the whole
        self._own: dict[str, CompletionHistory] = {}  # of the instances with a result of their own
        self._whole = Instance("")
        self._compared = _Whole("", "", -1, None)
        # The unnamed instance: whether it goes on, and since when.
        self._unnamed = False
        self._unnamed_since = ""
        self._nothing_since = ""  # since when nothing runs where no result names the instance
        # The instances with a result of their own since the last one of the whole.
        self._apart: dict[str, Instance] = {}
        self._apart_by_version: dict[str, dict[str, None]] = {}
        self._listed_apart = 0
        # Of the others, those whose stay began at another time than that of the whole.
        self._joined: dict[str, str] = {}
        self._periods: dict[str, RunningPeriod] = {}  # those that go on, by instance
        self._version: str | None = ""  # of the cell; None where it is mixed
        self._last_of: dict[str, Deployment] = {}  # by version

    # ---- events, in fold order ---------------------------------------------------------------

    def place(self, deployment: Deployment) -> None:
        """Set what a deployment replaces and, where it completed, what kind it is; take effect."""
        self._position += 1
        instance = deployment.instance
        history = self._history if not instance else self._own.get(instance)
        deployment.previous = self._last(history).last
        if deployment.status != "completed":
            return
        self._cell.completed.append(deployment)
        self._last_of[deployment.version] = deployment
        at = result_at(deployment)
        if instance:
            self._complete_one(deployment, at)
        else:
            self._complete_whole(deployment, at)
        self._summarize(at, deployment)

    def remove(self, event: Undeployment) -> None:
        """End what runs, as an undeployment says; set the versions that it ended."""
        self._position += 1
        if event.instance:
            self._remove_one(event)
        elif event.version:
            self._remove_version(event)
        else:
            running = [*self._apart_by_version, self._whole_version()]
            event.ended = tuple(dict.fromkeys(each for each in running if each))
            self._set_whole(None, event.at)
            self._unnamed = False
        if event.has_effect:
            self._summarize(event.at, None)

    def finish(self, named: Collection[str]) -> None:
        """Set the state of the cell; `named` are the instances that events name."""
        cell = self._cell
        names = dict.fromkeys((*self._order, *sorted(named)))
        if names:
            cell.instances = [self._state(name) for name in names]
            if self._unnamed:
                cell.instances.append(self._unnamed_state())

    # ---- one instance ------------------------------------------------------------------------

    def _complete_one(self, deployment: Deployment, at: str) -> None:
        name, version = deployment.instance, deployment.version
        before = self._course(name)
        history = self._own.get(name)
        deployment.kind = self._kind(history, version)
        if history is None:
            history = self._own[name] = CompletionHistory()
        history.add(version, self._position)
        same = before.version == version
        since = before.since if same else at
        later = at if same and at != since else ""
        state = Instance(name, deployment, deployment.kind, deployment.previous, since, later)
        self._set_apart(state, at)
        if name not in self._periods:
            first = before.current if same and before.current is not None else deployment
            self._begin_period(name, first, since)

    def _remove_one(self, event: Undeployment) -> None:
        before = self._course(event.instance)
        if event.version and before.version != event.version:
            return
        event.ended = (before.version,) if before.version else ()
        since = before.since if before.since and not before.version else event.at
        self._own.setdefault(event.instance, CompletionHistory())
        self._set_apart(Instance(event.instance, since=since), event.at)

    def _set_apart(self, state: Instance, at: str) -> None:
        """Store the state of an instance after a result of its own."""
        name = state.name
        self._joined.pop(name, None)
        old = self._apart.get(name)
        if old is not None:
            self._forget_version(old)
        elif name in self._listed:
            self._listed_apart += 1
        self._apart[name] = state
        self._apart_by_version.setdefault(state.version, {})[name] = None
        if name in self._periods and self._periods[name].version != state.version:
            self._end_period(name, at)
        if self._unnamed and self._is_covered():
            self._unnamed = False
            self._end_period("", at)

    def _forget_version(self, state: Instance) -> None:
        names = self._apart_by_version[state.version]
        del names[state.name]
        if not names:
            del self._apart_by_version[state.version]

    # ---- the whole ---------------------------------------------------------------------------

    def _complete_whole(self, deployment: Deployment, at: str) -> None:
        version = deployment.version
        kind = deployment.kind = self._kind(None, version)
        if self._apart:
            self._set_kind_of_all(deployment, kind)
        whole = self._history
        first = whole.firsts.get(version)
        self._compared = _Whole(version, whole.last, whole.last_position, first)
        whole.add(version, self._position)
        goes_on = self._unnamed and self._whole.version == version
        self._set_whole(deployment, at)
        self._whole.kind, self._whole.previous = kind, self._compared.previous
        if not goes_on:
            self._unnamed_since = at
            self._begin_period("", deployment, at)
        self._unnamed = True

    def _set_kind_of_all(self, deployment: Deployment, kind: DeploymentKind) -> None:
        """Set the kind of a deployment of the whole: it may be another one on each instance."""
        # Where every instance that is listed had a result of its own, there are no others.
        kinds = {} if self._is_covered() else {kind: deployment.previous}
        for name in self._apart:
            own = self._own[name]
            kinds.setdefault(self._kind(own, deployment.version), self._last(own).last)
        deployment.kind = next(each for each in _PRECEDENCE if each in kinds)
        deployment.previous = kinds[deployment.kind]

    def _set_whole(self, deployment: Deployment | None, at: str) -> None:
        """Store the state of the whole, in which every instance is now (None: nothing runs)."""
        whole = self._whole
        version = deployment.version if deployment is not None else ""
        goes_on = whole.since != "" and whole.version == version
        if not goes_on:
            self._end_period("", at)
            for name in self._joined:
                self._end_period(name, at)
            self._joined.clear()
        if self._apart:
            self._join(version, at, goes_on=goes_on)
        if not goes_on:
            whole.since, whole.redeployed_at = at, ""
        elif deployment is not None:
            whole.redeployed_at = at
        whole.current = deployment
        self._nothing_since = whole.since if deployment is None else ""

    def _join(self, version: str, at: str, *, goes_on: bool) -> None:
        """Make the instances that went their own way follow the whole, which runs a version."""
        for name, state in self._apart.items():
            if state.version != version:
                self._end_period(name, at)
                if goes_on:
                    self._joined[name] = at
            elif state.since:
                self._joined[name] = state.since
        self._apart.clear()
        self._apart_by_version.clear()
        self._listed_apart = 0

    def _remove_version(self, event: Undeployment) -> None:
        """End one version wherever it runs."""
        version, at = event.version, event.at
        for name in [*self._apart_by_version.get(version, ())]:
            self._set_apart(Instance(name, since=at), at)
            event.ended = (version,)
        runs = self._whole_version() == version
        if runs:
            event.ended = (version,)
        # Also where every instance that runs has a result of its own by now: an instance that is
        # first named later does not follow what was removed.
        if self._whole.version == version:
            for name in ("", *self._joined):
                self._end_period(name, at)
            self._joined.clear()
            self._whole = Instance("", since=at)
            self._nothing_since = at if runs else ""
            self._unnamed = False

    def _is_covered(self) -> bool:
        """Return whether each listed instance had a result of its own since the whole had one."""
        return bool(self._listed) and self._listed_apart == len(self._listed)

    def _whole_version(self) -> str:
        """Return the version of the whole if an instance runs it still, else ""."""
        has_followers = len(self._own) > len(self._apart)
        return self._whole.version if self._unnamed or has_followers else ""

    # ---- states ------------------------------------------------------------------------------

    def _state(self, name: str) -> Instance:
        if name in self._own:
            return self._course(name)
        # An instance without a result of its own is one of those that are not named.
        return self._unnamed_state(name) if self._unnamed else self._nothing(name)

    def _course(self, name: str) -> Instance:
        """Return the state that the results of an instance and of the whole give."""
        state = self._apart.get(name)
        if state is not None:
            return state
        own = self._own.get(name) or _NONE
        whole = self._whole
        since = self._joined.get(name, whole.since)
        latest = whole.redeployed_at or whole.since
        later = latest if whole.current is not None and latest != since else ""
        kind, previous = self._kind_of_whole(own)
        return Instance(name, whole.current, kind, previous, since, later)

    def _nothing(self, name: str) -> Instance:
        return Instance(name, since=self._nothing_since)

    def _unnamed_state(self, name: str = "") -> Instance:
        whole = self._whole
        since = self._unnamed_since
        later = whole.redeployed_at if whole.redeployed_at != since else ""
        return Instance(name, whole.current, whole.kind, whole.previous, since, later)

    def _summarize(self, at: str, deployment: Deployment | None) -> None:
        """Set what runs in the environment after an event, and since when."""
        version = self._running_version()
        cell = self._cell
        if version != self._version or not cell.since:
            self._version, cell.since, cell.redeployed_at = version, at, ""
        elif deployment is not None and deployment.version == version and at != cell.since:
            cell.redeployed_at = at
        cell.current = self._last_of[version] if version else None

    def _running_version(self) -> str | None:
        """Return the one version that runs, "" for none, None for several."""
        if not self._own:
            return self._whole.version if self._unnamed else ""
        apart = self._apart_by_version
        whole = self._whole_version()
        count = len(apart) - ("" in apart) + (whole != "" and whole not in apart)
        if count > 1:
            return None
        return whole or next((each for each in apart if each), "")

    # ---- kinds -------------------------------------------------------------------------------

    def _last(self, history: CompletionHistory | None) -> CompletionHistory:
        """Return the history whose completion came last: that of an instance, or of the whole."""
        whole = self._history
        if history is None or history.last_position < whole.last_position:
            return whole
        return history

    def _kind(self, history: CompletionHistory | None, version: str) -> DeploymentKind:
        """Return what the completion of a version is, after what one history and the whole had."""
        last = self._last(history).last
        first, of_last = self._history.firsts.get(version), self._history.firsts.get(last)
        if history is not None:
            first = earlier(first, history.firsts.get(version))
            of_last = earlier(of_last, history.firsts.get(last))
        return kind_of(version, last, first, of_last)

    def _kind_of_whole(self, own: CompletionHistory) -> tuple[DeploymentKind, str]:
        """Return what the last completion of the whole was on an instance that follows it."""
        version, previous, position, first = self._compared
        if self._whole.current is None:
            return "deployment", ""
        whole = self._history
        before = own.last if own.last_position > position else previous
        first = earlier(first, own.firsts.get(version))
        of_last = earlier(whole.firsts.get(before), own.firsts.get(before))
        return kind_of(version, before, first, of_last), before

    # ---- periods -----------------------------------------------------------------------------

    def _begin_period(self, name: str, deployment: Deployment, since: str) -> None:
        environment, version = self._cell.environment, deployment.version
        period = RunningPeriod(environment, version, since, "", deployment, name)
        self._periods[name] = period
        self._cell.periods.append(period)

    def _end_period(self, name: str, at: str) -> None:
        period = self._periods.pop(name, None)
        if period is not None:
            period.until = at
