from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.registries import Desk

ALL = ("--since", "2020-01-01", "--until", "2026-12-31")


def test_the_figures_are_those_of_the_deployments_behind_them(desk: Desk) -> None:
    found = desk.run("metrics", *ALL, "-o", "json").json()
    rows = desk.run("metrics", *ALL, "--deployments", "-o", "json").json()
    kinds = [row["counts_as"] for row in rows]
    assert kinds
    assert found["frequency"] == {
        "count": kinds.count("change") + kinds.count("rollback"),
        "rollbacks": kinds.count("rollback"),
        "redeployments": kinds.count("redeployment"),
    }
    assert found["change_failure_rate"]["failed"] == sum(row["failed_change"] for row in rows)
    leads = [row for row in rows if row["lead_time_seconds"] is not None]
    assert found["lead_time"]["n"] == len(leads)
    assert {row["environment"] for row in leads} <= {"production"}
    assert found["problems"] == 0


def test_weeks_are_rows_and_each_has_the_keys_of_the_whole(desk: Desk) -> None:
    found = desk.run("metrics", *ALL, "--by", "month", "-o", "json").json()
    rows = list(
        csv.DictReader(io.StringIO(desk.run("metrics", *ALL, "--by", "month", "-o", "csv").out))
    )
    assert [row["period.name"] for row in rows] == [
        each["period"]["name"] for each in found["periods"]
    ]
    assert sum(int(row["frequency.count"]) for row in rows) == found["frequency"]["count"]


def test_text_begins_with_the_first_month_that_has_any(desk: Desk) -> None:
    text = desk.run("metrics", *ALL, "--by", "month").out
    assert text.startswith("all products in all environments, 2020-01-01 00:00 to 2026-12-31 23:59")
    assert "change failure rate" in text
    assert "2020-01  " not in text


def test_a_former_name_and_a_team_are_found(desk: Desk) -> None:
    product = desk.run("metrics", "--product", "user-service", *ALL, "-o", "json").json()
    assert product["product"] == "user-service"
    assert desk.run("metrics", "--team", "nobody", *ALL).code == 2
    assert "has the team" in desk.run("metrics", "--team", "nobody", *ALL).err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--since", "2026-02-30"), "--since"),
        (("--since", "2026-02-02", "--until", "2026-02-01"), "before it begins"),
        (("--environment", "nowhere"), 'no environment "nowhere"'),
        (("--product", "nothing"), 'no product "nothing"'),
    ],
)
def test_a_question_that_cannot_be_asked_is_a_usage_error(
    desk: Desk, options: tuple[str, ...], message: str
) -> None:
    done = desk.run("metrics", *options)
    assert done.code == 2
    assert message in done.err
