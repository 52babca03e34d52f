from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import build, cell_of, deployment, moment, product, void
from versioner.registry.event_order import order_key
from versioner.registry.fold.product import fold_product, fold_versions, void_ids

if TYPE_CHECKING:
    import random

    from versioner.models import Cell, Deployment, Event

pytestmark = pytest.mark.slow

OPENING = ("pending", "started")


def fold(*events: Event) -> Cell:
    return cell_of("user-service", "production", events)


def told(cell: Cell) -> list[tuple[str, str, int]]:
    return [(each.version, each.status, len(each.events)) for each in cell.deployments]


def described(events: list[Event]) -> dict[str, Any]:
    """Everything a fold says, as plain data."""
    deployments, cells = fold_product("user-service", events)

    def one(each: Deployment) -> tuple[Any, ...]:
        dropped = [(event["id"], by["id"]) for event, by in each.void_events]
        return (
            each.id, each.environment, each.version, each.status, each.at, each.changed_at,
            each.kind, each.previous, each.void and each.void["id"], dropped,
            [event["id"] for event in each.events],
        )  # fmt: skip

    return {
        "all": [one(each) for each in deployments],
        "cells": {
            name: {
                "deployments": [one(each) for each in cell.deployments],
                "current": cell.current and cell.current.id,
                "latest": cell.latest and cell.latest.id,
                "open": [each.id for each in cell.open],
                "completed": [each.id for each in cell.completed],
            }
            for name, cell in cells.items()
        },
    }


# ---- the table of the design -------------------------------------------------------------


def test_pending_started_completed_are_one_deployment_named_after_its_first_event():
    events = [
        deployment(status="pending", minutes=0, id="first"),
        deployment(status="started", minutes=1),
        deployment(status="completed", minutes=2),
    ]
    cell = fold(*events)
    assert told(cell) == [("1.0.0", "completed", 3)]
    (only,) = cell.deployments
    assert (only.id, only.at, only.changed_at) == ("first", moment(0), moment(2))
    assert cell.current is only
    assert cell.open == []


@pytest.mark.parametrize("status", ["completed", "failed", "aborted"])
def test_a_result_without_an_opening_is_a_deployment_of_its_own(status):
    cell = fold(deployment(status=status))
    assert told(cell) == [("1.0.0", status, 1)]
    assert (cell.current is not None) == (status == "completed")


def test_failed_and_aborted_deployments_never_are_current():
    cell = fold(
        deployment("1.0", minutes=0),
        deployment("1.1", "failed", minutes=1),
        deployment("1.2", "aborted", minutes=2),
    )
    assert cell.current is not None
    assert cell.current.version == "1.0"
    assert cell.latest is not None
    assert cell.latest.version == "1.2"


def test_a_pending_event_never_takes_a_start_back():
    cell = fold(deployment(status="started", minutes=0), deployment(status="pending", minutes=1))
    assert told(cell) == [("1.0.0", "started", 2)]


def test_at_the_same_second_the_opening_comes_first():
    closed = deployment(status="completed", minutes=0)
    started = deployment(status="started", minutes=0)
    pending = deployment(status="pending", minutes=0)
    cell = fold(closed, started, pending)
    assert [event["status"] for event in cell.deployments[0].events] == [
        "pending", "started", "completed",
    ]  # fmt: skip


def test_of_two_results_at_the_same_second_the_one_recorded_last_is_current():
    cell = fold(deployment("1.0", minutes=0), deployment("2.0", minutes=0))
    assert cell.current is not None
    assert cell.current.version == "2.0"


def test_deployments_of_two_versions_run_in_parallel():
    cell = fold(
        deployment("1.0", "started", minutes=0),
        deployment("2.0", "started", minutes=1),
        deployment("2.0", "completed", minutes=2),
        deployment("1.0", "completed", minutes=3),
    )
    assert told(cell) == [("1.0", "completed", 2), ("2.0", "completed", 2)]
    assert cell.current is not None
    assert cell.current.version == "1.0", "what completed last is current, not what began last"
    assert [each.version for each in cell.completed] == ["2.0", "1.0"]
    assert [each.previous for each in cell.deployments] == ["2.0", ""]


def test_runs_of_the_same_version_close_their_own_deployment():
    cell = fold(
        deployment(status="started", minutes=0, invoke_id="1", id="a"),
        deployment(status="started", minutes=1, invoke_id="2", id="b"),
        deployment(status="completed", minutes=2, invoke_id="1"),
    )
    assert [(each.id, each.status) for each in cell.deployments] == [
        ("a", "completed"), ("b", "started"),
    ]  # fmt: skip


def test_an_event_without_a_run_closes_the_newest_open_deployment():
    cell = fold(
        deployment(status="started", minutes=0, invoke_id="1", id="a"),
        deployment(status="started", minutes=1, invoke_id="2", id="b"),
        deployment(status="failed", minutes=2),
    )
    assert [(each.id, each.status) for each in cell.deployments] == [
        ("a", "started"), ("b", "failed"),
    ]  # fmt: skip


def test_a_run_closes_its_own_deployment_before_a_newer_one_without_a_run():
    cell = fold(
        deployment(status="started", minutes=0, invoke_id="1", id="a"),
        deployment(status="completed", minutes=1, invoke_id="2", id="other"),
        deployment(status="started", minutes=20, id="b"),
        deployment(status="completed", minutes=21, invoke_id="1"),
    )
    # At minute 20 the event without a run belonged to "a"; "b" never was one of its own.
    assert [(each.id, each.status) for each in cell.deployments] == [
        ("a", "completed"), ("other", "completed"),
    ]  # fmt: skip


def test_a_run_that_names_itself_late_belongs_to_the_deployment_that_named_none():
    cell = fold(
        deployment(status="pending", minutes=0, id="a"),
        deployment(status="started", minutes=1, invoke_id="7"),
        deployment(status="completed", minutes=2, invoke_id="8"),
        deployment(status="completed", minutes=3, invoke_id="7"),
    )
    assert [(each.status, len(each.events)) for each in cell.deployments] == [
        ("completed", 3), ("completed", 1),
    ]  # fmt: skip


# ---- clocks ------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "deployments"), [(9, 1), (10, 1), (11, 2)])
def test_a_result_up_to_ten_minutes_before_its_start_still_closes_it(minutes, deployments):
    cell = fold(
        deployment(status="completed", minutes=0), deployment(status="started", minutes=minutes)
    )
    assert len(cell.deployments) == deployments
    assert bool(cell.open) == (deployments == 2)


def test_a_start_after_a_result_of_another_run_is_a_deployment_of_its_own():
    cell = fold(
        deployment(status="completed", minutes=0, invoke_id="1"),
        deployment(status="started", minutes=1, invoke_id="2"),
    )
    assert [each.status for each in cell.deployments] == ["completed", "started"]


def test_a_result_takes_one_late_start_and_the_second_opens_another_deployment():
    cell = fold(
        deployment(status="completed", minutes=0),
        deployment(status="pending", minutes=1),
        deployment(status="started", minutes=2),
        deployment(status="started", minutes=3),
    )
    assert told(cell) == [("1.0.0", "completed", 3), ("1.0.0", "started", 1)]


def test_a_late_start_does_not_move_the_moment_of_the_result():
    cell = fold(
        deployment("1.0", minutes=0),
        deployment("2.0", minutes=1),
        deployment("1.0", "started", minutes=2),
    )
    assert cell.current is not None
    assert cell.current.version == "2.0"


# ---- named deployments -------------------------------------------------------------------


def test_a_named_deployment_is_joined_whatever_the_run():
    cell = fold(
        deployment(status="started", minutes=0, invoke_id="1", id="a"),
        deployment(status="started", minutes=1, invoke_id="2", id="b"),
        deployment(status="completed", minutes=2, invoke_id="2", deployment="a"),
    )
    assert [(each.id, each.status) for each in cell.deployments] == [
        ("a", "completed"), ("b", "started"),
    ]  # fmt: skip


def test_a_name_leads_to_a_deployment_by_any_of_its_events_and_through_names():
    cell = fold(
        deployment(status="pending", minutes=0, id="a"),
        deployment(status="started", minutes=1, id="b", deployment="a"),
        deployment(status="failed", minutes=2, id="c", deployment="b"),
        deployment(status="completed", minutes=3, id="d", deployment="c"),
    )
    assert told(cell) == [("1.0.0", "completed", 4)]


def test_an_event_may_come_before_the_one_it_names():
    cell = fold(
        deployment("1.0", "completed", minutes=0, id="early", deployment="late"),
        deployment("2.0", "started", minutes=1, id="between"),
        deployment("1.0", "pending", minutes=40, id="late"),
    )
    assert [(each.id, each.status, each.changed_at) for each in cell.deployments] == [
        ("early", "completed", moment(40)), ("between", "started", moment(1)),
    ]  # fmt: skip
    assert cell.current is cell.deployments[0]


def test_several_openings_may_name_one_deployment():
    cell = fold(
        deployment(status="pending", minutes=0, id="a", invoke_id="1"),
        deployment(status="started", minutes=1, invoke_id="2", deployment="a"),
        deployment(status="started", minutes=2, invoke_id="3", deployment="a"),
        deployment(status="completed", minutes=3, invoke_id="3"),
    )
    assert told(cell) == [("1.0.0", "completed", 4)]


@pytest.mark.parametrize("named", ["nobody", "self", "other-version"])
def test_a_name_that_leads_nowhere_counts_as_not_given(named):
    cell = fold(
        deployment("2.0", "started", minutes=0, id="other-version"),
        deployment("1.0", "started", minutes=1, id="a"),
        deployment("1.0", "completed", minutes=2, id="self", deployment=named),
    )
    assert told(cell) == [("2.0", "started", 1), ("1.0", "completed", 2)]


def test_a_first_event_may_name_itself():
    cell = fold(
        deployment(status="started", minutes=0, id="a", deployment="a", invoke_id="1"),
        deployment(status="completed", minutes=1, id="b", deployment="a", invoke_id="2"),
    )
    assert told(cell) == [("1.0.0", "completed", 2)]


def test_names_in_a_circle_count_as_not_given():
    cell = fold(
        deployment(status="started", minutes=0, id="a", deployment="b"),
        deployment(status="completed", minutes=1, id="b", deployment="a"),
        deployment(status="completed", minutes=2, id="c", deployment="a"),
    )
    assert told(cell) == [("1.0.0", "completed", 2), ("1.0.0", "completed", 1)]


# ---- kinds -------------------------------------------------------------------------------


def test_rollback_and_redeployment_are_told_by_what_completed_before():
    versions = ["1.0", "1.1", "1.1", "1.0", "1.2", "1.1"]
    cell = fold(*(deployment(name, minutes=i) for i, name in enumerate(versions)))
    assert [(each.kind, each.previous) for each in cell.deployments] == [
        ("deployment", ""),
        ("deployment", "1.0"),
        ("redeployment", "1.1"),
        ("rollback", "1.1"),
        ("deployment", "1.0"),
        ("rollback", "1.2"),
    ]


def test_a_version_that_only_failed_here_was_never_here():
    cell = fold(
        deployment("1.0", minutes=0),
        deployment("1.1", "failed", minutes=1),
        deployment("1.1", minutes=2),
        deployment("1.0", "failed", minutes=3),
    )
    assert [each.kind for each in cell.deployments] == ["deployment"] * 4
    assert [each.previous for each in cell.deployments] == ["", "1.0", "1.0", "1.1"]


# ---- mistakes ----------------------------------------------------------------------------


def test_a_void_of_the_first_event_voids_the_whole_deployment():
    started = deployment("1.1", "started", minutes=1)
    mistake = void(started, minutes=5)
    cell = fold(deployment("1.0", minutes=0), started, deployment("1.1", minutes=2), mistake)
    assert [(each.version, each.void) for each in cell.deployments] == [
        ("1.0", None), ("1.1", mistake),
    ]  # fmt: skip
    assert cell.current is cell.latest is cell.deployments[0]


def test_a_void_of_a_later_event_takes_it_back_alone():
    done = deployment(minutes=1)
    mistake = void(done, minutes=2)
    cell = fold(deployment(status="started", minutes=0), done, mistake)
    (only,) = cell.deployments
    assert (only.status, only.void, only.void_events) == ("started", None, [(done, mistake)])
    assert cell.current is None
    assert cell.open == [only]


def test_a_void_rollback_is_none():
    mistake = deployment("1.0", minutes=2)
    events = [deployment("1.0", minutes=0), deployment("1.1", minutes=1), mistake]
    back = deployment("1.1", minutes=3)
    cell = fold(*events, back, void(mistake, minutes=4))
    assert cell.deployments[-1].kind == "redeployment"


def test_the_earliest_of_two_voids_counts_and_an_unknown_target_does_nothing():
    target = deployment(minutes=0)
    second, first = void(target, minutes=2), void(target, minutes=1)
    cell = fold(target, void("nobody", minutes=0), second, first)
    assert cell.deployments[0].void is first


def test_void_ids_hold_whole_deployments_and_single_events():
    first, second = deployment("1.0", "started", minutes=0), deployment("1.0", minutes=1)
    third, fourth = deployment("2.0", "started", minutes=2), deployment("2.0", minutes=3)
    events = [first, second, third, fourth, void(first), void(fourth)]
    assert void_ids(events) == {first["id"], second["id"], fourth["id"]}


# ---- the order of arrival, and an oracle -------------------------------------------------

ENVIRONMENTS = ("staging", "production")


@st.composite
def histories(draw: st.DrawFn, *, named: bool) -> list[Event]:
    """Draw a product's history; at one second, a cell has each rank of status at most once."""
    drawn = draw(
        st.lists(
            st.tuples(
                st.integers(0, 60),
                st.sampled_from(ENVIRONMENTS),
                st.sampled_from(("1.0", "1.1", "2.0")),
                st.sampled_from(("pending", "started", "completed", "failed", "aborted")),
                st.sampled_from(("", "", "r1", "r2")),
            ),
            max_size=40,
            unique_by=lambda each: (each[0], each[1], {"pending": 0, "started": 1}.get(each[3], 2)),
        )
    )
    events = [
        deployment(version, status, minutes=minutes, environment=environment, id=f"e{number}")
        | ({"invoke_id": run} if run else {})
        for number, (minutes, environment, version, status, run) in enumerate(drawn)
    ]
    if not events:
        return events
    some = st.lists(st.integers(0, len(events) - 1), max_size=4)
    if named:
        for number in draw(some):
            events[number]["deployment"] = f"e{draw(st.integers(0, len(events)))}"
    mistakes = [void(f"e{n}", minutes=n, id=f"v{i}") for i, n in enumerate(draw(some))]
    return events + mistakes


def test_every_order_of_arrival_folds_the_same(scale):
    @settings(max_examples=scale(100, 1000), deadline=None)
    @given(histories(named=True), st.randoms(use_true_random=False))
    def holds(events: list[Event], chance: random.Random) -> None:
        shuffled = list(events)
        chance.shuffle(shuffled)
        assert described(shuffled) == described(events)

    holds()


def oracle(events: list[Event], environment: str) -> tuple[list[tuple[str, str, list[str]]], str]:
    """Fold one cell as the design's table reads, slowly: (id, status, events) and what runs."""
    voided = {event["voids"] for event in events if "voids" in event}
    cell = [event for event in events if event.get("environment") == environment]
    groups = grouped(cell)
    void_groups = [group for group in groups if group[0]["id"] in voided]
    gone = {event["id"] for group in void_groups for event in group}
    gone |= {event["id"] for group in groups for event in group[1:] if event["id"] in voided}
    effective = grouped([event for event in cell if event["id"] not in gone])
    current, when = "", ""
    for group in effective:
        for event in group:
            if event["status"] == "completed" and order_key(event) > when:
                current, when = event["version"], order_key(event)
    everything = sorted(void_groups + effective, key=lambda group: order_key(group[0]))
    return [(g[0]["id"], status_of(g), [e["id"] for e in g]) for g in everything], current


def status_of(group: list[Event]) -> str:
    statuses = [event["status"] for event in group]
    results = [status for status in statuses if status not in OPENING]
    return results[-1] if results else "started" if "started" in statuses else "pending"


def grouped(cell: list[Event]) -> list[list[Event]]:
    groups: list[list[Event]] = []
    for event in sorted(cell, key=order_key):
        ranked = [(rank_of(group, event), group) for group in groups]
        fitting = [(rank, group) for rank, group in ranked if rank]
        if fitting:
            max(fitting, key=lambda each: each[0])[1].append(event)
        else:
            groups.append([event])
    return groups


def rank_of(group: list[Event], event: Event) -> tuple[bool, bool, str] | None:
    """How well an event fits a deployment: open before closed, of its own run, then newest."""
    runs = {each["invoke_id"] for each in group if "invoke_id" in each}
    run = event.get("invoke_id")
    if group[0]["version"] != event["version"] or (run and runs and run not in runs):
        return None
    results = [each for each in group if each["status"] not in OPENING]
    if not results:
        return True, run in runs, order_key(group[0])
    statuses = [each["status"] for each in group]
    is_late = results[-1]["at"] < moment(-10, event["at"])
    if event["status"] not in OPENING or event["status"] in statuses or is_late:
        return None
    return False, run in runs, order_key(results[-1])


def test_the_fold_agrees_with_a_slow_oracle(scale):
    @settings(max_examples=scale(100, 1000), deadline=None)
    @given(histories(named=False))
    def holds(events: list[Event]) -> None:
        for environment in ENVIRONMENTS:
            cell = cell_of("user-service", environment, events)
            found = [
                (each.id, each.status, [event["id"] for event in each.events])
                for each in cell.deployments
            ]
            running = cell.current.version if cell.current is not None else ""
            assert (found, running) == oracle(events, environment)

    holds()


def test_voiding_whole_deployments_leaves_the_others_as_they_are(scale):
    @settings(max_examples=scale(50, 500), deadline=None)
    @given(histories(named=True), st.integers(0, 100))
    def holds(events: list[Event], pick: int) -> None:
        plain = [event for event in events if "voids" not in event]
        before, _ = fold_product("user-service", plain)
        if not before:
            return
        target = before[pick % len(before)]
        after, _ = fold_product("user-service", [*plain, void(target.id)])
        assert [each.id for each in after if each.void] == [target.id]
        assert [(each.id, each.status, each.events) for each in after] == [
            (each.id, each.status, each.events) for each in before
        ]

    holds()


# ---- products and versions ---------------------------------------------------------------


def test_a_products_deployments_come_oldest_first_across_its_cells():
    events = [
        deployment("2", minutes=1, environment="staging"),
        deployment("1", minutes=0),
        deployment("1", minutes=1),
    ]
    deployments, cells = fold_product("user-service", events)
    assert [(each.at, each.environment) for each in deployments] == [
        (moment(0), "production"), (moment(1), "production"), (moment(1), "staging"),
    ]  # fmt: skip
    assert list(cells) == ["production", "staging"]


def test_a_version_exists_when_a_build_or_a_deployment_names_it():
    record = product(
        builds=[build("1.1", minutes=5), build("1.0", minutes=0)],
        deployments=[deployment("0.9", minutes=1), deployment("1.1", minutes=3)],
    )
    assert {name: each.at for name, each in record.versions.items()} == {
        "1.0": moment(0), "0.9": moment(1), "1.1": moment(3),
    }  # fmt: skip
    assert list(record.versions) == ["1.0", "0.9", "1.1"]
    assert record.versions["0.9"].status == ""
    assert [each.version for each in record.versions["1.1"].deployments] == ["1.1"]


def test_a_version_tells_its_source_from_its_latest_build_and_the_longest_sha():
    sha = "0123456789abcdef0123456789abcdef01234567"
    builds = [
        build(minutes=0, scm_sha=sha, scm_branch="old", scm_repository="acme/user-service"),
        build(minutes=1, scm_sha=sha[:8], scm_branch="main"),
    ]
    version = fold_versions("user-service", builds, [])["1.0.0"]
    assert version.scm_sha == sha
    assert (version.scm_branch, version.scm_repository) == ("main", "acme/user-service")


def test_what_a_void_deployment_says_of_the_source_does_not_count():
    wrong = deployment(minutes=0, scm_sha="f" * 40)
    record = product(deployments=[wrong, void(wrong), deployment(minutes=1, scm_sha="a" * 40)])
    assert record.versions["1.0.0"].scm_sha == "a" * 40


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (["pending"], "pending"),
        (["pending", "started", "failed"], "failed"),
        (["failed", "started"], "failed"),
        (["failed", "started", "started"], "started"),
    ],
)
def test_a_versions_status_is_that_of_its_latest_build(statuses, status):
    builds = [build(status=each, minutes=i) for i, each in enumerate(statuses)]
    assert fold_versions("user-service", builds, [])["1.0.0"].status == status


def test_a_long_history_of_one_version_takes_no_quadratic_walk():
    # Every shape that could make the walk look at all that went before; with a quadratic one
    # this test does not end in a reasonable time.
    count = 20_000
    lost = [deployment("latest", "started", minutes=i, invoke_id=f"r{i}") for i in range(count)]
    chain = [
        deployment("1.0", "started", minutes=count + i, id=f"c{i}", deployment=f"c{i - 1}")
        for i in range(count)
    ]
    cell = fold(*lost, *chain)
    assert len(cell.open) == count + 1


def test_a_version_has_the_artifacts_of_its_events_builds_first():
    one, other = (f"sha256:{digit * 64}" for digit in "ab")
    wrong = deployment("1.0", artifacts={"wrong": other}, id="w")
    deployments, _ = fold_product(
        "p", [deployment("1.0", artifacts={"image": other, "chart": other}), wrong, void("w")]
    )
    builds = [build("1.0", artifacts={"image": one}), build("1.1")]
    versions = fold_versions("p", builds, deployments)
    assert versions["1.0"].artifacts == {"image": one, "chart": other}
    assert versions["1.1"].artifacts == {}
