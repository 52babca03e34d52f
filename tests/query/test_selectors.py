from __future__ import annotations

import pytest

from tests.builders import NOW, build, deployment, moment, product, registry, void
from versioner.query.derived.drift import is_drifting, is_inactive
from versioner.query.derived.latest_values import event_details, latest_value
from versioner.query.derived.owners import owner_of
from versioner.query.derived.relations import dependents, former_names
from versioner.query.derived.running_versions import last_deployed_at
from versioner.query.matrix import CellState


@pytest.mark.parametrize(
    ("versions", "drifts"),
    [([], False), (["1"], False), (["1", "", "1"], False), (["1", "2"], True), (["", "2"], False)],
)
def test_two_versions_that_run_are_drift(versions, drifts):
    cells = [CellState("cart", f"e{at}", version) for at, version in enumerate(versions)]
    assert is_drifting(cells) is drifts


def test_a_product_was_last_deployed_when_its_latest_valid_deployment_began():
    started = deployment("1.1", "started", minutes=-30)
    mistaken = deployment("1.2", minutes=-5)
    events = [deployment("1.0", minutes=-60), started, deployment("1.1", minutes=-10)]
    record = product("shop", [*events, mistaken, void(mistaken)])
    assert last_deployed_at(record.deployments) == moment(-30)
    assert last_deployed_at([]) == ""


def test_after_a_year_without_a_deployment_something_is_inactive():
    year = 365 * 24 * 60
    assert is_inactive("", NOW)
    assert is_inactive(moment(-year - 1), NOW)
    assert not is_inactive(moment(-year), NOW)


@pytest.mark.parametrize(
    ("metadata", "hidden", "owner"),
    [
        ({}, (), ""),
        ({"team": "platform"}, (), "platform"),
        ({"owner": "jane"}, (), "jane"),
        ({"team": "platform", "owner": "jane"}, (), "platform"),
        ({"team": "platform", "owner": "jane"}, ("team",), "jane"),
        ({"team": "platform", "owner": "jane"}, ("team", "owner"), ""),
        ({"team": "", "owner": "jane"}, (), "jane"),
    ],
)
def test_the_owner_is_the_team_else_the_owner_that_the_metadata_names(metadata, hidden, owner):
    assert owner_of(product("shop", extra_metadata=metadata), hidden) == owner


def test_dependents_are_by_name_and_never_the_product_itself():
    whole = registry(
        product("shop", depends_on=["shop"]),
        product("web", depends_on=["shop", "unknown"]),
        product("api", depends_on=["shop"]),
    )
    assert dependents(whole) == {"shop": ["api", "web"], "web": [], "api": []}


def test_former_names_are_those_that_lead_to_a_product_through_others_too():
    whole = registry(product("shop"), product("web"))
    whole.aliases = {"old": "older", "older": "shop", "web": "shop", "stray": "nowhere"}
    assert former_names(whole) == {"shop": ["old", "older"], "nowhere": ["stray"]}


def test_the_latest_value_of_a_field_is_the_last_that_is_not_empty_and_not_hidden():
    events = [{"deployed_by": "ann"}, {"deployed_by": "bob"}, {"deployed_by": ""}, {}]
    assert latest_value(events, "deployed_by") == "bob"
    assert latest_value(events, "reason") == ""
    assert latest_value(events, "deployed_by", {"deployed_by"}) == ""


def test_details_are_the_latest_values_and_the_metadata_of_all_events():
    events = [
        {"job": "a", "attempt": "1", "extra_metadata": {"region": "eu", "size": 1}},
        {"job": "b", "attempt": "", "extra_metadata": {"size": 2}},
    ]
    fields, metadata = event_details(events)
    assert fields == {"job": "b", "attempt": "1"}
    assert metadata == {"region": "eu", "size": 2}


def test_the_source_of_a_version_is_that_of_its_latest_events_builds_first():
    record = product(
        "shop",
        [
            deployment("1", "started", minutes=-9, scm_branch="first", invoke_id="1"),
            deployment("1", minutes=-8, scm_branch="second", invoke_id="1"),
            deployment("2", minutes=-7, scm_branch="of the deployment"),
        ],
        builds=[build("2", minutes=-20, scm_branch="of the build")],
    )
    assert record.versions["1"].scm_branch == "second"
    assert record.versions["2"].scm_branch == "of the build"
