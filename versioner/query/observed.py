"""What was seen to run, beside what is recorded: pure questions to the observations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from versioner.models import Event

__all__ = [
    "UNNAMED",
    "ObservationKey",
    "ObservedState",
    "RecordedState",
    "differs_from",
    "is_running",
    "key_of",
    "observed_states",
    "recorded_at",
    "same_state",
    "seen_until",
    "versions_in",
    "was_observed",
]

_STATE: tuple[str, ...] = ("version", "versions", "images", "artifacts")


class ObservationKey(NamedTuple):
    """Where and by what something was seen; `instance` is "" for the whole environment."""

    environment: str
    instance: str
    source: str


class RecordedState(NamedTuple):
    """What is recorded to run in one place, since when.

    `versions` are several where the instances of a whole environment run several. `opening` are
    the versions of deployments that have no result yet.
    """

    versions: tuple[str, ...] = ()
    since: str = ""
    opening: frozenset[str] = frozenset()

    @property
    def version(self) -> str:
        """Return the version, "" where none or several run."""
        return self.versions[0] if len(self.versions) == 1 else ""


@dataclass(frozen=True, slots=True)
class ObservedState:
    """What was last seen of a product in one place, and whether the registry says the same.

    `version` is "" unless exactly one ran. `versions` are all that ran, `images` those whose
    version is not known. `recorded` is "" unless exactly one version is recorded, and
    `recorded_versions` are all that are. `since` is when this was first seen without another state
    in between, `at` when it was last seen. `differs` is None where that is not known: the version
    is not, or the last look is older than what is recorded.
    """

    instance: str
    source: str
    version: str
    versions: tuple[str, ...]
    images: tuple[str, ...]
    running: bool
    since: str
    at: str
    recorded: str
    differs: bool | None
    differs_since: str = ""
    artifacts: dict[str, str] = field(default_factory=dict)
    recorded_versions: tuple[str, ...] = ()

    @property
    def comparison(self) -> Literal["same", "differs", "unknown"]:
        """Return the word for `differs`."""
        if self.differs is None:
            return "unknown"
        return "differs" if self.differs else "same"


# The key of what is recorded for the instances that are not named.
UNNAMED: Final = "*"


def recorded_at(recorded: Mapping[str, RecordedState], instance: str) -> RecordedState:
    """Return what is recorded on an instance, "" for the whole environment.

    `recorded` has the whole under "", each named instance under its name, and what goes for the
    others under `UNNAMED`. Without any instance, the whole goes for each of them.
    """
    if not instance or set(recorded) <= {""}:
        return recorded.get("", RecordedState())
    return recorded.get(instance) or recorded.get(UNNAMED, RecordedState())


def key_of(event: Event) -> ObservationKey:
    """Return where and by what an observation was made."""
    return ObservationKey(event["environment"], event.get("instance", ""), event["source"])


def is_running(event: Event) -> bool:
    """Return whether anything ran."""
    return any(event.get(key) for key in _STATE)


def same_state(one: Event, other: Event) -> bool:
    """Return whether two observations saw the same."""
    return all(one.get(key) == other.get(key) for key in _STATE)


def seen_until(
    observations: Iterable[Event], at: str | None = None
) -> dict[ObservationKey, list[Event]]:
    """Return the observations up to a moment by their key, oldest first."""
    found: dict[ObservationKey, list[Event]] = {}
    for event in sorted(observations, key=lambda each: str(each["at"])):
        if at is None or event["at"] <= at:
            found.setdefault(key_of(event), []).append(event)
    return found


def was_observed(observations: Iterable[Event], environment: str) -> bool:
    """Return whether any observation is of an environment."""
    return any(event["environment"] == environment for event in observations)


def observed_states(
    seen: Mapping[ObservationKey, Sequence[Event]],
    environment: str,
    recorded: Mapping[str, RecordedState],
) -> tuple[ObservedState, ...]:
    """Return what was last seen in an environment, by instance and source.

    `recorded` is what is recorded by instance, as for `recorded_at`. What one source no longer sees
    is left out where another one sees it on the same instance.
    """
    states = [
        _state(key, events, recorded_at(recorded, key.instance))
        for key, events in sorted(seen.items())
        if key.environment == environment and events
    ]
    running = {state.instance for state in states if state.running}
    return tuple(state for state in states if state.running or state.instance not in running)


def _state(key: ObservationKey, events: Sequence[Event], recorded: RecordedState) -> ObservedState:
    last = events[-1]
    run = [last]
    for event in reversed(events[:-1]):
        if not same_state(event, last):
            break
        run.append(event)
    differs = differs_from(last, recorded)
    if differs and last["at"] < recorded.since:
        differs = None
    return ObservedState(
        instance=key.instance,
        source=key.source,
        version=last["version"],
        versions=versions_in(last),
        images=tuple(last.get("images", ())),
        running=is_running(last),
        since=run[-1]["at"],
        at=last["at"],
        recorded=recorded.version,
        differs=differs,
        differs_since=_differs_since(events, recorded) if differs else "",
        artifacts=dict(last.get("artifacts", {})),
        recorded_versions=recorded.versions,
    )


def versions_in(event: Event) -> tuple[str, ...]:
    """Return the versions that an observation names."""
    return tuple(event.get("versions", ())) or ((event["version"],) if event["version"] else ())


def differs_from(event: Event, recorded: RecordedState) -> bool | None:
    """Return whether an observation differs from what is recorded; None where it cannot tell.

    A deployment without a result explains that its version runs, alone or beside the other.
    """
    if not is_running(event):
        return bool(recorded.versions)
    seen, expected = set(versions_in(event)), {*recorded.versions, *recorded.opening}
    if not expected or not seen <= expected:
        return True
    is_whole = event["version"] != "" or len(seen) > 1
    if not is_whole or event.get("images"):
        return None
    return len(recorded.versions) > 1 and not recorded.opening and seen != expected


def _differs_since(events: Sequence[Event], recorded: RecordedState) -> str:
    since: Any = events[-1]["at"]
    for event in reversed(events):
        if not differs_from(event, recorded):
            break
        since = event["at"]
    return max(str(since), recorded.since)
