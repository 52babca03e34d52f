"""versioner check: the exit codes, the text, the JSON, at a revision, at a URL and in CI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from versioner.serialization.log import event_line

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.registries import Desk

NIGHTS = """\
name: days-only
reason: "Nobody is there at night."
applies_to: {environments: [production]}
type: schedule
schedule:
  time_zone: Europe/London
  blocked:
    - daily: {from: "10:00", to: "11:30"}
"""
OPENED = {
    "at": "2026-11-22T10:00:00Z",
    "environment": "staging",
    "version": "2.0",
    "status": "started",
    "id": "x-1",
}
FLOW = """\
name: through-staging
applies_to: {environments: [production]}
type: flow
flow: {through: [staging], soak: 24h}
"""


def rule(desk: Desk, name: str, text: str) -> None:
    path = desk.top / f"registry/rules/{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    desk.git("add", "-A")
    desk.git("commit", "-qm", f"Add {name}")


def test_an_answer_has_a_code_each_reason_and_from_when(desk: Desk) -> None:
    allowed = desk.run("check", "user-service", "1.4.0", "production")
    assert (allowed.code, allowed.out.splitlines()[0]) == (
        0,
        "ALLOWED  user-service 1.4.0 to production",
    )
    rule(desk, "days-only", NIGHTS)
    refused = desk.run("check", "user-service", "1.4.0", "production")
    assert refused.code == 5
    assert refused.out.splitlines()[:4] == [
        "REFUSED  user-service 1.4.0 to production: closed at this time",
        "  days-only: inside a closed window, until Sun 22 Nov 2026 11:30 Europe/London",
        "      why: Nobody is there at night.",
        "Allowed from 2026-11-22T11:30:00Z on, if nothing else changes.",
    ]
    rule(desk, "through-staging", FLOW)
    desk.run("track", "build", "--product", "user-service", "--version", "1.6.0")
    never = desk.run("can-i-deploy", "user-service", "1.6.0", "production")
    assert never.code == 5
    assert "through-staging: never completed in staging" in never.out
    assert "No time alone will do" in never.out
    assert desk.run("check", "user-service", "1.6.0", "staging").code == 0


def test_json_is_the_same_at_a_tree_and_names_it(desk: Desk) -> None:
    rule(desk, "days-only", NIGHTS)
    arguments = ("check", "user-service", "1.4.0", "production", "-o", "json")
    first = desk.run(*arguments)
    answer = json.loads(first.out)
    assert list(answer) == [
        *("allowed", "product", "version", "environment", "instance", "at", "code"),
        *("allowed_from", "verdicts", "commit", "tree"),
    ]
    assert answer["code"] == "NO_DEPLOY_WINDOW"
    assert answer["verdicts"] == [
        {
            "rule": "days-only",
            "type": "schedule",
            "enforcement": "enabled",
            "outcome": "failed",
            "code": "NO_DEPLOY_WINDOW",
            "message": "inside a closed window, until Sun 22 Nov 2026 11:30 Europe/London",
            "until": "2026-11-22T11:30:00Z",
        }
    ]
    assert answer["commit"] == desk.git("rev-parse", "HEAD").strip()
    assert answer["tree"] == desk.git("rev-parse", "HEAD^{tree}").strip()
    at = ("--at", answer["at"])
    assert desk.run(*arguments, *at, "--rev", "HEAD").out == first.out
    # Without the rule, which is not committed: another answer, of no commit.
    (desk.top / "registry/rules/days-only.yaml").unlink()
    changed = desk.run(*arguments).json()
    assert (changed["allowed"], changed["commit"], changed["tree"]) == (True, "", "")
    assert desk.run(*arguments, "--rev", "HEAD", *at).out == first.out


def test_another_moment_is_asked_for_with_the_events_up_to_it(desk: Desk) -> None:
    rule(desk, "through-staging", FLOW)
    ask = ("check", "user-service", "1.4.0", "production", "-o", "json", "--at")
    soaking = json.loads(desk.run(*ask, "2026-10-02T10:00:00Z").out)
    assert soaking["code"] == "INSUFFICIENT_SOAK_TIME"
    assert soaking["allowed_from"] == "2026-10-03T09:00:00Z"
    assert json.loads(desk.run(*ask, "2026-10-03T09:00:00Z").out)["allowed"]
    assert json.loads(desk.run(*ask, "2027-10-03T09:00:00Z").out)["allowed"]
    early = desk.run(*ask, "2026-10-02T08:59:59Z")
    assert (early.code, early.out) == (4, "")


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (("user-service", "9.9", "production"), 4),
        (("nothing", "9.9", "production"), 4),
        (("User Service", "1.4.0", "production"), 4),
        (("user-service", "1..4", "production"), 4),
        (("user-service", "1.4.0", "Production"), 4),
        (("user-service", "1.4.0", "production", "--instance", "a..b"), 4),
        (("user-service", "9.9", "production", "--allow-unknown-version"), 0),
        (("nothing", "9.9", "nowhere", "--allow-unknown-version"), 0),
        (("user-service", "1.4.0", "production", "--at", "soon"), 2),
        (("user-service", "1.4.0", "production", "--rev", "nothing"), 2),
    ],
)
def test_exit_codes_of_names(desk: Desk, question: tuple[str, ...], code: int) -> None:
    assert desk.run("check", *question).code == code


def test_names_are_made_legal_where_the_registry_says_so(desk: Desk) -> None:
    config = desk.top / "registry/registry.yaml"
    config.write_text(config.read_text("utf-8") + "names: slugify\n", "utf-8")
    assert (
        desk.run("check", "User.Service", "1.4.0", "Production", "-o", "json").json()["product"]
        == "user-service"
    )


def test_a_rule_that_cannot_be_read_answers_nothing(desk: Desk) -> None:
    rule(desk, "broken", "name: broken\napplies_to: {environments: [production]}\ntype: flow\n")
    refused = desk.run("check", "user-service", "1.4.0", "production")
    assert (refused.code, refused.out) == (1, "")
    assert "registry/rules/broken.yaml:1: flow is missing" in refused.err
    # A version that is not known comes before, and another environment is not concerned.
    assert desk.run("check", "user-service", "9.9", "production").code == 4
    assert desk.run("check", "user-service", "1.4.0", "staging").code == 0
    assert desk.run("validate").code == 3


def test_other_products_are_read_where_a_rule_is_about_them(desk: Desk, forge: Path) -> None:
    rule(desk, "one", "name: one\ntype: concurrency\nconcurrency: {limit: 1, per: environment}\n")
    refused = desk.run("check", "payment-api", "9e8d7c6b", "staging")
    assert refused.code == 5
    assert "1 open of at most 1: user-service 1.5.0 to staging by jane" in refused.out
    assert "Allowed from 2026-11-23T09:45:00Z on" in refused.out
    # That which is asked about is not in its own way, and a stale one in nobody's.
    assert desk.run("check", "user-service", "1.5.0", "staging").code == 0
    assert desk.run("check", "payment-api", "9e8d7c6b", "test").code == 0
    # For a moment before later events, the index finds the deployments that were open then.
    completed = ("--status", "completed", "--completed-at", "2026-11-22T10:00:00Z")
    start = ("track", "deployment", "-p", "user-service", "--version", "1.5.0", "-e", "staging")
    done = desk.run(*start, *completed)
    assert done.code == 0, done.err
    assert desk.run("check", "payment-api", "9e8d7c6b", "staging").code == 0
    earlier = ("check", "payment-api", "9e8d7c6b", "staging", "--at", "2026-11-22T09:59:59Z")
    assert desk.run(*earlier).code == 5
    desk.git("push", "-q", "origin", "main")
    desk.run("index")
    url = ("check", "payment-api", "9e8d7c6b", "staging", "--repo", forge.as_uri())
    from versioner.cli.errors import run

    assert run([*url]) == 0
    assert run([*url, "--at", "2026-11-22T09:59:59Z"]) == 5


def test_github_gets_an_annotation_and_a_summary(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(desk, "days-only", NIGHTS.replace("at night.", "at night ``` ::error::x"))
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    refused = desk.run("check", "user-service", "1.4.0", "production", "-o", "json")
    (annotation,) = refused.err.splitlines()
    assert annotation.startswith("::error::refused: user-service 1.4.0 to production%0Adays-only")
    assert "::error::x" not in annotation.removeprefix("::error::")
    assert summary.read_text("utf-8").startswith("**Refused**: user-service 1.4.0 to production\n")
    assert summary.read_text("utf-8").count("```") == 2


def test_an_answer_by_files_that_are_not_committed_names_no_commit(desk: Desk) -> None:
    ask = ("check", "user-service", "1.4.0", "staging", "-o", "json")
    block = "concurrency: {limit: 1, per: environment}"
    rule(desk, "alone", f"name: alone\ntype: concurrency\n{block}\n")
    log = desk.top / "registry/products/payment-api/deployments/2026-11.yaml"
    text = log.read_text("utf-8")
    at_commit = json.loads(desk.run(*ask).out)
    assert at_commit["commit"] == desk.git("rev-parse", "HEAD")
    # The rule reads the deployments of other products.
    log.write_text(text + event_line("deployment", OPENED), "utf-8")
    changed = json.loads(desk.run(*ask).out)
    assert "payment-api 2.0 to staging" in changed["verdicts"][0]["message"]
    assert (changed["commit"], changed["tree"]) == ("", "")
    assert "by files that are not committed" in desk.run(*ask[:4]).out
    log.write_text(text, "utf-8")
    assert json.loads(desk.run(*ask).out) == at_commit


def test_a_misspelt_name_is_not_taken_for_another_in_silence(desk: Desk) -> None:
    rule(desk, "days-only", NIGHTS)
    allowed = desk.run("check", "user-service", "1.4.0", "prodution", "-o", "json")
    assert allowed.json()["allowed"]
    assert allowed.err == (
        'warning: there is no environment "prodution": did you mean production?\n'
    )
    new = desk.run("check", "user-service", "1.4.0", "review-42")
    assert (new.code, "is judged by its name" in new.err) == (0, True)
    unknown = desk.run("check", "user-servic", "1.4.0", "production")
    assert unknown.code == 4
    assert 'there is no product "user-servic"' in unknown.err
    assert "did you mean user-service?" in unknown.err
    assert desk.run("product", "delete", "web-frontend", "--yes").code == 0
    deleted = desk.run("check", "web-frontend", "2026.11.1", "staging")
    assert deleted.code == 4
    assert 'the product "web-frontend" was deleted on 2026-11-22' in deleted.err


def test_a_step_that_follows_never_takes_an_error_for_an_answer(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(desk, "days-only", NIGHTS.replace("blocked:", "blokced:"))
    outputs, summary = tmp_path / "outputs", tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for version, code, words in (("1.4.0", 1, "rules/days-only.yaml:7: "), ("9", 4, "no event")):
        outputs.write_text("", "utf-8")
        assert desk.run("check", "user-service", version, "production").code == code
        assert outputs.read_text("utf-8") == "allowed=false\nallowed_from=\n"
        assert words in summary.read_text("utf-8")


def test_gitlab_gets_what_refuses_as_a_report(desk: Desk) -> None:
    rule(desk, "days-only", NIGHTS)
    rule(desk, "maybe", NIGHTS.replace("days-only", "maybe\nenforcement: report-only"))
    refused = desk.run("check", "user-service", "1.4.0", "production", "--format", "gitlab")
    assert refused.code == 5
    first, second = json.loads(refused.out)
    assert first["location"]["path"] == "registry/rules/days-only.yaml"
    assert (first["check_name"], first["severity"]) == ("NO_DEPLOY_WINDOW", "major")
    assert "days-only: inside a closed window" in first["description"]
    assert (second["location"]["path"], second["severity"]) == (
        "registry/rules/maybe.yaml",
        "minor",
    )
    desk.run("block", "user-service", "1.4.0")
    blocked = desk.run("check", "user-service", "1.4.0", "staging", "--format", "gitlab")
    (issue,) = json.loads(blocked.out)
    assert issue["location"]["path"] == "registry/products/user-service/product.yaml"
    allowed = desk.run("check", "user-service", "1.3.9", "staging", "--format", "gitlab")
    assert (allowed.code, json.loads(allowed.out)) == (0, [])


@pytest.mark.parametrize("year", ["0001", "0999", "3000", "9999"])
def test_a_moment_that_no_event_can_have_is_refused(desk: Desk, year: str) -> None:
    asked = desk.run("check", "user-service", "1.4.0", "production", "--at", f"{year}-01-01")
    assert asked.code == 2
    assert "no time of an event" in asked.err


def test_a_version_of_later_is_not_suggested_for_itself(desk: Desk) -> None:
    asked = desk.run("check", "user-service", "1.4.0", "production", "--at", "2020-01-01")
    assert asked.code == 4
    assert "did you mean 1.4.0?" not in asked.err
