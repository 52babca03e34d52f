"""What was observed stands beside what is recorded, and the difference is told since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import NOW, deployment, moment, product, registry, void
from versioner.query.matrix import CellState, matrix

if TYPE_CHECKING:
    from versioner.models import Event
    from versioner.query.observed import ObservedState
    from versioner.registry.records import ProductRecord


def seen(version: str = "1.0", minutes: float = 0, **fields: Any) -> Event:
    return {
        "at": moment(minutes),
        "environment": "production",
        "version": version,
        "source": "kubernetes",
        "id": f"o{minutes}{version}",
        **fields,
    }


def cell(events: list[Event], *observations: Event, at: str | None = None) -> CellState:
    record: ProductRecord = product(deployments=events)
    record.observations = list(observations)
    (row,) = matrix(registry(record), now=NOW, at=at).rows
    return next(each for each in row.cells if each.environment == "production")


def state(events: list[Event], *observations: Event) -> ObservedState:
    (found,) = cell(events, *observations).observed
    return found


def completed(version: str, minutes: float) -> Event:
    return deployment(version, minutes=minutes)


def test_a_cell_that_was_never_looked_at_has_no_observation():
    assert cell([completed("1.0", -60)]).observed == ()


def test_an_observation_changes_nothing_else_in_a_cell():
    events = [completed("1.0", -60)]
    plain, observed = cell(events), cell(events, seen("2.0"))
    for name in ("version", "since", "status", "deployment", "age_seconds"):
        assert getattr(plain, name) == getattr(observed, name)


def test_what_is_recorded_is_the_same():
    found = state([completed("1.0", -60)], seen("1.0", -50), seen("1.0", -10))
    assert (found.comparison, found.since, found.at) == ("same", moment(-50), moment(-10))
    assert found.differs_since == ""


def test_another_version_differs_since_it_was_first_seen():
    events = [completed("1.0", -60)]
    looks = [seen("1.0", -50), seen("1.1", -40), seen("1.2", -30), seen("1.2", -20)]
    found = state(events, *looks)
    assert (found.comparison, found.since) == ("differs", moment(-30))
    assert found.differs_since == moment(-40)


def test_what_was_right_differs_since_another_version_is_recorded():
    events = [completed("1.0", -60), completed("1.1", -15)]
    found = state(events, seen("1.0", -50), seen("1.0", -10))
    assert (found.comparison, found.recorded) == ("differs", "1.1")
    assert found.differs_since == moment(-15)


def test_a_look_from_before_the_latest_record_does_not_tell():
    events = [completed("1.0", -60), completed("1.1", -15)]
    assert state(events, seen("1.0", -50)).comparison == "unknown"
    # The new version was there before its deployment was recorded.
    assert state(events, seen("1.1", -16)).comparison == "same"


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (seen(""), "differs"),
        (seen("", versions=["1.0", "1.1"]), "differs"),
        (seen("", versions=["1.0"]), "unknown"),
        (seen("", images=["shop:latest"]), "unknown"),
        (seen("", versions=["1.0"], images=["shop:latest"]), "unknown"),
        (seen("", versions=["1.1"], images=["shop:latest"]), "differs"),
        (seen("", artifacts={"shop": "sha256:" + "a" * 64}), "unknown"),
    ],
    ids=lambda value: str(value)[-60:],
)
def test_what_is_no_single_version_is_compared_with_care(look: Event, expected: str):
    assert state([completed("1.0", -60)], look).comparison == expected


def test_where_nothing_is_recorded_all_that_runs_differs():
    assert state([], seen("1.0")).comparison == "differs"
    assert state([], seen("", images=["shop"])).comparison == "differs"
    assert state([], seen("")).comparison == "same"
    failed = deployment("1.0", "failed", minutes=-60)
    assert state([failed], seen("1.0")).comparison == "differs"
    done = completed("1.0", -60)
    assert state([done, void(done, minutes=-50)], seen("1.0")).comparison == "differs"


def test_a_deployment_in_progress_explains_its_version_until_it_is_stale():
    running = [completed("1.0", -60), deployment("1.1", "started", minutes=-5)]
    assert state(running, seen("1.1")).comparison == "same"
    assert state(running, seen("", versions=["1.0", "1.1"])).comparison == "same"
    assert state(running, seen("1.2")).comparison == "differs"
    stale = [completed("1.0", -9000), deployment("1.1", "started", minutes=-5000)]
    assert state(stale, seen("1.1")).comparison == "differs"


def test_each_instance_and_source_is_told_by_itself_and_in_order():
    found = cell(
        [completed("1.0", -60)],
        seen("1.0", -5, instance="us"),
        seen("1.1", -6, instance="eu"),
        seen("1.0", -4, source="csv"),
    ).observed
    assert [(each.instance, each.source, each.comparison) for each in found] == [
        ("", "csv", "same"),
        ("eu", "kubernetes", "differs"),
        ("us", "kubernetes", "same"),
    ]


def on(instance: str, version: str, minutes: float) -> Event:
    return deployment(version, minutes=minutes, instance=instance)


def test_each_instance_is_compared_with_what_is_recorded_on_it():
    events = [on("eu", "3.0", -60), on("us", "2.1", -50)]
    found = cell(
        events,
        seen("3.0", -5, instance="eu"),
        seen("3.0", -5, instance="us"),
        seen("3.0", -5, instance="asia"),
    ).observed
    assert [(each.instance, each.recorded, each.comparison) for each in found] == [
        ("asia", "", "differs"),
        ("eu", "3.0", "same"),
        ("us", "2.1", "differs"),
    ]


def test_what_is_recorded_for_the_whole_goes_for_the_instances_not_named():
    events = [completed("1.0", -90), on("eu", "2.0", -60)]
    found = cell(events, seen("1.0", -5, instance="us"), seen("1.0", -5, instance="eu")).observed
    assert [(each.instance, each.recorded, each.comparison) for each in found] == [
        ("eu", "2.0", "differs"),
        ("us", "1.0", "same"),
    ]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [(["2.1", "3.0"], "same"), (["2.1", "3.1"], "differs"), (["2.1", "3.0", "4"], "differs")],
)
def test_a_look_at_the_whole_sees_the_versions_of_all_instances(versions, expected):
    events = [on("eu", "3.0", -60), on("us", "2.1", -50)]
    assert state(events, seen("", -5, versions=versions)).comparison == expected
    assert state(events, seen("3.0", -5)).comparison == "differs"


def test_where_something_was_undeployed_nothing_is_expected_to_run():
    removed = deployment("1.0", "undeployed", minutes=-30)
    events = [completed("1.0", -60), removed]
    assert state(events, seen("", -5)).comparison == "same"
    found = state(events, seen("1.0", -50), seen("1.0", -5))
    assert (found.comparison, found.differs_since) == ("differs", moment(-30))
    assert state(events, seen("1.0", -50)).comparison == "unknown"


def test_what_one_source_no_longer_sees_is_left_out_where_another_one_sees_it():
    events = [completed("1.0", -60)]
    moved = cell(events, seen("", -5), seen("1.0", -6, source="docker")).observed
    assert [each.source for each in moved] == ["docker"]
    gone = cell(events, seen("", -5), seen("", -6, source="docker")).observed
    assert len(gone) == 2


def test_the_order_in_which_lines_arrive_does_not_matter():
    events = [completed("1.0", -60)]
    looks = [seen("1.0", -50), seen("1.1", -40), seen("1.0", -30)]
    assert state(events, *looks) == state(events, *reversed(looks))


def test_a_past_moment_has_the_looks_up_to_it():
    events = [completed("1.0", -60), completed("2.0", -20)]
    looks = [seen("1.1", -50), seen("2.0", -10)]
    (found,) = cell(events, *looks, at=moment(-30)).observed
    assert (found.version, found.comparison, found.recorded) == ("1.1", "differs", "1.0")
    assert cell(events, *looks, at=moment(-55)).observed == ()
