"""The fold agrees with the naive model on generated histories, in any order of arrival."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from tests.builders import moment
from tests.registry.naive_fold import naive_cell
from versioner.query.matrix import cell_state
from versioner.registry.fold.product import empty_cell, fold_product

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.registry.naive_deployments import NaiveDeployment
    from tests.registry.naive_fold import NaiveCell
    from versioner.models import Deployment, Event

INSTANCES = ("eu", "us", "asia")
VERSIONS = ("1.0.0", "2.0.0", "3.0.0", "4.0.0")
# Results and undeployments come often, so that most histories change what runs many times.
STATUSES = (
    *("pending", "started", "started"),
    *("completed",) * 5,
    *("failed", "aborted", "undeployed", "undeployed"),
)
RANKS = {"pending": 0, "started": 1, "undeployed": 2}
SEEDS = 200


def test_the_fold_says_of_generated_histories_what_the_naive_model_says(
    scale: Callable[[int, int], int],
) -> None:
    for seed in range(scale(SEEDS, 6_000)):
        events, listed = history(seed)
        assert folded(events, listed) == modelled(events, listed), seed


def test_the_order_of_arrival_changes_nothing_but_what_ties(
    scale: Callable[[int, int], int],
) -> None:
    for seed in range(scale(SEEDS, 6_000)):
        random = Random(f"arrival {seed}")
        events, listed = history(seed)
        apart = without_ties(events)
        expected = modelled(apart, listed)
        shuffled = random.sample(events, len(events))
        assert folded(shuffled, listed) == modelled(shuffled, listed), seed
        for _ in range(3):
            assert folded(random.sample(apart, len(apart)), listed) == expected, seed


def test_the_generated_histories_hold_what_the_design_tells_apart() -> None:
    histories = [history(seed) for seed in range(SEEDS)]
    cells = [naive_cell(events, "production", listed) for events, listed in histories]
    kinds = {each.kind for cell in cells for each in cell.deployments}
    assert kinds == {"", "deployment", "redeployment", "rollback", "return"}
    assert any(len(cell.versions) > 1 for cell in cells)
    assert any(each.void for cell in cells for each in cell.deployments)
    assert any(each.void_events for cell in cells for each in cell.deployments)
    assert any(len(ended) > 1 for cell in cells for ended in cell.ended.values())
    assert any("" in cell.instances for cell in cells)
    assert any(cell.instances and "" not in cell.instances for cell in cells)
    assert any(closed_before_it_was_opened(each) for cell in cells for each in cell.deployments)


def closed_before_it_was_opened(deployment: NaiveDeployment) -> bool:
    first, last = deployment.events[0]["status"], deployment.events[-1]["status"]
    return first in ("completed", "failed", "aborted") and last in ("pending", "started")


def history(seed: int) -> tuple[list[Event], tuple[str, ...]]:
    """Return the events of one generated history, and the instances that are listed."""
    random = Random(seed)
    versions = VERSIONS[: random.randint(2, 4)]
    instances = random.choice(((), INSTANCES[:1], INSTANCES, INSTANCES))
    listed = random.choice(((), (), INSTANCES[:1], INSTANCES[:2], INSTANCES, ("us", "africa")))
    # Seconds between events: few, so that some fall in one second and some within ten minutes.
    steps = random.choice(((0, 0, 60), (0, 30, 300, 601), (1, 60, 700)))
    events: list[Event] = []
    at = 0
    for number in range(random.randint(3, 16)):
        at += random.choice(steps)
        if events and random.random() < 0.12:
            events.append(declaration(random, number, events))
            continue
        back = random.choice((0, 0, 0, 60, 600, 601)) if random.random() < 0.3 else 0
        events.append(an_event(random, number, at - back, versions, instances, events))
    return events, listed


def an_event(
    random: Random,
    number: int,
    at: int,
    versions: tuple[str, ...],
    instances: tuple[str, ...],
    before: list[Event],
) -> Event:
    status = random.choice(STATUSES)
    event: Event = {"at": moment(at / 60), "environment": "production"}
    if random.random() < 0.1:
        event["environment"] = "staging"
    if instances and random.random() < 0.65:
        event["instance"] = random.choice(instances)
    if status != "undeployed" or random.random() < 0.5:
        event["version"] = random.choice(versions)
    event["status"] = status
    if random.random() < 0.3:
        event["invoke_id"] = random.choice(("run-1", "run-2"))
    if status != "undeployed" and random.random() < 0.15:
        event["deployment"] = random.choice([*(each["id"] for each in before), "unknown"])
    return {**event, "id": f"e{number:02}"}


def declaration(random: Random, number: int, before: list[Event]) -> Event:
    """Return the event that declares an earlier one a mistake."""
    at = moment(random.randint(0, 60))
    target = random.choice(before)["id"]
    return {"at": at, "voids": target, "reason": "by mistake", "id": f"v{number:02}"}


def without_ties(events: list[Event]) -> list[Event]:
    """Return the events that no other one ties with except by position, declarations included."""
    kept: dict[tuple[str, str, int], Event] = {}
    for event in events:
        if "voids" in event:
            kept[("", event["id"], 0)] = event
        else:
            rank = RANKS.get(event["status"], 3)
            kept.setdefault((event["environment"], event["at"], rank), event)
    return list(kept.values())


def folded(events: list[Event], listed: tuple[str, ...]) -> dict[str, Any]:
    """Return what the fold says, in the form that is compared."""
    cells = fold_product("service", events, {"production": listed})[1]
    cell = cells.get("production") or empty_cell("service", "production", listed)
    state = cell_state(cell, now=moment(10_000), stale_after=60)
    assert state.mixed == cell.is_mixed
    assert state.instances == tuple(cell.instances)
    return {
        "deployments": sorted(fields_of(each) for each in cell.deployments),
        "completed": [each.id for each in cell.completed],
        "open": [each.id for each in cell.open],
        "ended": {each.id: set(each.ended) for each in cell.undeployments if each.void is None},
        "void undeployments": {each.id for each in cell.undeployments if each.void is not None},
        "instances": {
            each.name: (
                *(each.version, each.current and results(each.current.events)[-1]),
                *(each.kind, each.previous, each.since, each.redeployed_at),
            )
            for each in cell.instances
        },
        "versions": set(cell.versions),
        "cell": (state.version, state.since, state.mixed, state.redeployed_at),
    }


def fields_of(deployment: Deployment) -> tuple[Any, ...]:
    there = (deployment.kind, deployment.previous)
    completed = deployment.status == "completed" and deployment.void is None
    return (
        *(deployment.id, deployment.version, deployment.instance, deployment.status),
        [each["id"] for each in deployment.events],
        deployment.void is not None,
        sorted(each["id"] for each, _ in deployment.void_events),
        there if completed else (),
    )


def results(events: list[Event]) -> list[str]:
    return [e["id"] for e in events if e["status"] in ("completed", "failed", "aborted")]


def modelled(events: list[Event], listed: tuple[str, ...]) -> dict[str, Any]:
    """Return what the naive model says, in the form that is compared."""
    cell: NaiveCell = naive_cell(events, "production", listed)
    return {
        "deployments": sorted(
            (
                *(each.id, each.version, each.instance, each.status),
                [event["id"] for event in each.events],
                each.void,
                sorted(each.void_events),
                (each.kind, each.previous) if each.kind else (),
            )
            for each in cell.deployments
        ),
        "completed": cell.completed,
        "open": cell.open,
        "ended": cell.ended,
        "void undeployments": cell.void_undeployments,
        "instances": {
            name: (
                *(each.version, each.current or None),
                *(each.kind, each.previous, each.since, each.redeployed_at),
            )
            for name, each in cell.instances.items()
        },
        "versions": cell.versions,
        "cell": (cell.version, cell.since, len(cell.versions) > 1, cell.redeployed_at),
    }
