"""The logs of what was seen to run: read, checked, formatted and compared like other logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import deployment
from tests.registry.files import files, load, log, product, told
from versioner.git.snapshot import MemorySnapshot
from versioner.layout import log_path, place_of
from versioner.registry.history.check import check_history
from versioner.serialization.format import format_file
from versioner.serialization.log import append, event_line, header

if TYPE_CHECKING:
    from versioner.models import Event

SHOP = product("shop")
DIGEST = "sha256:" + "ab" * 32


def seen(version: str = "1.4.0", **fields: Any) -> Event:
    return {
        "at": "2026-11-22T10:15:00Z",
        "environment": "production",
        "version": version,
        "source": "kubernetes",
        "id": "o1",
        **fields,
    }


def observations(*events: Event, month: str = "2026-11") -> dict[str, bytes]:
    lines = "".join(event_line("observation", event) for event in events)
    return {log_path("shop", "observation", month): f"# log\n{lines}".encode()}


def test_observations_are_read_beside_the_deployments_and_deploy_nothing():
    event = seen(artifacts={"shop": DIGEST}, instance="eu-west-1")
    registry = load(SHOP, log("shop", deployment("1.3.0")), observations(event))
    assert told(registry) == []
    record = registry.products["shop"]
    assert record.observations == [event]
    assert record.cells["production"].current.version == "1.3.0"
    assert list(record.versions) == ["1.3.0"]


def test_a_line_has_the_keys_in_the_order_of_the_schema():
    event = seen("", versions=["1.4.0", "1.5.0"], images=["shop:latest"], instance="eu")
    line = event_line("observation", dict(reversed(event.items())))
    assert line == (
        '- {at: "2026-11-22T10:15:00Z", environment: "production", instance: "eu", version: "", '
        'versions: ["1.4.0", "1.5.0"], images: ["shop:latest"], source: "kubernetes", id: "o1"}\n'
    )


def test_a_new_log_names_its_schema_and_is_in_canonical_form():
    made = append("observation", None, [seen()])
    assert made.startswith(header("observation").encode())
    assert b"schemas/observations-log.schema.json" in made
    assert format_file("observation", made) == made


def test_a_log_in_another_style_is_formatted():
    text = '- {id: "o1", source: csv, version: "",\n   environment: staging, at: "%s"}\n'
    formatted = format_file("observation", (text % seen()["at"]).encode()).decode()
    event = {**seen("", source="csv"), "environment": "staging"}
    assert formatted == event_line("observation", event)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"environment": "nowhere"}, "environment"),
        ({"version": ".."}, "value"),
        ({"instance": "eu..west"}, "name"),
        ({"instance": "EU"}, "name"),
        ({"versions": []}, "value"),
        ({"artifacts": {"shop": "sha256:12"}}, "value"),
        ({"artifacts": {}}, "value"),
        ({"source": ""}, "value"),
        ({"images": ["a b"]}, "value"),
        ({"at": "2026-10-01T00:00:00Z"}, "month"),
    ],
    ids=str,
)
def test_a_wrong_value_is_reported_on_its_line(fields: dict[str, Any], code: str):
    (problem,) = told(load(SHOP, observations(seen(id="o0"), seen(**fields))))
    assert problem.startswith("products/shop/observations/2026-11.yaml:3:")
    assert problem.endswith(f" {code}")


def test_an_id_that_an_event_of_the_product_has_is_reported():
    registry = load(SHOP, log("shop", deployment("1.0", id="o1")), observations(seen()))
    assert [line.partition(" ")[2] for line in told(registry)] == ["duplicate-id"]


def test_a_path_that_is_no_month_is_no_log():
    assert place_of("registry/products/shop/observations/2026-13.yaml") is None
    place = place_of("registry/products/shop/observations/2026-11.yaml")
    assert place is not None
    assert place.log_kind == "observation"
    assert place_of("registry/products/shop/product.yaml").log_kind is None  # type: ignore[union-attr]


def snapshot(*events: Event) -> MemorySnapshot:
    return MemorySnapshot(files(SHOP, observations(*events)))


def test_the_history_check_lets_observations_only_be_added():
    before = snapshot(seen(), seen("1.5.0", id="o2"))
    more = snapshot(seen(), seen("1.5.0", id="o2"), seen(id="o3"))
    assert check_history([before], more, allow_log_changes=True) == []
    for after, code in (
        (snapshot(seen()), "history-missing"),
        (snapshot(seen("9.9"), seen("1.5.0", id="o2")), "history-changed"),
        (snapshot(seen("1.5.0", id="o2"), seen()), "history-order"),
    ):
        assert [each.code for each in check_history([before], after)] == [code]
    assert [each.code for each in check_history([before], more)] == ["history-added"]


@pytest.mark.parametrize(
    ("image", "hint"),
    [
        ("ghcr.io/acme/shop:1.4", 'write "ghcr.io/acme/shop"'),
        ("localhost:5000/shop@" + DIGEST, 'write "localhost:5000/shop"'),
        ("https://ghcr.io/acme/Shop/", 'write "ghcr.io/acme/shop"'),
    ],
)
def test_a_pattern_of_images_with_a_tag_gets_the_name_to_write(image: str, hint: str):
    registry = load(product("shop", "observe:", f'  images: ["{image}"]'))
    (problem,) = registry.problems
    assert (problem.line, problem.code) == (3, "value")
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    "image",
    [
        "shop",
        "acme/shop",
        "ghcr.io/acme/shop",
        "registry:5000/acme/shop",
        "**/shop",
        "ghcr.io/*/shop",
    ],
)
def test_a_pattern_of_images_is_accepted(image: str):
    registry = load(product("shop", "observe:", f'  images: ["{image}"]'))
    assert told(registry) == []
