"""Deployments, undeployments and cells as rows, and rows as they were.

A row of a deployment refers to its events by key; `rest` has what most deployments do not have:
later events, the event that declares it void, the void events of a valid one, and what an
undeployment ended.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from versioner.models import Cell, CellResults, Deployment, Instance, RunningPeriod, Undeployment
from versioner.models.event_fields import personal_fields
from versioner.registry.event_order import order_key
from versioner.registry.fold.cell_results import results_of
from versioner.serialization.compact_json import compact_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.models import Event

    Entry = Deployment | Undeployment

__all__ = [
    "DEPLOYMENT_COLUMNS",
    "decode_course",
    "decode_entry",
    "decode_state",
    "encode_cell",
    "encode_entry",
    "keys_in",
]

DEPLOYMENT_COLUMNS: Final = (
    "key, environment, instance, version, status, kind, at, changed_at, previous, void, rank,"
    " people, rest"
)
_PEOPLE: Final = personal_fields("deployment")


def people_in(events: Sequence[Event]) -> str:
    """Return who took part in some events, in lower case, one a line between line ends."""
    found = {
        str(event[key]).casefold(): None for event in events for key in _PEOPLE if key in event
    }
    return "\n".join(["", *found, ""]) if found else ""


def encode_entry(entry: Entry, key_of: Mapping[int, int]) -> tuple[Any, ...]:
    """Return the row of a deployment or undeployment; `key_of` gives keys by event identity."""
    events = entry.events
    first = key_of[id(events[0])]
    rest: dict[str, Any] = {}
    if len(events) > 1:
        rest["e"] = [key_of[id(event)] for event in events[1:]]
    if entry.void is not None:
        rest["v"] = key_of[id(entry.void)]
    if entry.void_events:
        rest["w"] = [[key_of[id(event)], key_of[id(void)]] for event, void in entry.void_events]
    previous = entry.previous
    if isinstance(entry, Undeployment):
        previous = ""
        if entry.ended:
            rest["n"] = entry.ended
    return (
        first,
        entry.environment,
        entry.instance,
        entry.version,
        entry.status,
        entry.kind,
        entry.at,
        entry.changed_at,
        previous,
        int(entry.void is not None),
        int(order_key(events[0])[-1]),
        people_in(events),
        compact_json(rest) if rest else None,
    )


def keys_in(rest: Mapping[str, Any]) -> list[int]:
    """Return the keys of the events that a row refers to beside its first one."""
    found = [*rest.get("e", ())]
    if "v" in rest:
        found.append(rest["v"])
    for pair in rest.get("w", ()):
        found += pair
    return found


def decode_entry(
    product: str,
    row: Sequence[Any],
    first: Event,
    rest: Mapping[str, Any],
    events: Mapping[int, Event],
) -> Entry:
    """Return the deployment or undeployment of a row; `events` are those that it refers to."""
    _, environment, instance, version, status, kind, at, changed_at, previous, *_ = row
    if not rest and kind != "undeployment":
        # Nearly all rows are so.
        return Deployment(
            first["id"], product, environment, version, status, at, changed_at, [first], instance,
            kind, previous,
        )  # fmt: skip
    void = events[rest["v"]] if "v" in rest else None
    if kind == "undeployment":
        ended = tuple(rest.get("n", ()))
        return Undeployment(
            first["id"], product, environment, instance, version, at, first, ended, void
        )
    return Deployment(
        first["id"],
        product,
        environment,
        version,
        status,
        at,
        changed_at,
        [first, *(events[key] for key in rest.get("e", ()))],
        instance,
        kind,
        previous,
        void,
        [(events[event], events[declared]) for event, declared in rest.get("w", ())],
    )


def encode_cell(cell: Cell) -> tuple[str, str, str, str]:
    """Return the row of a cell, without its product.

    It has the environment, when the latest deployment changed last ("" without one), what the cell
    says of now, and what happened in it.
    """
    latest = cell.latest.changed_at if cell.latest is not None else ""
    return cell.environment, latest, _encode_state(cell), _encode_course(cell)


def _encode_state(cell: Cell) -> str:
    """Return what a cell says of now, as JSON: all that the matrix asks."""
    places: dict[int, int] = {}
    found: list[list[Any]] = []

    def place(deployment: Deployment | None) -> int:
        if deployment is None:
            return -1
        if id(deployment) not in places:
            places[id(deployment)] = len(found)
            found.append(_fields(deployment))
        return places[id(deployment)]

    results = results_of(cell)
    state = {
        "current": place(cell.current),
        "latest": place(cell.latest),
        "open": [place(each) for each in cell.open],
        "failed": place(results.failed_last),
        "settled": results.settled,
        "since": cell.since,
        "redeployed": cell.redeployed_at,
        "instances": [
            (each.name, place(each.current), each.kind, each.previous, *_since(each))
            for each in cell.instances
        ],
        "deployments": found,
    }
    return compact_json(state)


def _since(instance: Instance) -> tuple[str, str]:
    return instance.since, instance.redeployed_at


def _fields(each: Deployment) -> list[Any]:
    # A deployment that says what is, is not void.
    return [
        *(each.id, each.version, each.status, each.at, each.changed_at, each.events),
        *(each.instance, each.kind, each.previous, each.void_events),
    ]


def decode_state(cell: Cell, text: str) -> None:
    """Set what a cell says of now."""
    state = json.loads(text)
    deployments = [_deployment(cell, fields) for fields in state["deployments"]]
    deployments_and_none: list[Deployment | None] = [*deployments, None]
    cell.current = deployments_and_none[state["current"]]
    cell.latest = deployments_and_none[state["latest"]]
    cell.open = [deployments[each] for each in state["open"]]
    cell.since, cell.redeployed_at = state["since"], state["redeployed"]
    cell.instances = [
        Instance(name, deployments_and_none[current], *others)
        for name, current, *others in state["instances"]
    ]
    cell.results = CellResults(state["settled"], deployments_and_none[state["failed"]])


def _deployment(cell: Cell, fields: Sequence[Any]) -> Deployment:
    event_id, version, status, at, changed_at, events, instance, kind, previous, voids = fields
    void_events = [(event, void) for event, void in voids]
    return Deployment(
        *(event_id, cell.product, cell.environment, version, status, at, changed_at, events),
        *(instance, kind, previous, None, void_events),
    )


def _encode_course(cell: Cell) -> str:
    """Return what happened in a cell, as JSON: completions, and periods, the latest first.

    Deployments are named by their places in the cell. Nearly all cells complete what their
    deployments completed, and a period begins when its deployment ended and ends when the next one
    begins: only what differs from this is written.
    """
    places = {id(each): place for place, each in enumerate(cell.deployments)}
    completed = [places[id(each)] for each in cell.completed]
    following: dict[str, str] = {}
    periods: list[Any] = []
    for period in reversed(cell.periods):
        place = places[id(period.deployment)]
        usual = _usual_period(cell.environment, period.deployment, following)
        fields = (period.instance, period.version, period.since, period.until)
        periods.append(place if period == usual else [place, *fields])
        following[period.instance] = period.since
    return compact_json([completed if completed != _usual_completed(cell) else None, periods])


def decode_course(cell: Cell, text: str) -> None:
    """Set the completions and periods of a cell, whose deployments are set."""
    completed, periods = json.loads(text)
    places = _usual_completed(cell) if completed is None else completed
    cell.completed = [cell.deployments[place] for place in places]
    following: dict[str, str] = {}
    cell.periods = []
    for each in periods:
        place, *fields = each if isinstance(each, list) else (each,)
        deployment = cell.deployments[place]
        period = _usual_period(cell.environment, deployment, following)
        if fields:
            instance, version, since, until = fields
            period = RunningPeriod(cell.environment, version, since, until, deployment, instance)
        following[period.instance] = period.since
        cell.periods.append(period)
    cell.periods.reverse()


def _usual_completed(cell: Cell) -> list[int]:
    return [
        place
        for place, each in enumerate(cell.deployments)
        if each.status == "completed" and each.void is None
    ]


def _usual_period(
    environment: str, deployment: Deployment, following: Mapping[str, str]
) -> RunningPeriod:
    """Return a deployment's period; `following` has when the next one began, by instance."""
    until = following.get(deployment.instance, "")
    since, instance = deployment.changed_at, deployment.instance
    return RunningPeriod(environment, deployment.version, since, until, deployment, instance)
