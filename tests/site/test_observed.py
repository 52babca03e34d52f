"""Pages and the API mark what runs otherwise than recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

import versioner
from tests.builders import NOW, deployment, moment, product, registry
from versioner.site.api.deployments import state_of
from versioner.site.api.documents import environment, matrix
from versioner.site.context import SiteContext
from versioner.site.views.overview import overview_view
from versioner.site.views.product import product_view

if TYPE_CHECKING:
    from versioner.models import Event


DESCRIBED = json.loads(
    (Path(versioner.__file__).parent / "site/api/openapi.json").read_text(encoding="utf-8")
)


def context(
    *observations: Event, deployments: list[Event] | None = None, **site: Any
) -> SiteContext:
    if deployments is None:
        deployments = [deployment("1.0", minutes=-60, id="e1")]
    record = product("shop", deployments)
    record.observations = list(observations)
    config = {"schema_version": 1, "site": site}
    return SiteContext(registry(record, config=config), now=NOW)


def seen(version: str, **fields: Any) -> Event:
    return {
        "at": moment(-30),
        "environment": "production",
        "version": version,
        **fields,
        "source": "kubernetes",
        "id": "o1",
    }


def production(view: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in view["places"] if each["environment"] == "production")  # type: ignore[no-any-return]


def test_a_difference_stands_beside_the_version_and_needs_attention():
    site = context(seen("1.1", instance="eu"))
    (mark,) = production(product_view(site, "shop"))["beside"]
    assert (mark["status"], mark["version"], mark["at"]) == ("observed on eu", "1.1", moment(-30))
    assert mark["href"] == "index.html"
    view = overview_view(site)
    group = next(each for each in view["attention"] if "recorded" in each["text"])
    assert group["text"] == "1 difference between what runs and what is recorded"
    assert group["items"][0]["status"] == "runs; recorded: 1.0"
    assert "attention" in view["rows"][0]["flags"]


def test_a_difference_from_several_recorded_versions_names_each():
    deployments = [
        deployment("1.0", minutes=-60, id="e1", instance="eu"),
        deployment("0.9", minutes=-50, id="e2", instance="us"),
    ]
    view = overview_view(context(seen("1.1"), deployments=deployments))
    group = next(each for each in view["attention"] if "recorded" in each["text"])
    assert group["items"][0]["status"] == "runs; recorded: 1.0, 0.9"


def test_what_is_as_recorded_or_not_known_is_not_marked():
    for look in (seen("1.0"), seen("", images=["shop:latest"])):
        site = context(look)
        assert production(product_view(site, "shop"))["beside"] == []
        assert not any("recorded" in each["text"] for each in overview_view(site)["attention"])


def test_the_place_of_a_product_shows_the_last_look_of_each_source():
    site = context(seen("1.0"), {**seen("", instance="eu"), "id": "o2"})
    looks = production(product_view(site, "shop"))["observed"]
    assert [(each["text"], each["at"]) for each in looks] == [
        ("seen to run: 1.0 (kubernetes)", moment(-30)),
        ("seen to run: nothing on eu (kubernetes)", moment(-30)),
    ]
    assert production(product_view(context(), "shop"))["observed"] == []


def test_a_product_that_was_only_observed_has_its_place():
    site = context(seen("1.1"), deployments=[])
    place = production(product_view(site, "shop"))
    assert (place["version"], place["beside"][0]["version"]) == ("", "1.1")
    (listed,) = environment(site, "production")["products"]
    assert (listed["product"], listed["version"]) == ("shop", "")


def test_the_api_describes_what_was_observed():
    digest = "sha256:" + "ab" * 32
    look = seen("", versions=["1.0", "1.1"], artifacts={"shop": digest})
    site = context(look)
    cell = next(each for each in matrix(site)["rows"][0]["cells"] if each["version"])
    (observed,) = cell["observed"]
    assert observed["versions"] == ["1.0", "1.1"]
    assert observed["comparison"] == "differs"
    assert observed["artifacts"] == [{"name": "shop", "digest": digest}]
    schema = {"$ref": "#/components/schemas/State", "components": DESCRIBED["components"]}
    jsonschema.validate(cell, schema)
    hidden = context(look, hidden_fields=["artifacts"])
    assert state_of(hidden, hidden.state("shop", "production"))["observed"][0]["artifacts"] == []


def test_without_an_observation_the_api_has_no_key_for_it():
    site = context()
    assert all("observed" not in each for each in matrix(site)["rows"][0]["cells"])
