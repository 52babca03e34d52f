"""A naive model of the fold of deployment events, written from the words of the design alone.

It is slow and obvious: each question is answered by a walk over all events. `test_naive_fold`
compares it with the fold. A comment that begins with "Reading:" states how a sentence of the
design is read that leaves something open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.registry.naive_deployments import in_order, without_voids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.registry.naive_deployments import NaiveDeployment
    from versioner.models import Event

__all__ = ["NaiveCell", "NaiveState", "naive_cell"]


@dataclass
class NaiveState:
    """What runs on one instance."""

    version: str = ""
    current: str = ""
    kind: str = "deployment"
    previous: str = ""
    since: str = ""
    redeployed_at: str = ""


@dataclass
class NaiveCell:
    """What the events say of one environment: ids are those of a deployment's first event."""

    deployments: list[NaiveDeployment]
    completed: list[str]
    open: list[str]
    ended: dict[str, set[str]]
    void_undeployments: set[str]
    instances: dict[str, NaiveState]
    versions: set[str]
    since: str
    redeployed_at: str

    @property
    def version(self) -> str:
        """Return the one version that runs, "" for none and for several."""
        return next(iter(self.versions)) if len(self.versions) == 1 else ""


def naive_cell(events: Sequence[Event], environment: str, listed: Sequence[str] = ()) -> NaiveCell:
    """Return what a product's events, in log order, say of one environment."""
    here = in_order([each for each in events if each.get("environment") == environment])
    # Reading: a declaration of a mistake is no deployment's event, so that none voids it.
    deployments, valid = without_voids(here, {each["voids"] for each in events if "voids" in each})
    told = [each for each in valid if tells_what_runs(each, deployments)]
    named = {each["instance"] for each in valid if "instance" in each} | set(listed)
    names = [*sorted(named), ""]
    for deployment in deployments:
        describe(deployment, told, listed)
    shown = instances_of(told, names, listed)
    versions = {each.version for each in shown.values()} - {""}
    since = since_of_cell(told, names, listed)
    undeployments = [each for each in valid if each["status"] == "undeployed"]
    return NaiveCell(
        deployments=deployments,
        completed=[first_id(e, deployments) for e in told if e["status"] == "completed"],
        open=[d.id for d in deployments if not d.void and d.result is None],
        ended={each["id"]: ended_by(each, told, names, listed) for each in undeployments},
        void_undeployments={
            each["id"] for each in here if each["status"] == "undeployed" and each not in valid
        },
        instances=shown if named else {},
        versions=versions,
        since=since,
        redeployed_at=redeployed(versions, since, told),
    )


def tells_what_runs(event: Event, deployments: list[NaiveDeployment]) -> bool:
    """Return whether it is an undeployment, or the result of a completed deployment."""
    return event["status"] == "undeployed" or any(
        event is d.result and d.status == "completed" and not d.void for d in deployments
    )


def first_id(event: Event, deployments: list[NaiveDeployment]) -> str:
    return next(d.id for d in deployments if event in d.events and not d.void)


def of(name: str, told: list[Event]) -> list[Event]:
    """Return what was said of an instance: by itself, and by the whole."""
    return [each for each in told if each.get("instance", "") in ("", name)]


def state_of(name: str, told: list[Event]) -> NaiveState:
    """Return what runs on an instance after these events."""
    state = NaiveState()
    completed: list[str] = []
    for event in of(name, told):
        if event["status"] == "undeployed":
            if event.get("version", state.version) != state.version:
                continue
            since = event["at"] if state.version or not state.since else state.since
            state = NaiveState(since=since)
            continue
        version = event["version"]
        stays = state.version == version
        state = NaiveState(
            version=version,
            current=event["id"],
            kind=kind_of(version, completed),
            previous=completed[-1] if completed else "",
            since=state.since if stays else event["at"],
            # Reading: two completions in one second are told as one.
            redeployed_at=event["at"] if stays and event["at"] != state.since else "",
        )
        completed.append(version)
    return state


def kind_of(version: str, completed: list[str]) -> str:
    """Return what a completion is where these versions completed before it, oldest first."""
    if not completed or version not in completed:
        return "deployment"
    replaced = completed[-1]
    if version == replaced:
        return "redeployment"
    return "rollback" if completed.index(version) < completed.index(replaced) else "return"


def describe(deployment: NaiveDeployment, told: list[Event], listed: Sequence[str]) -> None:
    """Write the kind of a completed deployment and the version before it.

    Reading: one of the whole is what it was on the unnamed one, while that goes on, and on the
    instances that were told since the whole was. Where these differ, a rollback is told first,
    then a return, a deployment, and a redeployment.
    """
    result = deployment.result
    if deployment.void or result is None or result["status"] != "completed":
        return
    before = told[: told.index(result)]
    order = told_since_the_whole(before)
    if not all_told(before, listed):
        order.insert(0, "")
    mine = [deployment.instance] if deployment.instance else order
    states = [state_of(name, [*before, result]) for name in mine]
    kinds = ("rollback", "return", "deployment", "redeployment")
    there = min(states, key=lambda each: kinds.index(each.kind))
    deployment.kind, deployment.previous = there.kind, there.previous


def told_since_the_whole(told: list[Event]) -> list[str]:
    """Return the instances that were told by themselves since the whole was, in that order.

    Reading: the undeployment of one version of the whole does not tell the whole.
    """
    names: list[str] = []
    for event in told:
        if event.get("instance"):
            names += [event["instance"]] if has_effect(event, told) else []
        elif event["status"] == "completed" or "version" not in event:
            names = []
    return list(dict.fromkeys(names))


def ended_by(
    undeployment: Event, told: list[Event], names: list[str], listed: Sequence[str]
) -> set[str]:
    """Return the versions that an undeployment ended."""
    before, here = told[: told.index(undeployment)], undeployment.get("instance")
    there = [state_of(here, before)] if here else instances_of(before, names, listed).values()
    return {
        each.version for each in there if undeployment.get("version", each.version) == each.version
    } - {""}


def instances_of(
    told: list[Event], names: list[str], listed: Sequence[str]
) -> dict[str, NaiveState]:
    """Return what runs on each instance that is named or listed, and on the unnamed one.

    The unnamed one is left out where nothing runs there, unless it is the only one.
    """
    unnamed = unnamed_state(told, listed)
    states = {}
    for name in names[:-1]:
        # Reading: an instance that has told nothing itself is one of those that the unnamed one
        # stands for; where that has ended, nothing runs there.
        states[name] = state_of(name, told) if told_itself(name, told) else unnamed
    if unnamed.version or names == [""]:
        states[""] = unnamed
    return states


def told_itself(name: str, told: list[Event]) -> bool:
    """Return whether an instance has a completed deployment or an undeployment of its own."""
    return any(e.get("instance") == name and has_effect(e, told) for e in told)


def has_effect(event: Event, told: list[Event]) -> bool:
    """Return False for the undeployment, on one instance, of a version that does not run there."""
    if event["status"] != "undeployed" or "version" not in event:
        return True
    before = told[: told.index(event)]
    running = state_of(event.get("instance", ""), before).version
    return running == str(event["version"])


def unnamed_state(told: list[Event], listed: Sequence[str]) -> NaiveState:
    """Return what the whole had said, for the instances not named since."""
    said: list[Event] = []
    for number, event in enumerate(told, 1):
        said.append(event)
        if all_told(told[:number], listed) and state_of("", said).version:
            # Nothing is said of others any more: what the whole had said has ended here.
            said.append({"at": "", "status": "undeployed"})
    return state_of("", said)


def all_told(told: list[Event], listed: Sequence[str]) -> bool:
    """Return whether each listed instance was told by itself since the whole was told."""
    return bool(listed) and set(listed) <= set(told_since_the_whole(told))


def since_of_cell(told: list[Event], names: list[str], listed: Sequence[str]) -> str:
    """Return when the versions that run now began to be those that run.

    Reading: a cell's state is one version, none, or a mixed one, whatever the versions are; the
    instances are those that it has now.
    """
    states = []
    for number in range(1, len(told) + 1):
        until = told[:number]
        shown = instances_of(until, names, listed)
        said = any(state_of(name, until).since for name in names)
        versions = {each.version for each in shown.values()} - {""}
        runs = "mixed" if len(versions) > 1 else "".join(versions)
        states.append((runs if said else None, told[number - 1]["at"]))
    since = ""
    for runs_then, at in reversed(states):
        if runs_then is None or runs_then != states[-1][0]:
            break
        since = at
    return since


def redeployed(versions: set[str], since: str, told: list[Event]) -> str:
    """Return the latest completion of the one version that runs, "" where it is the first."""
    if len(versions) != 1:
        return ""
    (version,) = versions
    stay = [e["at"] for e in told if e["status"] == "completed" and e["version"] == version]
    stay = [at for at in stay if at >= since]
    return stay[-1] if stay and stay[-1] != since else ""
