from __future__ import annotations

import pytest

from tests.builders import build, deployment, moment, product, void
from versioner.errors import NotFound
from versioner.query.versions.product_versions import list_versions, running_periods, show_version

LOST = deployment("1.2", minutes=50)
RECORD = product(
    builds=[build("1.0", minutes=0), build("1.1", minutes=10), build("1.3", minutes=60)],
    deployments=[
        deployment("1.0", minutes=1, environment="staging"),
        deployment("1.0", minutes=2),
        deployment("1.1", minutes=11, environment="staging"),
        deployment("1.1", minutes=20),
        deployment("1.1", minutes=25),
        deployment("1.0", minutes=30),
        LOST,
        void(LOST, minutes=51),
    ],
)


def test_versions_are_listed_newest_first_with_where_they_run():
    listed = [(each.version.name, each.running_in, each.deployed_at) for each in
              list_versions(RECORD)]  # fmt: skip
    assert listed == [
        ("1.3", (), ""),
        ("1.2", (), ""),
        ("1.1", ("staging",), moment(25)),
        ("1.0", ("production",), moment(30)),
    ]
    assert [each.version.name for each in list_versions(RECORD, limit=1)] == ["1.3"]


def test_a_version_tells_where_it_runs_and_ran():
    detail = show_version(RECORD, "1.1")
    assert detail.running_in == ("staging",)
    assert [(each.environment, each.since, each.until) for each in detail.periods] == [
        ("production", moment(20), moment(30)),
        ("staging", moment(11), ""),
    ]
    assert detail.version.builds == [RECORD.builds[1]]


def test_a_version_that_came_back_stayed_twice():
    told = [(each.since, each.until) for each in show_version(RECORD, "1.0").periods]
    assert told == [(moment(30), ""), (moment(2), moment(20)), (moment(1), moment(11))]


def test_stays_of_a_cell_follow_each_other_without_a_gap():
    cell = [each for each in running_periods(RECORD) if each.environment == "production"]
    assert [each.version for each in cell] == ["1.0", "1.1", "1.0"]
    assert [each.until for each in cell] == ["", *(each.since for each in cell[:-1])]


def test_a_version_only_ever_recorded_by_mistake_stayed_nowhere():
    assert show_version(RECORD, "1.2").periods == ()


def test_an_unknown_version_is_refused_with_what_was_meant():
    with pytest.raises(NotFound) as caught:
        show_version(RECORD, "v1.1")
    assert "1.1" in caught.value.hint
    with pytest.raises(NotFound) as caught:
        show_version(product(), "1")
    assert "version list" in caught.value.hint
