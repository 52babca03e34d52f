"""What changed before a moment: the command, and the documents that the page reads."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import moment
from tests.cli.registries import NOW, SHA
from versioner.git.repository import open_repository
from versioner.site.publish import publish_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.registries import Desk


def asked(desk: Desk, *arguments: str) -> Any:
    return desk.run("incident", "-o", "json", *arguments).json()


def test_production_comes_first_and_the_latest_first(desk: Desk) -> None:
    found = asked(desk, "--at", "2026-10-03T12:00:00Z", "--hours", "48")
    assert [(each["at"], each["kind"]) for each in found["changes"]] == [
        ("2026-10-03T11:00:00Z", "rollback"),
        ("2026-10-03T09:00:00Z", "deployment"),
        ("2026-10-02T09:00:00Z", "deployment"),
    ]
    assert found["changes"][0]["text"] == (
        "user-service was rolled back from 1.4.0 to 1.3.9 in production, by omar: Login failed"
    )
    assert found["changes"][1]["text"] == (
        "user-service 1.4.0 was deployed to production, by jane (was 1.3.9 for 31 days)"
    )


def test_both_ends_of_the_hours_belong_to_them(desk: Desk) -> None:
    at = "2026-10-03T11:00:00Z"
    assert len(asked(desk, "--at", at, "--hours", "2")["changes"]) == 2
    assert len(asked(desk, "--at", "2026-10-03T11:00:01Z", "--hours", "2")["changes"]) == 1
    assert len(asked(desk, "--at", "2026-10-03T10:59:59Z", "--hours", "2")["changes"]) == 1


def test_a_rule_and_a_decision_are_changes_of_no_environment(desk: Desk) -> None:
    desk.run("freeze", "production", "--until", "2h", "--reason", "Audit")
    desk.run("approve", "user-service", "1.4.0", "-t", "qa", "--by", "ann", "--comment", "seen it")
    found = asked(desk, "--environment", "staging", "--hours", "1")["changes"]
    assert {each["kind"] for each in found if not each["environment"]} == {"rule", "decision"}
    assert any(each["text"].endswith("was created") for each in found)


def test_what_was_observed_to_differ_is_listed_once(desk: Desk, tmp_path: Path) -> None:
    rows = tmp_path / "running.csv"
    for minutes, version in ((-300, "1.4.0"), (-200, "1.4.0"), (-100, "1.3.9")):
        rows.write_text(f"product,version\nuser-service,{version}\npayment-api,{SHA}\n", "utf-8")
        at = moment(minutes, NOW)
        assert desk.run("observe", str(rows), "-e", "production", "--at", at).code == 0
    found = asked(desk, "--at", NOW, "--hours", "6")["changes"]
    drifts = [each["text"] for each in found if each["kind"] == "drift"]
    assert drifts == [
        "user-service 1.4.0 was seen to run in production (csv), where 1.3.9 is recorded"
    ]


def test_text_and_markdown_have_the_same_lines(desk: Desk) -> None:
    options = ("--at", "2026-11-22T12:00:00Z", "--hours", "8784")
    texts = [each["text"] for each in asked(desk, *options)["changes"]]
    kinds = [each["kind"] for each in asked(desk, *options)["changes"]]
    plain = " ".join(desk.run("incident", *options).out.split())
    markdown = desk.run("incident", *options, "-o", "markdown").out
    assert len(kinds) - kinds.count("rule") == 11
    assert all(each in plain for each in texts)
    assert sum(line.startswith("- ") for line in markdown.splitlines()) == len(texts)
    assert "by dependabot\\[bot\\]" in markdown


@pytest.mark.parametrize("arguments", [("--at", "2026-02-30"), ("--hours", "0"), ("-e", "nowhere")])
def test_a_question_that_cannot_be_asked_is_a_usage_error(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    assert desk.run("incident", *arguments).code == 2


def test_the_documents_of_the_page_have_what_the_command_says(desk: Desk, tmp_path: Path) -> None:
    desk.run("approve", "user-service", "1.4.0", "-t", "qa", "--by", "ann")
    out = tmp_path / "site"
    publish_site(open_repository(desk.top), "HEAD", out, now=NOW)
    documents = [json.loads(each.read_bytes()) for each in (out / "api/v1/changes").iterdir()]
    every = [each for document in documents for each in document["changes"]]
    chance = random.Random(7)
    for _ in range(12):
        at = moment(-chance.randrange(90 * 24 * 60), NOW)
        hours = chance.choice((2, 6, 24, 2000))
        found = asked(desk, "--rev", "HEAD", "--at", at, "--hours", str(hours))
        inside = [each for each in every if found["since"] <= each["at"] <= at]
        assert sorted(map(str, inside)) == sorted(map(str, found["changes"]))
