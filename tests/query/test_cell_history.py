from __future__ import annotations

from typing import TYPE_CHECKING

from tests.builders import deployment, moment, product, registry, undeployment, void
from tests.registry.test_naive_fold import history
from versioner.query.cell_history import NOTHING, course_of, running_in
from versioner.query.compare.environments import EnvironmentAt, diff, differs_since

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.models import Cell
    from versioner.query.cell_history import Running
    from versioner.registry.records import ProductRecord

SIDES = EnvironmentAt("staging"), EnvironmentAt("production")


def at_moment(course: list[Running], at: str) -> Running:
    return max((each for each in course if each.at <= at), default=NOTHING)


def shown(cell: Cell | None) -> object:
    """Return what runs; an instance on which nothing ever ran says nothing yet."""
    running = NOTHING if cell is None else running_in(cell)
    return running[1:] if running.versions else ""


def test_a_course_says_of_each_moment_what_the_fold_of_the_events_up_to_it_says(
    scale: Callable[[int, int], int],
) -> None:
    several = 0
    for seed in range(scale(150, 5_000)):
        events, listed = history(seed)
        record = product("api", events)
        record.listed = {"production": listed} if listed else {}
        for environment in ("production", "staging"):
            course = course_of(record, environment)
            several += len(course) > 2
            for at in {event["at"] for event in events}:
                cell = record.cells_at(at).get(environment)
                found = at_moment(course, at)
                told = found[1:] if found.versions else ""
                assert told == shown(cell), (seed, environment, at)
    assert several > 50


def test_a_difference_is_as_old_as_its_unbroken_time():
    record = product(
        "api",
        [
            deployment("1", minutes=0, environment="staging"),
            deployment("1", minutes=10),
            deployment("2", minutes=20, environment="staging"),
            deployment("3", minutes=30, environment="staging"),
        ],
    )
    (only,) = diff(registry(record), *SIDES, now=moment(60))
    assert (only.a.since, only.b.since, only.differs_since) == (moment(30), moment(10), moment(20))
    record.deployment_events.append(deployment("3", minutes=40))
    assert diff(registry(product("api", record.deployment_events)), *SIDES, now=moment(60)) == []


def test_a_difference_before_an_undeployment_and_at_an_earlier_moment():
    events = [
        deployment("1", minutes=0, environment="staging"),
        deployment("1", minutes=0),
        undeployment(minutes=10, environment="production"),
        deployment("2", minutes=15),
    ]
    whole = registry(product("api", events))
    assert since(whole.products["api"]) == moment(10)
    sides = [EnvironmentAt(each.environment, moment(12)) for each in SIDES]
    (only,) = diff(whole, sides[0], sides[1], now=moment(60))
    assert (only.b.version, only.differs_since) == ("", moment(10))
    mixed = EnvironmentAt("staging"), EnvironmentAt("production", moment(12))
    assert diff(whole, *mixed, now=moment(60))[0].differs_since == ""


def test_a_void_deployment_never_made_a_difference():
    mistake = deployment("9", minutes=5, environment="staging")
    events = [
        deployment("1", minutes=0, environment="staging"),
        deployment("1", minutes=0),
        mistake,
        void(mistake, minutes=50),
        deployment("2", minutes=20),
    ]
    assert since(product("api", events)) == moment(20)


def test_instances_that_agree_end_a_difference():
    eu, us = {"instance": "eu"}, {"instance": "us"}
    events = [
        deployment("1", minutes=0, environment="staging"),
        deployment("1", minutes=0, **eu),
        deployment("0", minutes=0, **us),
        deployment("1", minutes=5, **us),
        deployment("2", minutes=9, **us),
    ]
    assert since(product("api", events)) == moment(9)


def since(record: ProductRecord) -> str:
    return differs_since(course_of(record, "staging"), course_of(record, "production"))
