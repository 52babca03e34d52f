"""What rollbacks took away: the versions that were still in what ran, and their commits."""

from __future__ import annotations

from typing import Any

from tests.builders import build, deployment, product
from tests.query.test_today import DAY, told, whole_of
from versioner.query.commits.taken import TakenAway, taken_away


def versions_taken(*events: Any, builds: list[Any] | None = None) -> list[str]:
    record = product("tea", list(events), builds)
    found = taken_away(record, record.recorded_changes)
    by_time = sorted(record.deployments, key=lambda each: each.changed_at)
    return [found[each.id].text() for each in by_time if each.id in found]


def ran(*versions: str, **more: str) -> list[Any]:
    return [
        deployment(version, minutes=-DAY + place, **more) for place, version in enumerate(versions)
    ]


def test_a_rollback_takes_away_each_version_that_came_after_the_one_that_came_back() -> None:
    assert versions_taken(*ran("1", "2", "3", "1")) == ["3 and 2"]
    assert versions_taken(*ran("1", "2", "3")) == []
    # What an earlier rollback had taken away was not there any more.
    assert versions_taken(*ran("1", "2", "3", "2", "1")) == ["3", "2"]
    # It is there again after a return; a version that is not in what ran cannot be gone.
    assert versions_taken(*ran("1", "2", "1", "2", "1")) == ["2", "2"]
    assert versions_taken(*ran("1", "2", "3", "1", "3", "2")) == ["3 and 2", "3"]
    assert versions_taken(*ran("1", "2", "2", "1", "1")) == ["2"]
    assert versions_taken(*ran(*"1234567", "1")) == ["7, 6, 5, 4 and 2 more"]


def test_each_instance_loses_what_it_had() -> None:
    whole = ran("1", "2")
    eu = [deployment(v, minutes=-60 + int(v), instance="eu") for v in ("3", "4")]
    back = deployment("1", minutes=-20, instance="eu")
    assert versions_taken(*whole, *eu, back) == ["4, 3 and 2"]
    us = deployment("1", minutes=-10, instance="us")
    assert versions_taken(*whole, *eu, back, us) == ["4, 3 and 2", "2"]


def test_the_commits_are_those_of_the_versions_that_are_gone() -> None:
    login = {"since": "1", "commits": [{"id": "a" * 10, "subject": "Fix login"}]}
    builds = [build("2", minutes=-2 * DAY, changes=login)]
    assert versions_taken(*ran("1", "2", "1"), builds=builds) == ["2 (1 commit: Fix login)"]
    assert TakenAway("2", "1 commit").text(has_commits=False) == "2"


def test_today_tells_it_where_it_is_more_than_the_version_that_ran() -> None:
    events = [deployment(version, minutes=-90 + int(version)) for version in ("1", "2", "3")]
    (said,) = told(whole_of(*events, deployment("1", minutes=-10)))["taken-back"]
    assert said.endswith("to 1 in production at 10:05. It took away 3 and 2")
    (said,) = told(whole_of(*events[:2], deployment("1", minutes=-10)))["taken-back"]
    assert "took away" not in said
