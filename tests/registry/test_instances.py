"""What runs on each instance of an environment, since when, and what was removed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import cell_of, deployment, moment, undeployment, void
from versioner.query.derived.running_versions import version_on
from versioner.registry.fold.product import fold_product, fold_versions, void_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Cell, Event


def fold(*events: Event, listed: Sequence[str] = ()) -> Cell:
    return cell_of("user-service", "production", events, listed)


def on(instance: str, version: str, minutes: int, status: str = "completed", **more: Any) -> Event:
    return deployment(version, status, instance=instance, minutes=minutes, **more)


def whole(version: str, minutes: int, status: str = "completed", **more: Any) -> Event:
    return deployment(version, status, minutes=minutes, **more)


def running(cell: Cell) -> dict[str, str]:
    return {each.name: each.version for each in cell.instances}


def kinds(cell: Cell) -> list[str]:
    return [each.kind for each in cell.completed]


# ---- mixed -------------------------------------------------------------------------------


def test_3_on_eu_then_2_on_us_reads_mixed_and_nothing_was_rolled_back():
    cell = fold(on("eu", "3.0.0", 0), on("us", "2.10.1", 1))
    assert running(cell) == {"eu": "3.0.0", "us": "2.10.1"}
    assert cell.is_mixed
    assert cell.current is None
    assert kinds(cell) == ["deployment", "deployment"]
    assert [each.previous for each in cell.completed] == ["", ""]


def test_a_cell_without_instances_reads_as_before():
    cell = fold(whole("1.0", 0), whole("2.0", 1))
    assert cell.instances == []
    assert not cell.is_mixed
    assert cell.versions == ("2.0",)


def test_an_instance_where_nothing_runs_does_not_make_the_cell_mixed():
    cell = fold(on("eu", "2.0", 0), undeployment(instance="us", minutes=1))
    assert running(cell) == {"eu": "2.0", "us": ""}
    assert not cell.is_mixed
    assert cell.current is not None
    assert (cell.current.version, cell.since) == ("2.0", moment(0))


def test_what_the_whole_completes_is_completed_on_every_instance():
    cell = fold(on("eu", "1.0", 0), on("us", "2.0", 1), whole("3.0", 2))
    assert running(cell) == {"eu": "3.0", "us": "3.0", "": "3.0"}
    assert not cell.is_mixed
    assert cell.since == moment(2)


@pytest.mark.parametrize("status", ["pending", "started", "failed", "aborted"])
def test_what_the_whole_opens_or_fails_stays_its_own(status):
    cell = fold(on("eu", "1.0", 0), whole("2.0", 1, status))
    assert running(cell) == {"eu": "1.0"}
    assert cell.current is not None
    assert cell.current.version == "1.0"


def test_a_result_of_one_instance_does_not_close_a_start_of_the_whole_nor_the_reverse():
    cell = fold(
        whole("1.0", 0, "started"), on("eu", "1.0", 1), on("us", "2.0", 2, "started"),
        whole("2.0", 3),
    )  # fmt: skip
    assert [(each.instance, each.version) for each in cell.open] == [("", "1.0"), ("us", "2.0")]
    assert len(cell.deployments) == 4


def test_an_event_that_names_the_deployment_of_another_instance_does_not_join_it():
    cell = fold(on("eu", "1.0", 0, "started", id="root"), on("us", "1.0", 1, deployment="root"))
    assert [(each.instance, each.status) for each in cell.deployments] == [
        ("eu", "started"), ("us", "completed"),
    ]  # fmt: skip


# ---- the unnamed one ---------------------------------------------------------------------


def test_what_the_whole_had_said_goes_on_for_the_instances_not_named_since():
    cell = fold(whole("1.0", 0), on("eu", "2.0", 1))
    assert running(cell) == {"eu": "2.0", "": "1.0"}
    assert cell.is_mixed
    assert version_on(cell.instances, "us", "") == "1.0"


def test_without_a_list_it_goes_on_until_the_whole_is_told_again_or_undeployed():
    named = [whole("1.0", 0), on("eu", "2.0", 1), on("us", "2.0", 2)]
    assert running(fold(*named)) == {"eu": "2.0", "us": "2.0", "": "1.0"}
    assert running(fold(*named, whole("3.0", 3)))[""] == "3.0"
    assert running(fold(*named, undeployment(minutes=3))) == {"eu": "", "us": ""}


def test_with_a_list_it_ends_once_each_listed_instance_has_a_result_of_its_own():
    events = [whole("1.0", 0), on("eu", "2.0", 1)]
    assert running(fold(*events, listed=["eu", "us"])) == {"eu": "2.0", "us": "1.0", "": "1.0"}
    cell = fold(*events, on("us", "2.0", 2), listed=["eu", "us"])
    assert running(cell) == {"eu": "2.0", "us": "2.0"}
    assert cell.current is not None
    assert (cell.current.version, cell.since) == ("2.0", moment(2))
    removed = fold(*events, undeployment(instance="us", minutes=2), listed=["eu", "us"])
    assert running(removed) == {"eu": "2.0", "us": ""}


@pytest.mark.parametrize("status", ["pending", "started", "failed", "aborted", "void"])
def test_an_open_failed_or_void_deployment_does_not_end_it(status):
    second = on("us", "2.0", 2, "completed" if status == "void" else status)
    events = [whole("1.0", 0), on("eu", "2.0", 1), second]
    if status == "void":
        events.append(void(second, minutes=3))
    assert running(fold(*events, listed=["eu", "us"])) == {"eu": "2.0", "us": "1.0", "": "1.0"}


def test_an_instance_that_is_not_listed_does_not_count_for_the_list():
    cell = fold(whole("1.0", 0), on("eu", "2.0", 1), on("su", "2.0", 2), listed=["eu", "us"])
    assert running(cell) == {"eu": "2.0", "us": "1.0", "su": "2.0", "": "1.0"}


def test_after_the_whole_is_told_again_the_list_is_open_again():
    told = [whole("1.0", 0), on("eu", "2.0", 1), on("us", "2.0", 2), whole("1.0", 3)]
    cell = fold(*told, on("eu", "2.0", 4), listed=["eu", "us"])
    assert running(cell) == {"eu": "2.0", "us": "1.0", "": "1.0"}
    assert {each.name: each.since for each in cell.instances} == {
        "eu": moment(4), "us": moment(3), "": moment(3),
    }  # fmt: skip


def test_listed_instances_are_shown_where_nothing_was_said_of_them():
    assert running(fold(on("eu", "1.0", 0), listed=["eu", "us"])) == {"eu": "1.0", "us": ""}
    assert running(fold(whole("1.0", 0), listed=["us"])) == {"us": "1.0", "": "1.0"}


# ---- stays, rollbacks, returns -----------------------------------------------------------


def test_since_is_the_first_completion_of_the_unbroken_stay_and_the_latest_is_beside_it():
    cell = fold(whole("1.0", 0), whole("1.0", 5), whole("1.0", 9))
    assert (cell.since, cell.redeployed_at) == (moment(0), moment(9))
    assert kinds(cell) == ["deployment", "redeployment", "redeployment"]
    again = fold(whole("1.0", 0), whole("2.0", 5), whole("1.0", 9))
    assert (again.since, again.redeployed_at) == (moment(9), "")


def test_a_stay_on_an_instance_goes_on_when_the_whole_completes_the_same_version():
    cell = fold(whole("1.0", 0), on("eu", "2.0", 1), whole("2.0", 2), whole("2.0", 3))
    since = {each.name: (each.since, each.redeployed_at) for each in cell.instances}
    assert since == {"eu": (moment(1), moment(3)), "": (moment(2), moment(3))}
    assert (cell.since, cell.redeployed_at) == (moment(2), moment(3))


def test_going_back_is_a_rollback_and_going_forward_again_is_a_return():
    cell = fold(whole("1.0", 0), whole("2.0", 1), whole("1.0", 2), whole("2.0", 3))
    assert kinds(cell) == ["deployment", "deployment", "rollback", "return"]
    cell = fold(whole("1.0", 0), whole("2.0", 1), whole("1.0", 2), whole("3.0", 3), whole("2.0", 4))
    assert kinds(cell) == ["deployment", "deployment", "rollback", "deployment", "rollback"]


def test_a_rollback_on_one_instance_is_one_there_alone():
    cell = fold(on("eu", "1.0", 0), on("eu", "2.0", 1), on("us", "2.0", 2), on("eu", "1.0", 3))
    assert kinds(cell) == ["deployment", "deployment", "deployment", "rollback"]
    assert {each.name: each.kind for each in cell.instances} == {
        "eu": "rollback", "us": "deployment",
    }  # fmt: skip


def test_a_deployment_of_the_whole_that_takes_an_instance_back_is_a_rollback():
    cell = fold(whole("1.0", 0), on("eu", "2.0", 1), whole("1.0", 2))
    assert kinds(cell)[-1] == "rollback"
    assert cell.completed[-1].previous == "2.0"
    assert {each.name: (each.kind, each.previous) for each in cell.instances} == {
        "eu": ("rollback", "2.0"), "": ("redeployment", "1.0"),
    }  # fmt: skip


def test_the_whole_redeploys_where_every_listed_instance_runs_the_version():
    cell = fold(on("eu", "2.0", 0), on("us", "2.0", 1), whole("2.0", 2), listed=["eu", "us"])
    assert kinds(cell)[-1] == "redeployment"


def test_the_periods_of_a_version_are_those_of_each_instance():
    cell = fold(
        on("eu", "1.0", 0), on("us", "1.0", 1), on("eu", "2.0", 2),
        undeployment(instance="us", minutes=3), whole("2.0", 4),
    )  # fmt: skip
    periods = [(each.instance, each.version, each.since, each.until) for each in cell.periods]
    assert periods == [
        ("eu", "1.0", moment(0), moment(2)),
        ("us", "1.0", moment(1), moment(3)),
        ("eu", "2.0", moment(2), ""),
        ("", "2.0", moment(4), ""),
    ]


# ---- undeployed --------------------------------------------------------------------------


def test_an_undeployed_cell_says_since_when_nothing_runs():
    cell = fold(whole("1.0", 0), undeployment(minutes=1), undeployment(minutes=2))
    assert (cell.current, cell.versions, cell.since) == (None, (), moment(1))
    assert [each.ended for each in cell.undeployments] == [("1.0",), ()]
    assert [each.until for each in cell.periods] == [moment(1)]


def test_an_undeployment_is_no_deployment_and_closes_nothing():
    cell = fold(whole("1.0", 0, "started"), undeployment("1.0", minutes=1))
    assert [each.status for each in cell.deployments] == ["started"]
    assert [each.version for each in cell.open] == ["1.0"]
    assert cell.completed == []
    assert not cell.undeployments[0].has_effect


def test_an_undeployment_that_names_another_version_is_without_effect():
    cell = fold(whole("2.0", 0), undeployment("1.0", minutes=1))
    assert cell.current is not None
    assert (cell.current.version, cell.since) == ("2.0", moment(0))
    assert not cell.undeployments[0].has_effect


def test_an_undeployment_of_the_whole_ends_one_version_wherever_it_runs():
    cell = fold(
        whole("1.0", 0), on("eu", "2.0", 1), on("us", "1.0", 2), undeployment("1.0", minutes=3)
    )
    assert running(cell) == {"eu": "2.0", "us": ""}
    assert cell.undeployments[0].ended == ("1.0",)
    assert cell.versions == ("2.0",)


def test_an_instance_that_is_named_later_does_not_follow_a_version_that_was_removed():
    cell = fold(
        whole("1.0", 0), on("eu", "3.0", 1), undeployment("1.0", minutes=2), on("asia", "1.0", 3),
        listed=["eu"],
    )  # fmt: skip
    assert {each.name: each.since for each in cell.instances} == {
        "eu": moment(1), "asia": moment(3),
    }  # fmt: skip
    assert not cell.undeployments[0].has_effect


def test_it_changes_neither_what_was_there_before_nor_what_was_there_first():
    cell = fold(whole("1.0", 0), whole("2.0", 1), undeployment(minutes=2), whole("1.0", 3))
    assert kinds(cell) == ["deployment", "deployment", "rollback"]
    assert cell.completed[-1].previous == "2.0"
    same = fold(whole("1.0", 0), undeployment(minutes=1), whole("1.0", 2))
    assert kinds(same) == ["deployment", "redeployment"]
    assert (same.since, same.redeployed_at) == (moment(2), "")


def test_in_one_second_it_comes_before_a_completion_and_after_an_opening():
    cell = fold(whole("1.0", 0), whole("2.0", 1), undeployment(minutes=1))
    assert cell.versions == ("2.0",)


def test_a_void_undeployment_never_was():
    gone = undeployment(minutes=1)
    events = [whole("1.0", 0), gone, void(gone, minutes=2)]
    cell = fold(*events)
    assert cell.versions == ("1.0",)
    assert cell.undeployments[0].void is not None
    assert void_ids(events) == {gone["id"]}


def test_voids_count_on_their_own_instance():
    wrong = on("eu", "2.0", 1)
    cell = fold(on("eu", "1.0", 0), on("us", "2.0", 0), wrong, void(wrong, minutes=2))
    assert running(cell) == {"eu": "1.0", "us": "2.0"}


def test_an_undeployment_makes_no_version():
    deployments, _ = fold_product("user-service", [whole("1.0", 0), undeployment("9.9", minutes=1)])
    assert list(fold_versions("user-service", [], deployments)) == ["1.0"]


# ---- order and cost ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_arrival_does_not_matter(seed):
    chance = random.Random(seed)
    events = [
        undeployment(chance.choice(["", "1", "2"]), minutes=minute, **place)
        if chance.random() < 0.2
        else deployment(
            chance.choice("123"), chance.choice(["completed", "completed", "failed", "started"]),
            minutes=minute, **place,
        )
        for minute in range(30)
        for place in [chance.choice([{}, {"instance": "eu"}, {"instance": "us"}])]
    ]  # fmt: skip
    expected = fold(*events, listed=["eu", "us"])
    chance.shuffle(events)
    again = fold(*events, listed=["eu", "us"])
    assert again.instances == expected.instances
    assert again.periods == expected.periods
    assert (again.since, again.redeployed_at) == (expected.since, expected.redeployed_at)


def test_many_instances_and_many_deployments_of_the_whole_take_linear_time():
    calls = 0

    class Counted(str):
        __slots__ = ()

        def __hash__(self) -> int:
            nonlocal calls
            calls += 1
            return super().__hash__()

        def __eq__(self, other: object) -> bool:
            return super().__eq__(other)

    def cost(size: int) -> int:
        nonlocal calls
        calls = 0
        named = [on(Counted(f"i{number}"), "1.0", 0) for number in range(size)]
        fold(*named, *(whole("12"[number % 2], number + 1) for number in range(size)))
        return calls

    assert cost(400) < 2.5 * cost(200)


@pytest.mark.parametrize("seed", range(30))
def test_a_cell_without_instances_folds_the_same_with_and_without_the_fold_of_instances(seed):
    chance = random.Random(seed)
    events = [
        whole(
            chance.choice("1234"), minute, chance.choice(["completed"] * 4 + ["failed", "started"])
        )
        for minute in range(25)
    ]
    plain = fold(*events)
    # An instance on which only a deployment failed changes nothing but the list of instances.
    beside = fold(*events, on("eu", "0", 30, "failed"))
    assert [(each.kind, each.previous) for each in plain.completed] == [
        (each.kind, each.previous) for each in beside.completed
    ]
    assert plain.periods == beside.periods
    assert (plain.current, plain.since, plain.redeployed_at) == (
        beside.current, beside.since, beside.redeployed_at,
    )  # fmt: skip
