from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.query.naive_metrics import Row, naive_metrics
from tests.registry.naive_deployments import in_order, without_voids
from tests.registry.test_naive_fold import history
from versioner.errors import NotFound
from versioner.query.derived.owners import products_of_team
from versioner.query.metrics.documents import duration_text, metrics_document
from versioner.query.metrics.outcomes import ended_deployments
from versioner.query.metrics.periods import periods_between
from versioner.query.metrics.policy import MetricsPolicy, metrics_policy
from versioner.query.metrics.summary import ended_in, report_of, spread_of
from versioner.registry.event_order import seconds_of
from versioner.registry.records import ProductRecord, Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from versioner.models import Event

POLICY = MetricsPolicy(lead_time_environments=frozenset({"production"}))
ALWAYS = {"since": "0001-01-01T00:00:00Z", "until": "9999-12-31T23:59:59Z"}


def service(*rows: str, builds: str = "") -> ProductRecord:
    """Return a product of rows `day[+hours] version [status] [environment]`, in November 2026."""
    record = ProductRecord("service")
    for number, row in enumerate(rows):
        day, version, *more = row.split()
        status, environment, *_ = [*more, *("completed", "production")[len(more) :]]
        event = {"id": f"e{number}", "at": at(day), "version": version, "status": status}
        record.deployment_events.append({**event, "environment": environment})
    for build in builds.split():
        day, version = build.split("/")
        record.builds.append({"id": f"b{day}", "at": at(day), "version": version})
    return record


def at(text: str) -> str:
    day, _, hours = text.partition("+")
    return f"2026-11-{int(day):02}T{int(hours or 0):02}:00:00Z"


def figures(record: ProductRecord, policy: MetricsPolicy = POLICY, **period: str) -> dict[str, Any]:
    period = period or ALWAYS
    return metrics_document(report_of(ended_in([record], policy, **period), **period).total)


def test_the_first_version_a_new_one_and_a_rollback_are_deployments() -> None:
    found = figures(service("1 1.0", "2 2.0", "3 2.0", "4 1.0", "5 2.0"))
    # The first, another, and back, and forward again; the third brought nothing else.
    assert found["frequency"] == {"count": 4, "rollbacks": 1, "redeployments": 1}


def test_a_rollback_within_a_week_makes_its_change_a_failed_one() -> None:
    soon, late = service("1 1.0", "2 2.0", "9 1.0"), service("1 1.0", "2 2.0", "9+1 1.0")
    assert figures(soon)["change_failure_rate"] == {"failed": 1, "changes": 2, "rate": 0.5}
    assert figures(late)["change_failure_rate"] == {"failed": 0, "changes": 2, "rate": 0.0}


def test_a_failed_try_is_a_change_even_of_the_version_that_runs() -> None:
    found = figures(service("1 1.0", "2 1.0 failed", "3 2.0 failed", "4 3.0 aborted"))
    assert found["change_failure_rate"] == {"failed": 2, "changes": 3, "rate": 2 / 3}
    assert found["frequency"]["count"] == 1


def test_what_is_restored_is_what_stayed() -> None:
    # The version after the failure was itself taken back, so that the one after it ends it.
    found = figures(service("1 1.0", "2 2.0 failed", "3 3.0", "4 1.0", "20 4.0"))
    assert found["time_to_restore"]["n"] == 2
    assert found["time_to_restore"]["q1_seconds"] == 86400 * 1.25
    assert found["time_to_restore"]["q3_seconds"] == 86400 * 1.75


def test_a_failure_without_an_end_is_no_sample() -> None:
    found = figures(service("1 1.0", "2 2.0 failed"))
    assert found["time_to_restore"] == dict.fromkeys(found["time_to_restore"]) | {"n": 0}


def test_a_change_within_a_day_of_a_failed_one_is_rework() -> None:
    found = figures(service("1 1.0", "2 2.0 failed", "3 3.0", "5 4.0"))
    assert found["rework"] == {"count": 1, "changes": 4}
    assert figures(service("2 2.0 failed", "3+1 3.0"))["rework"]["count"] == 0


def test_a_rollback_is_no_rework() -> None:
    assert figures(service("1 1.0", "2 2.0", "2+1 1.0"))["rework"] == {"count": 0, "changes": 2}


def test_a_lead_time_begins_with_the_build_else_with_the_first_deployment() -> None:
    record = service("2 1.0 completed staging", "4 1.0", "6 2.0", builds="3/1.0 5/2.0")
    found = figures(record)["lead_time"]
    assert (found["n"], found["median_seconds"], found["from_build"]) == (2, 86400, 2)
    assert figures(service("2 1.0 completed staging", "4 1.0"))["lead_time"] == {
        "n": 1,
        "q1_seconds": 172800,
        "median_seconds": 172800,
        "q3_seconds": 172800,
        "from_build": 0,
    }


def test_a_version_that_its_completion_makes_known_has_no_lead_time() -> None:
    assert figures(service("4 1.0"))["lead_time"]["n"] == 0
    assert figures(service("4 1.0", builds="4/1.0"))["lead_time"]["median_seconds"] == 0
    assert figures(service("4 1.0", builds="5/1.0"))["lead_time"]["n"] == 0


def test_only_production_ends_a_lead_time_unless_another_is_told() -> None:
    record = service("4 1.0 completed staging", builds="3/1.0")
    assert figures(record)["lead_time"]["n"] == 0
    assert figures(record, POLICY.in_environment("staging"))["lead_time"]["n"] == 1
    assert figures(record, POLICY.in_environment("production"))["frequency"]["count"] == 0


def test_what_came_after_a_period_judges_it() -> None:
    record = service("1 1.0", "2 2.0", "4 1.0", "5 3.0")
    found = figures(record, since=at("2"), until=at("3"))
    assert found["change_failure_rate"] == {"failed": 1, "changes": 1, "rate": 1.0}
    assert found["time_to_restore"]["median_seconds"] == 2 * 86400


def test_void_and_open_deployments_count_nowhere() -> None:
    record = service("1 1.0", "2 2.0", "3 1.0", "4 3.0 started")
    record.deployment_events.append({"id": "v", "at": at("5"), "voids": "e1", "reason": "wrong"})
    found = figures(record)
    assert found["frequency"] == {"count": 1, "rollbacks": 0, "redeployments": 1}


def test_what_counts_is_configured() -> None:
    document = {
        "rollback_window": "1d",
        "rework_window": "90m",
        "environments": ["prod", "staging"],
        "failures": ["aborted"],
    }
    environments = {"production": {"type": "production"}, "staging": {"type": "staging"}}
    policy = metrics_policy(
        Registry(
            config={"metrics": document},
            environments=environments,
            environment_aliases={"prod": "production"},
        )
    )
    both = frozenset({"production", "staging"})
    assert policy == MetricsPolicy(86400, 5400, both, both, frozenset({"aborted"}))
    by_default = metrics_policy(Registry(environments=environments))
    assert by_default == MetricsPolicy(lead_time_environments=frozenset({"production"}))
    record = service("1 1.0", "2 2.0 failed", "3 2.0 aborted", "4 3.0 completed other")
    assert figures(record, policy)["change_failure_rate"]["failed"] == 1
    assert figures(record, policy)["change_failure_rate"]["changes"] == 3


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), (0, None, None, None)),
        ((7,), (1, 7, 7, 7)),
        ((1, 2), (2, 1.25, 1.5, 1.75)),
        ((4, 1, 3, 2), (4, 1.75, 2.5, 3.25)),
        ((5, 1, 2, 4, 3), (5, 2, 3, 4)),
    ],
)
def test_quartiles_lie_between_the_values_both_ends_included(
    values: tuple[int, ...], expected: tuple[float | None, ...]
) -> None:
    assert spread_of(values) == expected


def test_weeks_and_months_cover_a_period_without_gap() -> None:
    weeks = [*periods_between("2026-12-30T10:00:00Z", "2027-01-11T00:00:00Z", "week")]
    assert [each.name for each in weeks] == ["2026-W53", "2027-W01", "2027-W02"]
    assert weeks[0][1:] == ("2026-12-30T10:00:00Z", "2027-01-03T23:59:59Z")
    assert weeks[1][1:] == ("2027-01-04T00:00:00Z", "2027-01-10T23:59:59Z")
    assert weeks[2][1:] == ("2027-01-11T00:00:00Z", "2027-01-11T00:00:00Z")
    months = [*periods_between("2027-12-31T00:00:00Z", "2028-03-01T00:00:00Z", "month")]
    assert [each.name for each in months] == ["2027-12", "2028-01", "2028-02", "2028-03"]
    assert months[2].until == "2028-02-29T23:59:59Z"
    assert [*periods_between("9999-12-30T00:00:00Z", "9999-12-31T23:59:59Z", "month")][-1][2] == (
        "9999-12-31T23:59:59Z"
    )
    assert [*periods_between("9999-12-30T00:00:00Z", "9999-12-31T23:59:59Z", "week")][-1][2] == (
        "9999-12-31T23:59:59Z"
    )


def test_the_parts_of_a_period_sum_up_to_it() -> None:
    record = service("1 1.0", "2 2.0", "4 1.0", "15 3.0", "28 3.0", "29 4.0 failed")
    period = {"since": at("1"), "until": at("30")}
    report = report_of(ended_in([record], POLICY, **period), **period, by="week")
    assert sum(part.completed for part in report.parts) == report.total.completed == 4
    assert sum(part.changes for part in report.parts) == report.total.changes == 4


def test_a_team_is_found_by_its_name_and_an_unknown_one_gets_a_suggestion() -> None:
    records = [
        ProductRecord("a", {"extra_metadata": {"team": "Identity"}}),
        ProductRecord("b", {"extra_metadata": {"owner": "identity"}}),
        ProductRecord("c"),
    ]
    assert products_of_team(records, "identity ") == ["a", "b"]
    with pytest.raises(NotFound) as caught:
        products_of_team(records, "identiy")
    assert "identity" in str(caught.value.hint).lower()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.6, "1m"), (3605, "1h"), (90061, "1d 1h"), (86400, "1d"), (725, "12m 5s")],
)
def test_a_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_generated_histories_are_counted_as_the_definitions_say(
    scale: Callable[[int, int], int],
) -> None:
    for seed in range(scale(200, 6_000)):
        events, _ = history(seed)
        record = ProductRecord("service", deployment_events=events)
        rows, known = rows_of(events)
        everything = {"since": 0, "until": 2**62}
        expected = naive_metrics(rows, known, **everything)
        found = figures(record)
        del found["period"], found["lead_time"]["from_build"]
        assert found == expected, seed


def rows_of(events: list[Event]) -> tuple[list[Row], dict[tuple[str, str], tuple[int, str]]]:
    rows: list[Row] = []
    known: dict[tuple[str, str], tuple[int, str]] = {}
    voids = {each["voids"] for each in events if "voids" in each}
    for environment in ("production", "staging"):
        here = in_order([each for each in events if each.get("environment") == environment])
        deployments, _ = without_voids(here, voids)
        ended = []
        for each in deployments:
            if each.void:
                continue
            began = seconds_of(each.events[0]["at"])
            key = ("service", each.version)
            known[key] = min(known.get(key, (began, "deployment")), (began, "deployment"))
            if each.result is not None:
                place = [event["id"] for event in here].index(each.result["id"])
                row = Row(
                    ("service", environment),
                    seconds_of(each.result["at"]),
                    each.result["status"],
                    each.version,
                )
                ended.append((place, row))
        rows += [row for _, row in sorted(ended, key=lambda pair: pair[0])]
    return rows, known


def test_the_real_deployments_are_counted_as_the_definitions_say(real_rows_file: Path) -> None:
    with gzip.open(real_rows_file, "rt", encoding="utf-8", newline="") as file:
        table = [*csv.DictReader(file)]
    table.sort(key=lambda row: row["at"])
    rows, known, records = [], {}, {}
    for number, row in enumerate(table):
        product, environment, version = row["product"], row["environment"], row["version"]
        moment = int(datetime.fromisoformat(row["at"]).replace(tzinfo=UTC).timestamp())
        rows.append(Row((product, environment), moment, "completed", version))
        known.setdefault((product, version), (moment, "deployment"))
        event = {"id": f"{number}", "at": row["at"], "environment": environment}
        record = records.setdefault(product, ProductRecord(product))
        record.deployment_events.append({**event, "version": version, "status": "completed"})
    period = {"since": "2024-03-01T00:00:00Z", "until": "2024-12-31T23:59:59Z"}
    expected = naive_metrics(rows, known, **{k: seconds_of(v) for k, v in period.items()})
    found = metrics_document(
        report_of(ended_in(records.values(), POLICY, **period), **period).total
    )
    del found["period"], found["lead_time"]["from_build"]
    assert found == expected
    assert expected["frequency"]["count"] > 500


def test_each_deployment_behind_the_figures_is_told() -> None:
    ended = [*ended_deployments(service("1 1.0", "2 2.0", "3 1.0"), POLICY)]
    assert [(row.deployment.id, row.kind, row.is_failure) for row in ended] == [
        ("e0", "change", False),
        ("e1", "change", True),
        ("e2", "rollback", False),
    ]
