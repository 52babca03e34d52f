"""What happened and what waits, as the commands print it, and as the site has it."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import moment
from tests.cli.registries import NOW
from versioner.git.repository import open_repository
from versioner.git.snapshot import snapshot_at
from versioner.query.times.zones import Zone
from versioner.query.today.document import today_document
from versioner.query.today.index_source import IndexSource
from versioner.query.today.report import latest_report
from versioner.query.today.sentences import Writer
from versioner.registry.index import open_index
from versioner.registry.load import load_registry
from versioner.site.context import SiteContext
from versioner.site.views.parts.report_source import SiteSource

if TYPE_CHECKING:
    from tests.cli.registries import Desk
    from versioner.query.today.model import TodaySource


def report(desk: Desk, *arguments: str) -> Any:
    return desk.run("today", "-o", "json", "--rev", "HEAD", *arguments).json()


def test_the_last_day_with_anything_is_told(desk: Desk) -> None:
    text = desk.run("today", "--since", "2026-10-01").out
    assert "user-service was rolled back from 1.4.0, which had run for 2 hours, to 1.3.9" in text
    assert "by omar: Login failed" in text
    assert "in staging on Fri 20 Nov at 09:00, by li." in text
    assert "web-frontend 2026.11.2 was started in test for" in text


def test_what_the_site_hides_is_not_in_what_is_passed_on(desk: Desk) -> None:
    config = desk.top / "registry/registry.yaml"
    hidden = "site: {hidden_fields: [deployed_by, reason]}\n"
    config.write_text(f"{config.read_text()}{hidden}", encoding="utf-8")
    desk.git("commit", "-qam", "Hide people and reasons")
    told = ("today", "--since", "2026-10-01"), ("incident", "--at", NOW, "--hours", "8760")
    for command in told:
        formats = ("markdown", "html") if command[0] == "today" else ("markdown",)
        for output in formats:
            text = desk.run(*command, "-o", output).out
            assert "rolled back" in text
            assert not any(word in text for word in ("omar", "Login failed"))
        assert "omar: Login failed" in " ".join(desk.run(*command).out.split())


def test_each_format_has_the_same_sentences(desk: Desk) -> None:
    found = json.loads(desk.run("today", "--since", "2026-10-01", "-o", "json").out)
    sentences = [
        sentence
        for section in found["sections"]
        for group in section["groups"]
        for sentence in group["sentences"]
    ]
    text = " ".join(desk.run("today", "--since", "2026-10-01").out.split())
    markdown = desk.run("today", "--since", "2026-10-01", "-o", "markdown").out
    mail = desk.run("today", "--since", "2026-10-01", "-o", "html").out
    plain = markdown.replace("**", "").replace("`", "").replace("\\", "")
    assert len(sentences) > 5
    assert [each for each in sentences if each not in text or each not in plain] == []
    assert mail.startswith("<!doctype html>")
    assert len(mail) < 102_000
    assert not any(word in mail for word in ("<script", "<link", "<img", "src="))


def test_a_week_has_seven_days_and_excludes_since(desk: Desk) -> None:
    week = report(desk, "--week")
    assert (week["first_day"], week["last_day"]) == ("2026-11-16", "2026-11-22")
    done = desk.run("today", "--week", "--since", "7d")
    assert done.code == 2
    assert "exclude each other" in done.err


def test_an_unknown_team_and_a_wrong_time_are_usage_errors(desk: Desk) -> None:
    assert "has the team" in desk.run("today", "--team", "nobody").err
    assert desk.run("today", "--since", "2026-02-30").code == 2


def test_lag_lists_what_waits_with_the_version_that_runs(desk: Desk) -> None:
    found = desk.run("lag", "--days", "0", "--rev", "HEAD", "-o", "json").json()
    (one, other) = found["versions"]
    assert (one["product"], one["version"], one["running"]) == ("user-service", "1.4.0", "1.3.9")
    assert [each["code"] for each in one["reasons"]] == ["rolled back"]
    assert (other["product"], other["running"]) == ("web-frontend", None)
    assert found["to"] == "production"
    assert "production runs" in desk.run("lag").out
    assert desk.run("lag", "-o", "csv").out.startswith("product,team,version,environment,")


def test_lag_takes_other_days_and_environments(desk: Desk) -> None:
    assert (
        "No version is stuck before production for 36,500 days or more."
        in desk.run("lag", "--days", "36500").out
    )
    done = desk.run("lag", "--from", "nowhere")
    assert done.code == 2
    assert 'no environment "nowhere"' in done.err


def test_the_settings_of_lag_are_those_of_the_registry(desk: Desk) -> None:
    settings = desk.top / "registry" / "registry.yaml"
    settings.write_text(settings.read_text("utf-8") + "lag: {days: 3000, from: [test]}\n", "utf-8")
    found = desk.run("lag", "-o", "json").json()
    assert (found["days"], found["from"], found["versions"]) == (3000, ["test"], [])


@pytest.mark.parametrize("days", [1, 7])
def test_the_site_and_the_command_tell_the_same_at_any_moment(desk: Desk, days: int) -> None:
    chance = random.Random(days)
    repository = open_repository(desk.top)
    snapshot = snapshot_at(repository, "HEAD")
    whole = load_registry(snapshot)
    with open_index(repository, snapshot) as index:
        for _ in range(12):
            now = moment(-chance.randrange(90 * 24 * 60), NOW)
            zone = Zone(chance.choice(("UTC", "Asia/Tokyo", "America/New_York")))
            site = SiteSource(SiteContext(whole, now=now))
            command = IndexSource(index, index.registry(), now)
            assert told(site, zone, now, days) == told(command, zone, now, days)


def told(source: TodaySource, zone: Zone, now: str, days: int) -> Any:
    found = latest_report(source, zone, now=now, days=days)
    period = found.report.period
    return today_document(found, Writer(zone, (period.first, period.last), now))
