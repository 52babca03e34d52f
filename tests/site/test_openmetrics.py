"""metrics.txt, judged by the parsers of prometheus_client, in both formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain

from tests.builders import NOW, deployment, moment, product, registry, void
from tests.site.samples import everything
from versioner.registry.event_order import seconds_of
from versioner.site.context import SiteContext
from versioner.site.exports import openmetrics
from versioner.site.exports.openmetrics import Family, Sample, families_text, metrics_file

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.registry.records import Registry

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def values_of(text: str) -> Values:
    """Return the samples by name and labels, as both formats have them."""
    found: list[Values] = []
    for read in (read_openmetrics, read_plain):
        samples = [each for family in read(text) for each in family.samples]
        values = {(each.name, tuple(sorted(each.labels.items()))): each.value for each in samples}
        assert len(values) == len(samples)
        found.append(values)
    assert found[0] == found[1]
    return found[0]


def of(whole: Registry, **fields: Any) -> Values:
    return values_of(metrics_file(SiteContext(whole, now=NOW, **fields)).decode())


def key(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return f"versioner_{name}", tuple(sorted(labels.items()))


def test_a_registry_is_told_in_numbers() -> None:
    good = deployment("1.0", environment="production", at=moment(-60))
    bad = deployment("1.1", environment="production", status="failed", at=moment(-30))
    wrong = deployment("0.9", environment="production", at=moment(-90))
    begun = deployment("1.2", environment="staging", status="started", at=moment(-5))
    whole = registry(
        product("shop", [wrong, good, bad, begun, void(wrong["id"])]),
        product("quiet"),
    )
    values = of(whole)
    place = {"product": "shop", "environment": "production"}
    assert values[key("running_version", **place, instance="", version="1.0")] == 1
    assert [name for name, _ in values].count("versioner_running_version") == 1
    at = float(seconds_of(moment(-30)))
    assert values[key("last_deployment_timestamp_seconds", **place)] == at
    counts = {
        status: values[key("deployments", environment="production", status=status)]
        for status in ("completed", "failed", "started", "pending", "aborted")
    }
    assert counts == {"completed": 1, "failed": 1, "started": 0, "pending": 0, "aborted": 0}
    assert values[key("failed_last", environment="production")] == 1
    assert values[key("deployments_in_progress", environment="staging")] == 1
    assert values[key("products")] == 2
    assert values[key("environments")] == 4
    assert values[key("problems", severity="error")] == 0
    assert values[key("inbox_events", state="waiting")] == 0
    assert values[key("commit_timestamp_seconds")] == seconds_of(NOW)
    assert values[key("samples_left_out")] == 0


def test_an_instance_has_its_own_version() -> None:
    whole = registry(
        product(
            "shop",
            [
                deployment("1.0", environment="production", at=moment(-60), instance="eu"),
                deployment("1.1", environment="production", at=moment(-30), instance="us"),
            ],
        )
    )
    running = {
        (labels["instance"], labels["version"])
        for name, pairs in of(whole)
        if name == "versioner_running_version" and (labels := dict(pairs))
    }
    assert running == {("eu", "1.0"), ("us", "1.1")}


@pytest.mark.parametrize("text", ['a"b', "a\\", "a\\n", "line\nbreak", 'x"} 1\n# EOF', "ü\u202e"])
def test_hostile_labels_stay_labels(text: str) -> None:
    made = families_text([Family("x", "A help.", [Sample({"version": text, "other": "1"}, 3)])])
    (only,) = values_of(f"{made}# EOF\n").items()
    assert only == (("x", (("other", "1"), ("version", text))), 3)


def test_the_site_has_the_file_and_everything_in_it_is_valid(site: Path) -> None:
    text = (site / "metrics.txt").read_text("utf-8")
    assert text.endswith("\n# EOF\n")
    values = values_of(text)
    assert values[key("products")] == len(everything().products)
    assert values[key("open_requests")] == 1
    assert any(name == "versioner_closed" for name, _ in values)


def test_more_cells_than_a_scraper_bears_are_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openmetrics, "_SAMPLES_MOST", 3)
    many = [
        product(f"p{n}", [deployment("1", environment="production", at=moment(-9))])
        for n in range(5)
    ]
    values = of(registry(*many))
    assert [name for name, _ in values].count("versioner_running_version") == 3
    assert values[key("samples_left_out")] == 4


def test_an_environment_is_closed_at_the_commit_by_enabled_rules_alone() -> None:
    values = of(everything())
    closed = {dict(pairs)["environment"]: value for (name, pairs), value in values.items()
              if name == "versioner_closed"}  # fmt: skip
    # The window is from 22:00 to 06:00 in UTC, and the commit is of the daytime.
    assert set(closed.values()) == {0}
    night = SiteContext(everything(), now=NOW[:11] + "23:00:00Z")
    at_night = values_of(metrics_file(night).decode())
    assert at_night[key("closed", environment="production")] == 1
