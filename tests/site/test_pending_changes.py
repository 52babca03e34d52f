"""What would ship: the versions that one environment has and the next one lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.builders import NOW, build, deployment, product, registry
from tests.site.samples import DAY
from versioner.site.context import SiteContext
from versioner.site.urls import product_page
from versioner.site.views.parts.product_sections import pending_changes

if TYPE_CHECKING:
    from versioner.models import Event
    from versioner.site.views.parts.layout import View


def steps(
    deployments: list[Event], builds: list[Event] | None = None, **document: str
) -> list[View]:
    whole = registry(product("a", deployments, builds, **document))
    return pending_changes(SiteContext(whole, now=NOW), product_page("a"), whole.products["a"])


def built(*names: str) -> list[Event]:
    return [
        build(name, minutes=-9 * DAY + number, notes=f"Notes of {name}", scm_sha=f"{number:07x}")
        for number, name in enumerate(names)
    ]


def test_the_versions_between_two_environments_would_ship_newest_first() -> None:
    found = steps(
        [
            deployment("1", environment="production", minutes=-8 * DAY),
            deployment("3", environment="staging", minutes=-2 * DAY),
        ],
        built("1", "2", "3"),
    )
    assert [(step["from"], step["to"]) for step in found] == [("staging", "production")]
    assert [each["version"] for each in found[0]["versions"]] == ["3", "2"]
    assert found[0]["versions"][0]["notes"] == "Notes of 3"
    assert found[0]["text"] == "staging has 2 versions that production lacks"


def test_where_both_run_the_same_nothing_would_ship() -> None:
    both = [deployment("1", environment=name, minutes=-DAY) for name in ("staging", "production")]
    assert steps(both) == []


def test_an_environment_that_is_behind_the_next_one_is_told_so() -> None:
    found = steps(
        [
            deployment("1", environment="staging", minutes=-3 * DAY),
            deployment("2", environment="production", minutes=-2 * DAY),
        ]
    )
    assert found[0]["behind"]
    assert found[0]["text"] == "production has 1 version that staging lacks"


def test_where_nothing_ever_succeeded_the_first_version_would_ship() -> None:
    found = steps(
        [
            deployment("1", environment="staging", minutes=-3 * DAY),
            deployment("1", "failed", environment="production", minutes=-2 * DAY),
        ]
    )
    assert "nothing runs in production yet" in found[0]["text"]


def test_the_source_is_compared_where_the_forge_is_known() -> None:
    whole = registry(
        product(
            "a",
            [
                deployment("1", environment="production", minutes=-8 * DAY),
                deployment("2", environment="staging", minutes=-2 * DAY),
            ],
            built("1", "2"),
            extra_metadata={"repository": "https://github.com/acme/a"},
        )
    )
    found = pending_changes(SiteContext(whole, now=NOW), product_page("a"), whole.products["a"])
    assert found[0]["compare"] == "https://github.com/acme/a/compare/0000000...0000001"
    whole.config["site"] = {"hidden_fields": ["scm_sha"]}
    found = pending_changes(SiteContext(whole, now=NOW), product_page("a"), whole.products["a"])
    assert found[0]["compare"] == ""


def test_a_backport_that_was_built_later_does_not_put_the_environment_before_it_behind() -> None:
    found = steps(
        [
            deployment("2.0.0", environment="staging", minutes=-3 * DAY),
            deployment("1.9.9", environment="production", minutes=-2 * DAY),
        ],
        built("1.10.0", "2.0.0", "1.9.9"),
    )
    assert not found[0]["behind"]
    assert [each["version"] for each in found[0]["versions"]] == ["2.0.0", "1.10.0"]


def test_a_version_that_was_rolled_back_is_not_proposed() -> None:
    there_and_back = [
        deployment(version, environment="production", minutes=-5 * DAY + number)
        for number, version in enumerate(["1", "2", "1"])
    ]
    found = steps([*there_and_back, deployment("2", environment="staging", minutes=-6 * DAY)])
    assert found[0]["text"] == "staging has 2, which was rolled back in production"
    assert found[0]["versions"] == []
    found = steps([*there_and_back, deployment("3", environment="staging", minutes=-DAY)])
    assert [(v["version"], v["rolled_back"]) for v in found[0]["versions"]] == [
        ("3", ""), ("2", "rolled back in production"),
    ]  # fmt: skip
