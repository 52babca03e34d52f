"""versioner track: what is recorded, from which of its sources, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
import pytest

from tests.cli.registries import NOW, SHA, Desk, Outcome
from versioner.cli.commands.track import track
from versioner.cli.errors import run
from versioner.models.events import BUILD_KEYS, DEPLOYMENT_KEYS
from versioner.serialization.log import read_canonical

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/billing-api",
    "GITHUB_SHA": SHA,
    "GITHUB_REF_NAME": "main",
    "GITHUB_RUN_NUMBER": "42",
    "GITHUB_RUN_ID": "9001",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "deploy",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_ACTOR": "jane",
}
SECONDS = int(datetime.fromisoformat(NOW).timestamp())
WHERE = ("--product", "user-service", "--environment", "production", "--version", "2.0.0")


def deploy(desk: Desk, *arguments: str, base: tuple[str, ...] = WHERE) -> Outcome:
    return desk.run("track", "deployment", *base, *arguments)


def events(desk: Desk, product: str, kind: str = "deployments") -> list[dict[str, Any]]:
    """Return a product's events of this month, as they are at the tip."""
    text = desk.git("show", f"HEAD:registry/products/{product}/{kind}/2026-11.yaml")
    lines = read_canonical("deployment" if kind == "deployments" else "build", f"{text}\n".encode())
    assert lines is not None
    return [event for _, event in lines]


def would(desk: Desk, *arguments: str, base: tuple[str, ...] = WHERE) -> dict[str, Any]:
    """Return the outcome of a dry run."""
    return dict(deploy(desk, *arguments, "--dry-run", "-o", "json", base=base).json())


def configure(desk: Desk, text: str) -> None:
    path = desk.top / "registry/registry.yaml"
    path.write_text(path.read_text() + text)
    desk.git("commit", "-qam", "Configure")


@pytest.fixture
def in_github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Run in a job of GitHub Actions; return the file of its step summary."""
    for name, value in GITHUB.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    return tmp_path / "summary.md"


# ---- what is recorded --------------------------------------------------------------------


def test_every_option_of_a_deployment_is_a_field_of_its_event(desk: Desk) -> None:
    configure(desk, "people: all\n")
    started = deploy(desk, "--status", "in_progress", "--event-id", "d-1")
    assert started.code == 0, started.err
    given = {
        "--source-system": "jenkins",
        "--build-number": "17",
        "--scm-sha": SHA.upper(),
        "--scm-repository": "acme/user-service",
        "--scm-branch": "main",
        "--build-url": "https://ci.example/17",
        "--invoke-id": "run-17",
        "--deployed-by": "jane",
        "--deployed-by-email": "jane@example.test",
        "--deployed-by-name": "Jane Doe",
        "--deploy-url": "https://app.example",
        "--reason": "a fix",
        "--deployment": "d-1",
    }
    flat = [part for pair in given.items() for part in pair]
    more = ["--completed-at", "2026-11-22T11:00:00+01:00", "--extra-metadata", '{"region": "eu"}']
    done = deploy(desk, *flat, *more, "--status", "Success")
    assert done.code == 0, done.err
    event = events(desk, "user-service")[-1]
    expected = {name[2:].replace("-", "_"): value for name, value in given.items()}
    assert event == {
        **expected,
        "scm_sha": SHA,
        "at": "2026-11-22T10:00:00Z",
        "environment": "production",
        "version": "2.0.0",
        "status": "completed",
        "extra_metadata": {"region": "eu"},
        "id": event["id"],
    }
    assert f"event {event['id']}" in done.out


def test_every_option_of_a_build_is_a_field_of_its_event(desk: Desk) -> None:
    configure(desk, "people: all\n")
    given = {
        "--scm-sha": SHA,
        "--built-by": "jane",
        "--built-by-email": "jane@example.test",
        "--built-by-name": "Jane Doe",
        "--notes": "faster",
        "--started-at": "2026-11-22T09:00:00Z",
        "--completed-at": "2026-11-22T09:30:00Z",
    }
    flat = [part for pair in given.items() for part in pair]
    base = ("track", "build", "--product", "user-service", "--version", "2.0.0")
    done = desk.run(*base, *flat, "--status", "built")
    assert done.code == 0, done.err
    (event,) = events(desk, "user-service", "versions")
    expected = {name[2:].replace("-", "_"): value for name, value in given.items()}
    assert {key: event[key] for key in expected} == expected
    assert (event["at"], event["status"]) == ("2026-11-22T09:30:00Z", "completed")


def test_one_commit_with_a_fixed_subject_and_a_clean_status(desk: Desk) -> None:
    before = desk.commits()
    assert deploy(desk).code == 0
    assert desk.commits() == before + 1
    subject = "Record deployment of user-service 2.0.0 to production (completed)"
    assert desk.git("show", "-s", "--format=%s|%ct", "HEAD") == f"{subject}|{SECONDS}"
    assert desk.git("status", "--porcelain") == ""
    assert desk.git("fsck", "--strict") == ""


def test_a_dry_run_shows_the_line_and_writes_nothing(desk: Desk) -> None:
    before = desk.git("rev-parse", "HEAD")
    said = deploy(desk, "--dry-run", "--environment", "canary").out
    assert "would record: deployment of user-service 2.0.0 to canary (completed)" in said
    assert "would create registry/environments/canary.yaml" in said
    assert '- {at: "2026-11-22T10:15:00Z", environment: "canary", version: "2.0.0"' in said
    shown = would(desk, "--event-id", "mine")
    assert shown["outcome"] == "would_record"
    assert (shown["commit"], shown["event"]["id"]) == (None, "mine")
    assert desk.git("rev-parse", "HEAD") == before
    assert desk.git("status", "--porcelain") == ""


def test_an_unknown_product_and_environment_are_created_in_the_same_commit(desk: Desk) -> None:
    before = desk.commits()
    done = deploy(desk, base=("--product", "new-one", "--environment", "qa-2", "--version", "1"))
    assert done.code == 0, done.err
    assert desk.commits() == before + 1
    assert desk.git("show", "--name-only", "--format=", "HEAD").split() == [
        "registry/environments/qa-2.yaml",
        "registry/products/new-one/deployments/2026-11.yaml",
        "registry/products/new-one/product.yaml",
    ]
    assert "created registry/environments/qa-2.yaml" in done.out
    assert desk.run("validate").code == 0


@pytest.mark.parametrize(
    "base",
    [
        ("--product", "new-one", "--environment", "production", "--version", "1"),
        ("--product", "user-service", "--environment", "qa-2", "--version", "1"),
    ],
)
def test_no_create_blocks_what_is_unknown(desk: Desk, base: tuple[str, ...]) -> None:
    done = deploy(desk, "--no-create", base=base)
    assert done.code == 5
    assert "there is no" in done.err
    assert "create" in done.err


def test_a_deleted_product_is_blocked_and_never_softened(desk: Desk) -> None:
    assert desk.run("product", "delete", "user-service", "--yes").code == 0
    for extra in ((), ("--best-effort",), ("--fail-on-api-error=false",)):
        done = deploy(desk, *extra)
        assert done.code == 5
        assert "restore user-service" in done.err
        assert "create user-service" in done.err


def test_an_old_name_leads_to_the_product(desk: Desk) -> None:
    assert desk.run("product", "rename", "user-service", "account-service").code == 0
    assert deploy(desk).code == 0
    assert events(desk, "account-service")[-1]["version"] == "2.0.0"


def test_an_alias_that_leads_nowhere_is_blocked(desk: Desk) -> None:
    path = desk.top / "registry/aliases/old-name.yaml"
    path.parent.mkdir()
    path.write_text('to: "gone"\n')
    desk.git("add", ".")
    desk.git("commit", "-qm", "Add an alias")
    done = deploy(desk, "--product", "old-name")
    assert (done.code, '"gone"' in done.err) == (5, True)


def test_slugify_turns_a_name_into_a_legal_one_and_keeps_it_as_title(desk: Desk) -> None:
    assert deploy(desk, "--product", "My.New_Service").code == 4
    configure(desk, "names: slugify\n")
    assert deploy(desk, "--product", "My.New_Service").code == 0
    found = desk.run("product", "show", "my-new-service", "-o", "json").json()
    assert found["title"] == "My.New_Service"
    assert deploy(desk, "--product", "Größe").code == 4


@pytest.mark.parametrize(
    ("people", "login", "kept"),
    [
        ("none", "jane", []),
        ("login", "jane", ["deployed_by"]),
        ("login", "jane@example.test", []),
        ("all", "jane", ["deployed_by", "deployed_by_email", "deployed_by_name"]),
    ],
)
def test_people_decides_who_is_recorded(
    desk: Desk, people: str, login: str, kept: list[str]
) -> None:
    if people != "login":
        configure(desk, f"people: {people}\n")
    who = ["--deployed-by", login, "--deployed-by-email", "j@x.test", "--deployed-by-name", "J"]
    assert deploy(desk, *who).code == 0
    event = events(desk, "user-service")[-1]
    assert [key for key in event if key.startswith("deployed_by")] == kept


PERSON = ("deployed_by", "deployed_by_email", "deployed_by_name")


@pytest.mark.parametrize(
    ("people", "name", "recorded"),
    [
        ("login", "jane", ["jane"]),
        ("login", "Jane Doe", ["jd"]),
        ("login", "jane@example.test", ["jd"]),
        ("login", "", ["jd"]),
        ("none", "jane", []),
        ("all", "Jane Doe", ["jd", "j@x.test", "Jane Doe"]),
    ],
)
def test_outside_ci_the_person_is_that_of_git_or_the_system(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, people: str, name: str, recorded: list[str]
) -> None:
    configure(desk, f"people: {people}\n")
    desk.git("config", "user.name", name)
    desk.git("config", "user.email", "j@x.test")
    for variable in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "EMAIL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LOGNAME", "jd")
    assert deploy(desk).code == 0
    event = events(desk, "user-service")[-1]
    assert [event[key] for key in PERSON if key in event] == recorded
    assert desk.run("track", "build", "--product", "user-service", "--version", "9").code == 0
    assert events(desk, "user-service", "versions")[-1].get("built_by") == next(
        iter(recorded), None
    )


def test_a_login_is_found_without_variables_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.git("config", "user.name", "Jane Doe")
    for variable in ("GIT_AUTHOR_NAME", "LOGNAME", "USER", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    assert deploy(desk).code == 0
    login = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    assert events(desk, "user-service")[-1]["deployed_by"] == login


def test_a_person_that_is_given_or_that_a_job_has_is_nobody_here(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(desk, "people: all\n")
    monkeypatch.setenv("LOGNAME", "jd")
    assert deploy(desk, "--deployed-by", "li").code == 0
    assert [events(desk, "user-service")[-1].get(key) for key in PERSON] == ["li", None, None]
    # A system that is not known has no person, and the machine's is not the one who deploys.
    monkeypatch.setenv("CI", "true")
    assert deploy(desk, "--version", "2.1").code == 0
    assert not set(PERSON) & set(events(desk, "user-service")[-1])


def test_the_same_run_again_is_recorded_already_and_commits_nothing(desk: Desk) -> None:
    first = deploy(desk, "--invoke-id", "run-1", "-o", "json").json()
    before = desk.git("rev-parse", "HEAD")
    again = deploy(desk, "--invoke-id", "run-1", "-o", "json").json()
    assert (again["outcome"], again["commit"]) == ("already_recorded", None)
    assert again["event"] == first["event"]
    assert again["path"] == first["path"]
    assert desk.git("rev-parse", "HEAD") == before
    assert deploy(desk, "--invoke-id", "run-1").out.startswith("already recorded: ")


def test_another_commit_for_a_version_is_a_conflict(desk: Desk) -> None:
    assert deploy(desk, "--scm-sha", SHA).code == 0
    done = deploy(desk, "--scm-sha", "0123456789abcdef")
    assert done.code == 5
    assert "4f5d1c2a9b8e" in done.err


# ---- where values come from ----------------------------------------------------------------


def test_variables_stand_in_for_options(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "PRODUCT": "payment-api",
        "ENVIRONMENT": "staging",
        "VERSION": "7",
        "STATUS": "failed",
        "BUILD_NUMBER": "12",
        "DEPLOYED_BY": "li",
        "EXTRA_METADATA": '{"a": 1}',
        "EVENT_ID": "by-variable",
    }
    for name, value in variables.items():
        monkeypatch.setenv(f"VERSIONER_{name}", value)
    shown = would(desk, base=())
    assert shown["product"] == "payment-api"
    assert shown["event"] == {
        "at": NOW,
        "environment": "staging",
        "version": "7",
        "status": "failed",
        "deployed_by": "li",
        "build_number": "12",
        "extra_metadata": {"a": 1},
        "id": "by-variable",
    }
    built = desk.run("track", "build", "--dry-run", "-o", "json").json()
    assert (built["product"], built["event"]["version"]) == ("payment-api", "7")


def test_option_then_variable_then_ci_then_default(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, in_github: Path
) -> None:
    base = ("--environment", "production")
    shown = would(desk, base=base)
    assert (shown["product"], shown["event"]["version"]) == ("billing-api", SHA[:8])
    assert shown["event"]["status"] == "completed"
    assert shown["event"]["source_system"] == "github"
    assert shown["event"]["deployed_by"] == "jane"
    monkeypatch.setenv("VERSIONER_VERSION", "3.0.0")
    assert would(desk, base=base)["event"]["version"] == "3.0.0"
    assert would(desk, "--version", "4.0.0", base=base)["event"]["version"] == "4.0.0"


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_option_or_variable_is_no_value(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, in_github: Path, empty: str
) -> None:
    base = ("--environment", "production", "--version", empty, "--status", empty)
    monkeypatch.setenv("VERSIONER_PRODUCT", empty)
    monkeypatch.setenv("VERSIONER_FAIL_ON_API_ERROR", empty)
    shown = would(desk, "--fail-on-api-error", empty, base=base)
    assert shown["product"] == "billing-api"
    assert (shown["event"]["version"], shown["event"]["status"]) == (SHA[:8], "completed")
    monkeypatch.setenv("VERSIONER_VERSION", "5.0.0")
    assert would(desk, base=base)["event"]["version"] == "5.0.0"


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_instance_is_refused_for_it_would_stand_for_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, empty: str
) -> None:
    done = deploy(desk, "--instance", empty)
    assert done.code == 2
    assert "an event without an instance is one of all instances" in done.err
    monkeypatch.setenv("VERSIONER_INSTANCE", "eu")
    assert would(desk, "--instance", empty)["event"]["instance"] == "eu"
    monkeypatch.setenv("VERSIONER_INSTANCE", empty)
    assert "instance" not in would(desk)["event"]


def test_own_metadata_wins_over_what_is_detected(desk: Desk, in_github: Path) -> None:
    found = would(desk)["event"]["extra_metadata"]
    key = next(key for key in found if key.startswith("vi_gh_"))
    mine = json.dumps({key: "mine", "other": True})
    merged = would(desk, "--extra-metadata", mine)["event"]["extra_metadata"]
    assert (merged[key], merged["other"]) == ("mine", True)


def test_verbose_tells_where_each_value_came_from(desk: Desk, in_github: Path) -> None:
    said = deploy(desk, "--verbose", "--dry-run").err
    assert "detected: github" in said
    assert "version = 2.0.0 (--version)" in said
    assert "build_number = 42 (github)" in said
    assert "status = completed (default)" in said
    assert f"at = {NOW} (the clock)" in said
    assert "extra_metadata = " in said


def test_verbose_tells_a_variable_by_its_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, in_github: Path
) -> None:
    monkeypatch.setenv("VERSIONER_VERSION", "7")
    monkeypatch.setenv("VERSIONER_BUILD_NUMBER", "8")
    monkeypatch.setenv("VERSIONER_DEPLOYMENT", "us-6")
    ended = ("--completed-at", "2026-11-22T10:00:00Z", "--version", "")
    said = deploy(desk, "-v", "--dry-run", *ended, "--extra-metadata", '{"a": 1}').err
    assert "version = 7 (VERSIONER_VERSION)" in said
    assert "build_number = 8 (VERSIONER_BUILD_NUMBER)" in said
    assert "deployment = us-6 (VERSIONER_DEPLOYMENT)" in said
    assert "at = 2026-11-22T10:00:00Z (--completed-at)" in said
    assert "(--extra-metadata and github)" in said
    alone = deploy(desk, "-v", "--dry-run", "--version", "9", "--product", " ").err
    assert "version = 9 (--version)" in alone
    assert "product = billing-api (github)" in alone


def test_debug_tells_the_git_commands_without_passwords(desk: Desk) -> None:
    desk.git("remote", "add", "origin", "https://me:s3cr3t@localhost:1/x.git")
    said = deploy(desk, "--debug", "--push", "--best-effort").err
    assert "runs: git " in said
    assert " push " in said
    assert "https://***@localhost:1/x.git" in said
    assert "s3cr3t" not in said
    assert "runs: " not in deploy(desk, "--dry-run").err


def test_debug_shows_where_an_internal_failure_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise KeyError("x")

    monkeypatch.setattr("versioner.cli.clock.now", broken)
    assert deploy(desk).code == 1
    with pytest.raises(KeyError):
        deploy(desk, "--debug")


def test_every_option_is_a_field_or_steers_the_command() -> None:
    steering = {
        *("product", "event_id", "no_create", "branch", "push", "local", "dry_run", "debug"),
        *("fail_on_api_error", "best_effort", "skip_preflight_checks", "verbose", "output"),
        *("repo", "completed_at", "via", "wait", "artifact_files", "no_changes"),
    }
    for kind, keys in (("build", BUILD_KEYS), ("deployment", DEPLOYMENT_KEYS)):
        command = track.get_command(click.Context(track), kind)
        assert command is not None
        names = {option.name for option in command.params}
        assert names <= {*keys, *steering}


@pytest.mark.parametrize(
    "missing", ["--product", "--version", "--environment"], ids=lambda name: name[2:]
)
def test_what_is_missing_is_named_with_the_option_to_add(desk: Desk, missing: str) -> None:
    at = WHERE.index(missing)
    done = deploy(desk, base=WHERE[:at] + WHERE[at + 2 :])
    assert done.code == 2
    assert f"add {missing}" in done.err


@pytest.mark.parametrize(
    ("commit", "said"),
    [
        ("refs/heads/x", "the commit that github reports is not hex"),
        ("", "github reports no commit"),
    ],
)
def test_a_version_that_is_missing_is_told_by_what_the_system_says_of_the_commit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, in_github: Path, commit: str, said: str
) -> None:
    monkeypatch.setenv("GITHUB_SHA", commit)
    done = deploy(desk, base=("--product", "user-service", "--environment", "production"))
    assert (done.code, said in done.err, "add --version" in done.err) == (2, True, True)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("VERSIONER_WAIT", "abc", "VERSIONER_WAIT: Invalid value for '--wait'"),
        ("VERSIONER_VERSION", "../etc", "error: VERSIONER_VERSION: "),
    ],
)
def test_an_error_names_the_variable_that_the_value_is_from(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    at = WHERE.index("--version")
    done = deploy(desk, base=WHERE[:at] + WHERE[at + 2 :])
    assert (done.code in (2, 4), said in done.err) == (True, True), done.err
    assert variable not in deploy(desk, "--version", "../etc", "--wait", "x").err


def test_a_branch_that_does_not_exist_is_named(desk: Desk) -> None:
    done = deploy(desk, "--branch", "other")
    assert (done.code, 'there is no branch "other"' in done.err) == (2, True)


def test_a_retired_environment_is_a_warning(desk: Desk) -> None:
    assert desk.run("environment", "retire", "production").code == 0
    for extra in (("--dry-run",), ()):
        done = deploy(desk, *extra)
        assert done.code == 0, done.err
        assert 'warning: the environment "production" is retired' in done.err
    assert "retired" not in deploy(desk, "--environment", "staging").err
    assert desk.run("environment", "retire", "--undo", "production").code == 0
    assert "retired" not in deploy(desk, "--version", "3.0.0").err


# ---- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--product", "User_Service"], 4, "did you mean user-service?"),
        (["--environment", "Prod!"], 4, "did you mean prod?"),
        (["--version", "../etc"], 4, "not a legal version"),
        (["--status", "compleet"], 4, "did you mean complete"),
        (["--scm-sha", "xyz"], 4, "scm_sha"),
        (["--build-url", "javascript:alert(1)"], 4, "build_url"),
        (["--build-url", "https://user:pass@host/"], 4, "build_url"),
        (["--extra-metadata", "region=eu"], 4, "is not JSON"),
        (["--extra-metadata", "[1]"], 4, "is not a JSON object"),
        (["--extra-metadata", '{"a": NaN}'], 4, "extra_metadata"),
        (["--extra-metadata", '{"a": "%s"}' % ("x" * 103_000)], 4, "extra_metadata"),
        (["--extra-metadata", '{"a": 1, "b": {"c": 1, "c": 2}}'], 4, 'the key "c" twice'),
        (["--extra-metadata", '{"a": %s}' % ("1" * 5000)], 4, "number of 5,000 digits"),
        (["--extra-metadata", '{"a": %s}' % ("[" * 90 + "]" * 90)], 4, "extra_metadata"),
        (["--extra-metadata", '{"a": %s}' % ("[" * 500 + "]" * 500)], 4, "nested too deeply"),
        (["--extra-metadata", '{"a": %s}' % ("[" * 50_000 + "]" * 50_000)], 4, "too deeply"),
        (["--completed-at", "2026-11-22 10:00"], 4, "zone"),
        (["--completed-at", "2026-11-22T11:00:00Z"], 4, "in the future"),
        (["--deployment", "nobody"], 4, "nobody"),
        (["--event-id", "us-3"], 5, "recorded already"),
        (["--output", "yaml"], 2, "yaml"),
        (["--fail-on-api-error=maybe"], 2, "maybe"),
        (["--push", "--local"], 2, "--local"),
        (["--push"], 2, "no remote"),
        (["--branch", "-x"], 2, "-x"),
        (["--no-such"], 2, "--no-such"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_what_is_wrong_is_refused_by_name_and_commits_nothing(
    desk: Desk, arguments: list[str], code: int, said: str
) -> None:
    before = desk.git("rev-parse", "HEAD")
    done = deploy(desk, *arguments, "--best-effort")
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "hint: " in done.err
    assert not re.search("int_max|Recursion|Traceback|[Ee]xpecting", done.err)
    assert desk.git("rev-parse", "HEAD") == before


@pytest.mark.parametrize(
    "option",
    ["--product", "--environment", "--version", "--status", "--reason", "--completed-at", "-v"],
)
def test_a_secret_is_refused_and_not_repeated(desk: Desk, option: str) -> None:
    secret = "ghp_" + "A1b2C3d4E5" * 4
    given = [option, secret]
    if option == "-v":
        given = [option, "--extra-metadata", json.dumps({"key": secret}).replace("_", "\\u005f")]
    done = deploy(desk, *given)
    assert done.code == 4
    assert secret not in done.err + done.out
    assert "looks like a secret" in done.err


def test_a_path_with_uncommitted_changes_is_refused_by_name(desk: Desk) -> None:
    path = "registry/products/user-service/deployments/2026-11.yaml"
    with (desk.top / path).open("a") as log:
        log.write("# mine\n")
    done = deploy(desk)
    assert (done.code, path in done.err) == (1, True)
    assert deploy(desk, "--product", "payment-api").code == 0
    assert (desk.top / path).read_text().endswith("# mine\n")


def test_without_a_repository_or_a_registry_it_says_what_to_do(desk: Desk, tmp_path: Path) -> None:
    bare = tmp_path / "nothing"
    bare.mkdir()
    outcome = Desk(bare, desk.capsys)
    assert (deploy(outcome).code, "init" in deploy(outcome).err) == (2, True)
    outcome.git("init", "-q")
    done = deploy(outcome)
    assert (done.code, "no registry on this branch" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://me:tok@host/x", "VERSIONER_TOKEN"),
        ("ext::touch tok", "not a URL of a registry"),
        ("ftp://host/tok", "not a URL of a registry"),
    ],
)
def test_a_url_that_will_not_do_is_refused_before_anything_is_tried(
    desk: Desk, url: str, said: str
) -> None:
    assert run(["track", "deployment", *WHERE, "--repo", url, "--best-effort"]) == 2
    told = desk.capsys.readouterr().err
    assert said in told
    assert "me:tok" not in told
    assert "versioner spool" not in told


@pytest.mark.parametrize("option", ["--push", "--local"])
def test_what_is_for_a_clone_is_refused_for_a_url(desk: Desk, option: str) -> None:
    assert run(["track", "deployment", *WHERE, "--repo", "https://host/x", option]) == 2
    assert option in desk.capsys.readouterr().err


@pytest.mark.parametrize("option", [("--via", "inbox"), ("--wait",), ("--wait", "0.5")])
def test_what_is_for_a_remote_is_refused_for_a_clone(desk: Desk, option: tuple[str, ...]) -> None:
    done = deploy(desk, *option)
    assert (done.code, "give its URL with --repo" in done.err) == (2, True)


def test_a_variable_that_is_for_remotes_leaves_a_clone_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERSIONER_VIA", "inbox")
    monkeypatch.setenv("VERSIONER_WAIT", "30")
    assert deploy(desk).out.startswith("recorded")


@pytest.mark.parametrize(("given", "code"), [("", 0), (" ", 0), ("-1", 2), ("soon", 2), ("nan", 2)])
def test_a_wait_is_a_number_of_seconds_or_empty(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, given: str, code: int
) -> None:
    monkeypatch.setenv("VERSIONER_WAIT", given)
    assert deploy(desk, "--dry-run").code == code


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes anywhere")
def test_a_repository_that_cannot_be_written_is_told_and_may_be_softened(desk: Desk) -> None:
    folders = [path for path in (desk.top / ".git", desk.top / ".git/versioner") if path.exists()]
    for folder in folders:
        folder.chmod(0o500)
    try:
        assert deploy(desk).code == 1
        done = deploy(desk, "--best-effort")
        assert (done.code, "warning: not recorded" in done.err) == (0, True)
    finally:
        for folder in folders:
            folder.chmod(0o700)


def test_a_lock_of_gits_own_is_told_by_name(desk: Desk) -> None:
    (desk.top / ".git/refs/heads/main.lock").write_text("")
    done = deploy(desk)
    assert (done.code, "main.lock" in done.err, done.out) == (1, True, "")


@pytest.fixture
def blocked_path(desk: Desk) -> None:
    """Let a write of the product's log fail: it has changes that are not committed."""
    with (desk.top / "registry/products/user-service/deployments/2026-11.yaml").open("a") as log:
        log.write("# mine\n")


@pytest.mark.usefixtures("blocked_path")
def test_a_failure_may_be_softened_to_a_warning(desk: Desk) -> None:
    for strict in ((), ("--fail-on-api-error",), ("--fail-on-api-error=true",)):
        assert deploy(desk, *strict).code == 1
    for soft in ("--best-effort", "--fail-on-api-error=false", "--fail-on-api-error=No"):
        done = deploy(desk, soft)
        assert (done.code, done.out) == (0, "")
        assert done.err.startswith("warning: not recorded: ")


@pytest.mark.usefixtures("blocked_path")
def test_the_variable_softens_and_the_bare_option_wins_over_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERSIONER_FAIL_ON_API_ERROR", "false")
    assert deploy(desk).code == 0
    assert deploy(desk, "--fail-on-api-error").code == 1


@pytest.mark.usefixtures("blocked_path", "in_github")
def test_a_softened_failure_is_a_warning_in_github_too(desk: Desk) -> None:
    done = deploy(desk, "--best-effort")
    assert (done.code, "\n::warning::not recorded: " in done.err) == (0, True)


# ---- in GitHub Actions ---------------------------------------------------------------------


def test_a_result_goes_to_the_step_summary(desk: Desk, in_github: Path) -> None:
    assert deploy(desk, "--local", "--dry-run").code == 0
    assert not in_github.exists()
    assert deploy(desk, "--local").code == 0
    assert in_github.read_text().startswith(
        "Recorded: deployment of user-service 2.0.0 to production (completed), event `"
    )


def test_a_summary_that_cannot_be_written_is_a_warning(
    desk: Desk, in_github: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(in_github / "no" / "file"))
    done = deploy(desk)
    assert (done.code, "step summary" in done.err) == (0, True)


def test_a_refusal_is_an_annotation_that_nothing_breaks_out_of(desk: Desk, in_github: Path) -> None:
    done = deploy(desk, "--product", "a\n::warning::x\x1b[2J")
    assert done.code == 4
    (line,) = [line for line in done.err.splitlines() if line.startswith("::")]
    assert line.startswith("::error::")
    assert "\x1b" not in done.err
    missing = deploy(desk, base=("--product", "user-service"))
    assert (missing.code, "::error::--environment is required" in missing.err) == (2, True)


# ---- which branch, and pushing ---------------------------------------------------------------


def tip_of(bare: Path, ref: str = "main") -> str:
    done = subprocess.run(
        ["git", "rev-parse", ref], cwd=bare, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_on_a_detached_head_the_option_to_add_is_shown(desk: Desk) -> None:
    desk.git("checkout", "-q", "--detach")
    done = deploy(desk)
    assert (done.code, "--branch main" in done.err) == (2, True)
    assert deploy(desk, "--branch", "main").code == 0
    assert "2.0.0" in desk.git("show", "-s", "--format=%s", "main")


def test_on_a_detached_head_the_configured_branch_is_the_one(desk: Desk) -> None:
    configure(desk, 'branch: "main"\n')
    desk.git("checkout", "-q", "--detach")
    assert "on main" in deploy(desk).out
    assert "2.0.0" in desk.git("show", "-s", "--format=%s", "main")


def test_a_clone_that_has_the_branch_as_the_remotes_only_records_on_it(
    desk: Desk, forge: Path
) -> None:
    desk.git("checkout", "-q", "--detach")
    desk.git("branch", "-qD", "main")
    done = deploy(desk, "--branch", "main", "--push")
    assert done.code == 0, done.err
    assert tip_of(forge) == desk.git("rev-parse", "main")


def test_push_publishes_the_one_commit(desk: Desk, forge: Path) -> None:
    before = tip_of(forge)
    done = deploy(desk, "--push")
    assert done.code == 0, done.err
    assert "pushed to origin" in done.out
    assert tip_of(forge, "main^") == before
    assert desk.git("status", "--porcelain", "-b") == "## main...origin/main"


def test_push_never_publishes_commits_of_the_users_own(desk: Desk, forge: Path) -> None:
    before = tip_of(forge)
    desk.git("commit", "-q", "--allow-empty", "-m", "Mine")
    done = deploy(desk, "--push")
    assert done.code == 1
    assert "git push" in done.err
    assert tip_of(forge) == before
    assert "2.0.0" in desk.git("show", "-s", "--format=%s", "HEAD")


def test_a_step_that_recorded_and_could_not_push_can_be_run_again(
    desk: Desk, forge: Path, tmp_path: Path
) -> None:
    forge.rename(tmp_path / "away.git")
    run = ("--push", "--invoke-id", "run-5", "--product", "brand-new")
    failed = deploy(desk, *run)
    assert failed.code == 1, failed.err
    (tmp_path / "away.git").rename(forge)
    again = deploy(desk, *run)
    assert again.code == 0, again.err
    assert again.out.startswith("already recorded")
    assert tip_of(forge) == desk.git("rev-parse", "HEAD")
    assert deploy(desk, *run).code == 0


def test_a_second_run_does_not_push_commits_of_the_users_own(
    desk: Desk, forge: Path, tmp_path: Path
) -> None:
    before = tip_of(forge)
    assert deploy(desk, "--invoke-id", "run-5").code == 0
    desk.git("commit", "-q", "--allow-empty", "-m", "Mine")
    assert deploy(desk, "--push", "--invoke-id", "run-5").code == 1
    assert tip_of(forge) == before


def test_in_ci_the_remote_of_a_clone_is_recorded_on_and_with_local_the_clone(
    desk: Desk, forge: Path, in_github: Path
) -> None:
    before = tip_of(forge)
    assert deploy(desk, "--local").code == 0
    assert tip_of(forge) == before
    here = desk.git("rev-parse", "HEAD")
    done = deploy(desk, "--version", "2.0.1", "-o", "json")
    assert done.json()["commit"] == tip_of(forge)
    assert done.json()["pushed_to"].removeprefix("file://") == str(forge)
    assert tip_of(forge, "main^") == before
    assert (desk.git("rev-parse", "HEAD"), desk.git("status", "--porcelain")) == (here, "")


def test_in_ci_a_clone_without_a_remote_records_here(desk: Desk, in_github: Path) -> None:
    assert deploy(desk).code == 0
    assert "2.0.0" in desk.git("show", "-s", "--format=%s", "HEAD")


def test_a_dry_run_pushes_nothing(desk: Desk, forge: Path) -> None:
    before = tip_of(forge)
    assert deploy(desk, "--push", "--dry-run").code == 0
    assert tip_of(forge) == before


# ---- as a process ----------------------------------------------------------------------------


def test_a_closed_pipe_is_no_failure(desk: Desk) -> None:
    script = f"exec '{sys.executable}' -m versioner track deployment --repo '{desk.top}' "
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        ["sh", "-c", script + " ".join(WHERE)], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "2.0.0" in desk.git("show", "-s", "--format=%s", "HEAD")


def shell(desk: Desk, arguments: str, redirection: str) -> subprocess.CompletedProcess[bytes]:
    line = f"exec '{sys.executable}' -m versioner {arguments} --repo '{desk.top}' {redirection}"
    return subprocess.run(["sh", "-c", line], capture_output=True, check=False)


@pytest.mark.parametrize("redirection", [">&-", "<&- >&- 2>&-", ">/dev/full"])
def test_a_report_that_cannot_be_written_is_no_failure_of_what_is_recorded(
    desk: Desk, redirection: str
) -> None:
    if "full" in redirection and not os.path.exists("/dev/full"):  # noqa: PTH110
        pytest.skip("no full device here")
    before = desk.commits()
    done = shell(desk, f"track deployment {' '.join(WHERE)}", redirection)
    assert done.returncode == 0, done.stderr
    assert desk.commits() == before + 1
    assert desk.git("fsck", "--strict") == ""
    assert b"Traceback" not in done.stderr
    warned = b"warning: done, but the result could not be printed: No space left" in done.stderr
    assert warned == ("full" in redirection)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")  # noqa: PTH110
def test_a_dry_run_that_cannot_be_written_failed(desk: Desk) -> None:
    done = shell(desk, f"track deployment {' '.join(WHERE)} --dry-run", ">/dev/full")
    assert (done.returncode, done.stderr) == (1, b"error: No space left on device\n")


def test_the_hosted_clients_flags_of_no_effect_are_taken(desk: Desk) -> None:
    assert deploy(desk, "--skip-preflight-checks", "--debug", "--dry-run").code == 0


def test_the_instance_is_recorded_beside_its_environment(desk: Desk) -> None:
    done = deploy(desk, "--instance", "eu")
    assert "deployment of user-service 2.0.0 to production/eu (completed)" in done.out
    assert '"production", instance: "eu", version: "2.0.0"' in desk.git("show", "HEAD")
    assert desk.git("log", "-1", "--format=%s").endswith("to production/eu (completed)")
    assert deploy(desk, "--instance", "E U").code == 4


def test_an_undeployment_takes_no_version_and_no_commit_from_the_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--product", "user-service", "--environment", "production", "--local")
    for name, value in GITHUB.items():
        monkeypatch.setenv(name, value)
    event = would(desk, "--status", "removed", base=where)["event"]
    assert event["status"] == "undeployed"
    assert "version" not in event
    assert "scm_sha" not in event
    named = would(desk, "--status", "removed", "--version", "1.9", base=where)["event"]
    assert named["version"] == "1.9"
