"""The Metrics page and its documents: the figures that `versioner metrics` counts."""

from __future__ import annotations

import csv
import gzip
import random
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import NOW, build, deployment, moment, product, registry, void
from tests.query.naive_metrics import Row, naive_metrics
from tests.site.samples import DAY, TOOL
from versioner.query.derived.owners import products_of_team
from versioner.query.metrics.documents import metrics_document
from versioner.query.metrics.policy import metrics_policy
from versioner.query.metrics.summary import ended_in, report_of
from versioner.registry.event_order import seconds_of
from versioner.site.api.metrics import metrics_of_all
from versioner.site.build import build_site
from versioner.site.context import SiteContext
from versioner.site.views.metrics import failures_view, metrics_page_view
from versioner.site.views.parts.metric_cards import periods_to

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.registry.records import Registry


@pytest.fixture(scope="module")
def whole() -> Registry:
    """Return three products of two teams, with some hundred days of events of each kind."""
    chance = random.Random(20261129)
    products = []
    for number in range(3):
        name, events, builds = f"p{number}", [], []
        for step in range(90):
            minutes = -chance.randrange(460 * DAY)
            version = f"v{chance.randrange(40)}"
            status = chance.choice(("completed",) * 9 + ("failed", "aborted"))
            environment = chance.choice(("staging", "production"))
            event = deployment(
                version, status, minutes=minutes, environment=environment, id=f"{name}-{step}"
            )
            events.append(event)
            if chance.random() < 0.4:
                builds.append(build(version, minutes=minutes - 90, id=f"{name}-b{step}"))
        events.append(void(events[7], minutes=-DAY, id=f"{name}-void"))
        events.sort(key=lambda each: str(each["at"]))
        team = {"team": "identity" if number else "web"}
        products.append(product(name, events, builds, extra_metadata=team))
    products.append(product("quiet"))
    return registry(*products)


@pytest.fixture(scope="module")
def context(whole: Registry) -> SiteContext:
    return SiteContext(whole, now=NOW)


def counted(
    whole: Registry, since: str, until: str, *, environment: str = "", names: Any = None
) -> dict[str, Any]:
    policy = metrics_policy(whole)
    policy = policy.in_environment(environment) if environment else policy
    records = [whole.products[name] for name in names or whole.products]
    ended = ended_in(records, policy, since=since, until=until)
    return metrics_document(report_of(ended, since=since, until=until).total)


def asked(document: dict[str, Any], whole: Registry) -> dict[str, Any]:
    """Return the options of the question that a part of the document answers."""
    names = [document["product"]] if "product" in document else None
    if "team" in document:
        names = products_of_team(whole.products.values(), document["team"])
    return {"environment": document.get("environment", ""), "names": names}


def test_the_document_has_the_figures_of_the_command(whole: Registry, context: SiteContext) -> None:
    document = metrics_of_all(context)
    parts = [*document["environments"], *document["teams"], *document["products"]]
    # Four environments, two teams, and the products with any deployment.
    assert len(parts) == 4 + 2 + 3
    for part in ({**document, "periods": document["weeks"]}, document, *parts):
        for found in part["periods"]:
            period = {key: found["period"][key] for key in ("since", "until")}
            expected = counted(whole, **period, **asked(part, whole))
            assert found == {**expected, "period": found["period"]}, part
    year = document["periods"][1]
    assert year["frequency"]["count"] > 50
    assert year["time_to_restore"]["n"] > 5
    assert year["lead_time"]["from_build"] > 5


def test_periods_are_whole_days_to_that_of_the_last_commit() -> None:
    assert [tuple(each) for each in periods_to("2026-02-28T10:15:00Z")] == [
        ("90 days", "2025-12-01T00:00:00Z", "2026-02-28T23:59:59Z"),
        ("12 months", "2025-03-01T00:00:00Z", "2026-02-28T23:59:59Z"),
    ]


def test_the_page_shows_the_figures_and_leads_to_what_they_count(
    whole: Registry, context: SiteContext, tmp_path: Path
) -> None:
    build_site(whole, tmp_path / "out", now=NOW, tool_version=TOOL)
    page = (tmp_path / "out/metrics/index.html").read_text(encoding="utf-8")
    for period in periods_to(NOW):
        found = counted(whole, period.since, period.until)
        assert f"<dd>{found['frequency']['count']:,} <span>in {period.name}</span></dd>" in page
        rate = found["change_failure_rate"]
        assert f"<dd>{rate['rate']:.1%} <span>in {period.name}</span></dd>" in page
        assert f"{rate['failed']} of {rate['changes']} changes" in page
    assert "versioner metrics --since 2025-12-01 --until 2026-11-22" in page
    failures = (tmp_path / "out/metrics/failures.html").read_text(encoding="utf-8")
    weeks = set(re.findall(r'failures\.html#(\d{4}-W\d\d)"', page))
    assert weeks
    assert weeks <= set(re.findall(r'<tbody id="([^"]+)"', failures))
    links = re.findall(r'href="\.\./(products/p\d/[^"#]+)#([^"]+)"', failures)
    assert len(links) > 20
    for path, anchor in links:
        assert f'id="{anchor}"' in (tmp_path / "out" / path).read_text(encoding="utf-8")


def test_numbers_of_a_week_lead_to_its_failures_only_where_it_has_any(
    context: SiteContext,
) -> None:
    weeks = metrics_page_view(context)["weeks"]
    listed = {week["name"] for week in failures_view(context)["weeks"]}
    cells = [(row["name"], cell) for row in weeks for cell in row["cells"][1:]]
    assert {name for name, cell in cells if cell["href"]} == listed
    assert all(cell["text"][:1] not in "-0" for _, cell in cells if cell["href"])


def test_fewer_than_five_samples_are_told() -> None:
    events = [deployment(f"v{n}", minutes=n - 60, id=f"e{n}") for n in range(4)]
    few = SiteContext(registry(product("p", events)), now=NOW)
    cards = {card["name"]: card["values"] for card in metrics_page_view(few)["metrics"]["cards"]}
    assert {each["few"] for each in cards["Change failure rate"]} == {
        "fewer than 5 samples say little"
    }
    events.append(deployment("v4", minutes=-1, id="e4"))
    enough = SiteContext(registry(product("p", events)), now=NOW)
    cards = {card["name"]: card["values"] for card in metrics_page_view(enough)["metrics"]["cards"]}
    assert {each["few"] for each in cards["Change failure rate"]} == {""}


def test_a_registry_without_deployments_says_so() -> None:
    view = metrics_page_view(SiteContext(registry(product("p")), now=NOW))
    assert not view["metrics"]["any"]
    assert (view["weeks"], view["products"], view["weekly"]["rows"]) == ([], [], [])


def test_what_the_registry_counts_is_what_the_page_defines() -> None:
    config = {
        "schema_version": 1,
        "metrics": {
            "rollback_window": "2d", "environments": ["staging"], "failures": ["aborted"],
        },
    }  # fmt: skip
    events = [
        deployment("v1", minutes=-60, environment="staging", id="a"),
        deployment("v2", "aborted", minutes=-50, environment="staging", id="b"),
        deployment("v1", minutes=-60, id="c"),
    ]
    context = SiteContext(registry(product("p", events), config=config), now=NOW)
    found = metrics_page_view(context)
    cards = {card["name"]: card for card in found["metrics"]["cards"]}
    assert cards["Deployment frequency"]["values"][0]["value"] == "1"
    assert (
        cards["Change failure rate"]["definition"] == "The share of the changes that were aborted."
    )
    assert "within 2 days" in cards["Time to restore"]["definition"]
    assert [row["what"][0]["text"] for row in failures_view(context)["weeks"][0]["rows"]] == [
        "aborted"
    ]


def test_an_event_of_the_future_hides_no_figure() -> None:
    events = [deployment(f"v{n}", minutes=-n * DAY, id=f"e{n}") for n in range(5)]
    far = [deployment(f"w{n}", at=f"203{n}-01-01T00:00:00Z", id=f"f{n}") for n in range(3)]
    context = SiteContext(registry(product("p", [*reversed(events), *far])), now=NOW)
    document = metrics_of_all(context)
    assert document["periods"][0]["frequency"]["count"] == 5


def test_the_page_over_the_real_deployments_is_the_naive_count(real_rows_file: Path) -> None:
    with gzip.open(real_rows_file, "rt", encoding="utf-8", newline="") as file:
        table = sorted(csv.DictReader(file), key=lambda row: row["at"])
    rows, known, events = [], {}, {}
    for number, row in enumerate(table):
        name, environment, version = row["product"], row["environment"], row["version"]
        at = int(datetime.fromisoformat(row["at"]).replace(tzinfo=UTC).timestamp())
        rows.append(Row((name, environment), at, "completed", version))
        known.setdefault((name, version), (at, "deployment"))
        event = deployment(version, at=row["at"], environment=environment, id=f"{number:026d}")
        events.setdefault(name, []).append(event)
    whole = registry(*(product(name, own) for name, own in sorted(events.items())))
    context = SiteContext(whole, now=moment(0, table[-1]["at"]))
    document = metrics_of_all(context)
    for found in document["periods"]:
        period = found.pop("period")
        since, until = seconds_of(period["since"]), seconds_of(period["until"])
        del found["lead_time"]["from_build"]
        assert found == naive_metrics(rows, known, since=since, until=until)
        assert found["frequency"]["count"] > 500
