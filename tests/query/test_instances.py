"""What every reader says of instances and of undeployments."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import NOW, build, deployment, moment, product, registry, undeployment
from tests.site.machine_files import documents, files_of
from versioner.query.compare.environments import EnvironmentAt, diff
from versioner.query.compare.registries import changes_between
from versioner.query.deployments import find, find_by_id
from versioner.query.matrix import matrix
from versioner.query.versions.product_versions import running_periods, show_version
from versioner.reporting.changes import change_text
from versioner.reporting.query.deployments import (
    deployment_text,
    deployments_json,
    deployments_text,
)
from versioner.reporting.query.differences import diff_json, diff_text
from versioner.reporting.query.products import product_json, product_view
from versioner.reporting.query.status import matrix_json, matrix_text
from versioner.reporting.query.status_rows import matrix_listing
from versioner.reporting.text import TextLayout
from versioner.site.context import SiteContext
from versioner.site.views.parts.product_sections import pending_changes

if TYPE_CHECKING:
    from versioner.models import Event
    from versioner.query.matrix import CellState
    from versioner.registry.records import Registry

EU, US = {"instance": "eu"}, {"instance": "us"}
WIDE = TextLayout(200)
MIXED = [
    deployment("3.0.0", minutes=-120, id="m1", **EU),
    deployment("2.10.1", minutes=-60, id="m2", **US),
]


def whole(
    *events: Event, staging: tuple[Event, ...] = (), listed: tuple[str, ...] = ()
) -> Registry:
    """Return a registry of one product with events of production and of staging."""
    environments: dict[str, dict[str, Any]] = {"staging": {}, "production": {}}
    if listed:
        environments["production"]["instances"] = list(listed)
    there = [{**each, "environment": "staging"} for each in staging]
    return registry(product("cart", [*events, *there]), environments=environments)


def cell(found: Registry, environment: str = "production", at: str | None = None) -> CellState:
    return matrix(found, now=NOW, at=at, environments=[environment]).rows[0].cells[0]


def status(found: Registry) -> dict[str, Any]:
    document = json.loads(matrix_json(matrix(found, now=NOW), revision=None))
    cells: dict[str, Any] = document["products"][0]["cells"]
    return cells


# ---- status ------------------------------------------------------------------------------


def test_status_says_mixed_with_the_version_of_each_instance():
    found = status(whole(*MIXED))["production"]
    assert (found["version"], found["mixed"], found["rollback"]) == (None, True, False)
    assert found["deployment"] is None
    assert [(each["instance"], each["version"], each["since"]) for each in found["instances"]] == [
        ("eu", "3.0.0", moment(-120)), ("us", "2.10.1", moment(-60)),
    ]  # fmt: skip
    text = matrix_text(WIDE, matrix(whole(*MIXED), now=NOW))
    assert "mixed" in text
    assert "3.0.0  eu" in text
    assert "2.10.1  us" in text


def test_status_of_a_registry_without_instances_has_none():
    found = status(whole(deployment("1.0")))
    assert (found["production"]["mixed"], found["production"]["instances"]) == (False, [])
    assert (found["staging"]["mixed"], found["staging"]["instances"]) == (False, [])


def test_listed_instances_are_there_where_nothing_was_deployed():
    found = status(whole(staging=(deployment("1.0"),), listed=("eu", "us")))["production"]
    assert [(each["instance"], each["version"]) for each in found["instances"]] == [
        ("eu", None), ("us", None),
    ]  # fmt: skip
    assert found["version"] is None
    assert found["status"] is None


def test_the_unnamed_instance_has_an_empty_name():
    found = status(whole(deployment("1.0", minutes=-200), MIXED[0]))["production"]
    assert [each["instance"] for each in found["instances"]] == ["eu", ""]
    text = matrix_text(WIDE, matrix(whole(deployment("1.0", minutes=-200), MIXED[0]), now=NOW))
    assert "1.0  others" in text


def test_status_says_since_when_nothing_runs():
    found = whole(deployment("1.0", minutes=-120), undeployment(minutes=-60))
    document = status(found)["production"]
    assert (document["version"], document["status"]) == (None, "undeployed")
    assert (document["since"], document["age_seconds"]) == (moment(-60), 3600)
    assert "undeployed" in matrix_text(WIDE, matrix(found, now=NOW))


def test_status_of_a_moment_looks_at_the_events_up_to_then():
    found = whole(deployment("1.0", minutes=-120), *MIXED[1:], undeployment(minutes=-30))
    assert cell(found, at=moment(-90)).version == "1.0"
    assert cell(found, at=moment(-45)).mixed
    assert cell(found, at=moment(-10)).status == "undeployed"


def test_a_failure_on_one_instance_is_shown_until_that_instance_completes():
    failed = deployment("3.1.0", "failed", minutes=-30, **EU)
    assert cell(whole(*MIXED, failed, deployment("2.11.0", **US))).failed_last is not None
    assert cell(whole(*MIXED, failed, deployment("3.1.0", **EU))).failed_last is None
    assert cell(whole(*MIXED, failed, deployment("3.1.0"))).failed_last is None
    assert cell(whole(*MIXED, failed, undeployment(**EU))).failed_last is None


def test_the_time_of_the_latest_completion_is_beside_that_of_the_first():
    found = cell(whole(deployment("1.0", minutes=-120), deployment("1.0", minutes=-5)))
    assert (found.since, found.redeployed_at) == (moment(-120), moment(-5))


def test_a_listing_has_a_row_for_each_instance():
    rows = matrix_listing(matrix(whole(*MIXED), now=NOW)).rows
    assert [(row["environment"], row["instance"], row["version"]) for row in rows] == [
        ("production", "eu", "3.0.0"), ("production", "us", "2.10.1"),
    ]  # fmt: skip


# ---- drift and differences ---------------------------------------------------------------


def drifts(found: Registry) -> bool:
    return matrix(found, now=NOW).rows[0].drifting


def test_mixed_alone_is_no_drift():
    assert not drifts(whole(*MIXED))
    assert not drifts(
        whole(*MIXED, staging=tuple({**each, "id": f"s{each['id']}"} for each in MIXED))
    )


def test_environments_drift_instance_by_instance():
    other = (deployment("3.0.0", id="s1", **EU), deployment("2.10.0", id="s2", **US))
    assert drifts(whole(*MIXED, staging=other))
    assert drifts(whole(*MIXED, staging=(deployment("3.0.0"),)))
    same = [deployment("3.0.0", **EU), deployment("3.0.0", **US)]
    assert not drifts(whole(*same, staging=(deployment("3.0.0"),)))


def test_the_unnamed_instance_stands_for_those_that_are_not_named():
    rest = deployment("1.0", minutes=-300)
    one = [rest, deployment("2.0", minutes=-200, **EU)]
    other = (deployment("2.0", id="s1", **EU), deployment("1.0", id="s2", **US))
    assert not drifts(whole(*one, staging=other))
    assert drifts(whole(*one, staging=(other[0], deployment("0.9", id="s3", **US))))


def differences(found: Registry) -> list[Any]:
    return diff(found, EnvironmentAt("staging"), EnvironmentAt("production"), now=NOW)


def test_environments_agree_where_every_instance_agrees():
    same = tuple({**each, "id": f"s{each['id']}"} for each in MIXED)
    assert differences(whole(*MIXED, staging=same)) == []
    all_alike = [deployment("3.0.0", **EU), deployment("3.0.0", **US)]
    assert differences(whole(*all_alike, staging=(deployment("3.0.0"),))) == []


def test_a_difference_names_the_instances_that_differ():
    found = whole(*MIXED, staging=(deployment("3.0.0"),))
    (only,) = differences(found)
    assert [tuple(each) for each in only.instances] == [("us", "3.0.0", "2.10.1")]
    assert (only.newer, only.between) == ("", ())
    sides = EnvironmentAt("staging"), EnvironmentAt("production")
    document = json.loads(diff_json(*sides, [only]))["differences"][0]
    assert document["instances"] == [{"instance": "us", "a": "3.0.0", "b": "2.10.1"}]
    assert document["b"]["version"] is None
    assert "2.10.1  us" in diff_text(WIDE, *sides, [only])


def test_what_runs_is_compared_where_the_environments_have_instances_of_their_own():
    blue = deployment("3.0.0", instance="blue")
    assert differences(whole(deployment("3.0.0", **EU), staging=(blue,))) == []
    assert differences(whole(deployment("2.0.0", **EU), staging=(blue,))) != []


def test_a_change_names_the_instance():
    before, after = whole(*MIXED), whole(*MIXED, deployment("3.0.0", **US))
    change = changes_between(before, after)
    assert [(each.instance, each.old, each.new) for each in change.products[0].cells] == [
        ("us", "2.10.1", "3.0.0")
    ]
    assert "production/us: 2.10.1 → 3.0.0" in change_text(change)


# ---- deployments, versions, products -----------------------------------------------------


def test_lists_of_deployments_show_the_instance_and_what_was_removed():
    gone = undeployment(minutes=-10, id="gone", reason="moved", **US)
    found = whole(*MIXED, gone)
    listed = find(found)
    assert [each.id for each in listed] == ["gone", "m2", "m1"]
    text = deployments_text(WIDE, listed, total=3)
    assert "production/us" in text
    assert "undeployed" in text
    documents = json.loads("".join(deployments_json(listed)))
    assert [each.get("instance") for each in documents] == ["us", "us", "eu"]
    assert (documents[0]["version"], documents[0]["previous"]) == (None, "2.10.1")
    assert find(found, status="undeployed") == [listed[0]]
    assert [each.id for each in find(found, status="completed")] == ["m2", "m1"]


def test_an_undeployment_is_shown_by_its_id_and_says_where_it_had_no_effect():
    found = whole(*MIXED, undeployment("9.9", minutes=-10, id="e-without-effect", **US))
    shown = deployment_text(WIDE, find_by_id(found, "e-without-effect"), age="now")
    assert "cart 9.9 to production/us" in shown
    assert "undeployed (it did not run there)" in shown


def test_a_version_runs_where_one_instance_runs_it():
    found = whole(*MIXED, undeployment(minutes=-10, **US)).products["cart"]
    assert show_version(found, "3.0.0").running_in == ("production",)
    assert show_version(found, "2.10.1").running_in == ()
    periods = {(each.instance, each.version): each.until for each in running_periods(found)}
    assert periods == {("eu", "3.0.0"): "", ("us", "2.10.1"): moment(-10)}


def test_a_product_runs_no_single_version_where_it_is_mixed():
    found = whole(*MIXED)
    document = json.loads(product_json(product_view(found, found.products["cart"], now=NOW)))
    assert document["running"] == {"production": None}


# ---- the site ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mixed_files() -> dict[str, bytes]:
    return files_of(whole(*MIXED, staging=(deployment("3.0.0", id="s1"), undeployment(id="s2"))))


def test_the_api_has_the_instances_and_no_version_where_it_is_mixed(mixed_files):
    rows = documents(mixed_files)["api/v1/matrix.json"]["rows"]
    states = {each["environment"]: each for each in rows[0]["cells"]}
    production = states["production"]
    assert (production["version"], production["mixed"]) == (None, True)
    assert [(each["instance"], each["version"]) for each in production["instances"]] == [
        ("eu", "3.0.0"), ("us", "2.10.1"),
    ]  # fmt: skip
    assert "instances" not in states["staging"]


def test_documents_of_a_registry_without_instances_have_no_new_keys():
    found = documents(files_of(whole(deployment("1.0"))))
    state = found["api/v1/matrix.json"]["rows"][0]["cells"][1]
    assert not {"mixed", "instances", "redeployed_at"} & set(state)
    row = found["api/v1/deployments/index.json"]["deployments"][0]
    assert "instance" not in row


def test_a_badge_names_the_versions_of_a_mixed_cell(mixed_files):
    shield = json.loads(mixed_files["badges/cart/production.json"])
    assert shield["message"] == "mixed: 3.0.0, 2.10.1"
    assert json.loads(mixed_files["badges/cart/staging.json"])["message"] == "3.0.0"


def test_a_badge_of_an_undeployed_cell_says_so():
    files = files_of(whole(deployment("1.0", minutes=-9), undeployment(minutes=-5)))
    assert json.loads(files["badges/cart/production.json"])["message"] == "undeployed"


def test_a_table_has_a_column_of_instances_where_an_event_names_one(mixed_files):
    (path,) = (each for each in mixed_files if each.endswith(".csv"))
    rows = list(csv.DictReader(io.StringIO(mixed_files[path].decode(), newline="")))
    assert [(row["environment"], row["instance"]) for row in rows] == [
        ("production", "eu"), ("production", "us"), ("staging", ""), ("staging", ""),
    ]  # fmt: skip
    plain = files_of(whole(deployment("1.0")))
    (path,) = (each for each in plain if each.endswith(".csv"))
    assert b"instance" not in plain[path]


def test_a_feed_names_the_instance(mixed_files):
    feed = mixed_files["feeds/products/cart.atom"].decode()
    assert "cart 2.10.1 to production/us: completed" in feed


def pending(found: Registry) -> list[tuple[str, str, str]]:
    context = SiteContext(found, now=NOW)
    steps = pending_changes(context, "products/cart/index.html", found.products["cart"])
    return [(each["from"], each["to"], each["text"]) for each in steps]


def test_what_would_ship_goes_to_the_instances_that_lack_it():
    builds = [build("2.10.1", minutes=-400), build("3.0.0", minutes=-300)]
    found = whole(*MIXED, staging=(deployment("3.0.0", id="s1"),))
    found.products["cart"].builds = builds
    assert pending(found) == [
        ("staging", "production/us", "staging has 1 version that production/us lacks")
    ]


def test_where_the_product_was_removed_nothing_runs_now():
    gone = [deployment("1.0", minutes=-9), undeployment(minutes=-5)]
    found = whole(*gone, staging=(deployment("1.0", minutes=-8, id="s1"),))
    assert pending(found)[0][2].endswith("nothing runs in production now")
