"""versioner observe: what it prints, its exit codes, and what other commands show of it."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.bare_registry import Post
from versioner.cli.errors import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.registries import Desk, Outcome

DIGEST = "sha256:" + "ab" * 32
CONTAINERS = (
    ("4edf61bfedce", "ghcr.io/acme/user-service:1.4.0"),
    ("8ad16badf470", f"localhost:5000/web-frontend@{DIGEST}"),
    ("822f8207aee0", "postgres:16.1"),
)


def containers(*pairs: tuple[str, str]) -> str:
    lines = [
        json.dumps({"ID": id_, "Image": image, "Names": id_, "State": "running"})
        for id_, image in pairs or CONTAINERS
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Any:
    def give(text: str) -> None:
        stream = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", stream)

    return give


def look(desk: Desk, stdin: Any, *options: str, text: str = "") -> Outcome:
    stdin(text or containers())
    return desk.run("observe", "-", "--environment", "production", *options)


def test_a_look_reports_differences_the_rest_and_the_commit(desk: Desk, stdin: Any) -> None:
    outcome = look(desk, stdin)
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[:-1] == [
        "production: 2 products seen, 0 as recorded",
        "  differs: user-service runs 1.4.0, recorded 1.3.9, since 2026-11-22 10:15 UTC",
        "  differs: web-frontend runs an unknown version, recorded nothing, "
        "since 2026-11-22 10:15 UTC",
        "  recorded there, never seen: payment-api",
        "  1 image of no product:",
        "    docker.io/library/postgres: 822f8207aee0",
        "recorded 2 observations",
    ]
    again = look(desk, stdin)
    assert (
        again.out.splitlines()[-1]
        == "nothing to record: nothing changed since the last observation"
    )


def test_a_look_as_json(desk: Desk, stdin: Any) -> None:
    found = look(desk, stdin, "--instance", "host-1", "--output", "json").json()
    assert found["commit"] == desk.git("rev-parse", "HEAD")
    assert (found["environment"], found["instance"]) == ("production", "host-1")
    assert [(each["product"], each["comparison"]) for each in found["products"]] == [
        ("user-service", "differs"),
        ("web-frontend", "differs"),
    ]
    assert found["products"][1]["artifacts"] == {"web-frontend": DIGEST}
    assert found["unclaimed"] == [
        {
            "image": "docker.io/library/postgres",
            "count": 1,
            "workloads": ["822f8207aee0"],
            "reason": None,
        }
    ]


def test_an_instance_that_the_environment_does_not_list_is_recorded_with_a_warning(
    desk: Desk, stdin: Any
) -> None:
    edit = ("environment", "edit", "production", "--set", 'instances=["eu", "us"]')
    assert desk.run(*edit).code == 0
    outcome = look(desk, stdin, "--instance", "eu1")
    assert '  warning: "eu1" is not in the instances of production' in outcome.out.splitlines()
    assert "recorded 2 observations" in outcome.out
    assert "warning" not in look(desk, stdin, "--instance", "eu").out
    assert look(desk, stdin, "--instance", "us", "-o", "json").json()["instance_listed"] is True


def test_a_look_at_a_whole_whose_instances_differ_names_each_recorded_version(
    desk: Desk, stdin: Any
) -> None:
    for instance, version in (("eu", "1.4.1"), ("us", "1.3.9")):
        track = ("track", "deployment", "--product", "user-service", "--version", version)
        done = desk.run(*track, "--environment", "production", "--instance", instance)
        assert done.code == 0, done.err
    outcome = look(desk, stdin)
    assert "  differs: user-service runs 1.4.0, recorded 1.4.1 and 1.3.9, " in outcome.out


def test_a_look_older_than_the_last_one_is_not_said_to_have_found_no_change(
    desk: Desk, stdin: Any
) -> None:
    assert look(desk, stdin).code == 0
    before = desk.commits()
    other = containers(("4edf61bfedce", "ghcr.io/acme/user-service:1.3.0"))
    outcome = look(desk, stdin, "--at", "2026-11-01T09:00:00Z", text=other)
    last = outcome.out.splitlines()[-1]
    assert last == "nothing to record: a later observation is recorded already"
    assert desk.commits() == before


def test_a_dry_run_writes_nothing(desk: Desk, stdin: Any) -> None:
    before = desk.commits()
    outcome = look(desk, stdin, "--dry-run")
    assert outcome.out.splitlines()[-1] == "would record 2 observations"
    assert desk.commits() == before


def test_a_difference_fails_a_schedule_after_it_was_recorded(desk: Desk, stdin: Any) -> None:
    outcome = look(desk, stdin, "--fail-on-difference")
    assert outcome.code == 5
    assert '2 products in "production" run another version than recorded' in outcome.err
    assert "versioner track deployment" in outcome.err
    assert "recorded 2 observations" in outcome.out
    one = containers(("1", "user-service:1.3.9"), ("2", "payment-api:9e8d7c6b"))
    assert look(desk, stdin, "--fail-on-difference", "--instance", "b", text=one).code == 5
    # The other product is gone, where none is recorded: nothing differs any more.
    none = containers(("1", "user-service:1.3.9"))
    assert look(desk, stdin, "--fail-on-difference", text=none).code == 0


def test_status_and_product_show_mark_the_difference(
    desk: Desk, stdin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = desk.run("status", "--output", "json").json()
    assert look(desk, stdin).code == 0
    monkeypatch.setenv("COLUMNS", "160")
    wide = desk.run("status").out
    assert "1.4.0 observed" in wide
    assert "unknown observed" in wide
    assert "2 not as observed" in wide.replace("\n", " ")
    shown = desk.run("product", "show", "user-service").out
    assert "1.4.0 observed" in shown
    row = shown.partition("Observed\n")[2].splitlines()[1]
    since = "2026-11-22 10:15"
    assert " ".join(row.split()) == f"production 1.4.0 differs {since} {since} docker"
    # Nothing of this product was ever deployed there.
    assert "web-frontend" in desk.run("environment", "show", "production").out
    after = desk.run("status", "--output", "json").json()
    cells = {each["product"]: each["cells"] for each in after["products"]}
    (observed,) = cells["user-service"]["production"].pop("observed")
    assert (observed["version"], observed["recorded"]) == ("1.4.0", "1.3.9")
    assert observed["differs_since"] == "2026-11-22T10:15:00Z"
    # Nothing else has changed, and no other cell has the key.
    del cells["web-frontend"]["production"]["observed"]
    assert {**after, "revision": ""} == {**before, "revision": ""}


@pytest.mark.parametrize(
    ("text", "options", "code", "words"),
    [
        (" ", (), 4, "the input is empty"),
        ('{"kind": "Li', (), 4, "the JSON is incomplete"),
        ("NAMESPACE  NAME", (), 4, "-o json"),
        ("", ("--format", "ecs"), 4, "give --format docker"),
        ("", ("--environment", "prod"), 2, "did you mean production?"),
        ("", ("--instance", "EU West"), 4, "instance"),
        ("", ("--at", "yesterday"), 4, "is not a time"),
        ("", ("--at", "2027-01-01T00:00:00Z"), 4, "is in the future"),
        ("", ("--format", "yaml"), 2, "--format"),
    ],
)
def test_what_cannot_be_observed_is_one_error_and_changes_nothing(
    desk: Desk, stdin: Any, text: str, options: tuple[str, ...], code: int, words: str
) -> None:
    before = desk.commits()
    outcome = look(desk, stdin, *options, text=text)
    assert outcome.code == code, outcome.err
    assert words in outcome.err
    assert outcome.out == ""
    assert desk.commits() == before


def test_a_file_that_is_missing_is_a_usage_error(desk: Desk) -> None:
    outcome = desk.run("observe", "no-such.json", "--environment", "production")
    assert outcome.code == 2
    assert "no-such.json" in outcome.err


def test_hostile_names_reach_the_terminal_escaped(desk: Desk, stdin: Any) -> None:
    line = json.dumps({"ID": "\x1b[31m", "Image": "::error::\x1b]0;x", "State": "running"})
    outcome = look(desk, stdin, text=line + "\n")
    assert outcome.code == 0, outcome.err
    assert "\x1b" not in outcome.out
    assert "\n    ::error" not in outcome.out


def test_the_registry_with_observations_is_valid_and_canonical(desk: Desk, stdin: Any) -> None:
    assert look(desk, stdin).code == 0
    assert desk.run("validate").code == 0
    assert desk.run("validate", "--base", "HEAD~1", "--allow-log-changes").code == 0
    assert desk.run("format", "--check").code == 0


def test_a_look_at_a_url_is_pushed_and_a_second_one_is_not(
    desk: Desk, forge: Path, stdin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, file = Post(forge), tmp_path / "running.jsonl"
    file.write_text(containers())
    monkeypatch.chdir(tmp_path)
    command = ["observe", str(file), "-e", "production", "--repo", f"file://{forge}"]
    before = post.git("rev-parse", "main")
    assert run([*command, "--dry-run"]) == 0
    assert post.git("rev-parse", "main") == before
    assert run([*command, "--fail-on-difference"]) == 5
    assert post.git("rev-parse", "main~1") == before
    assert "Record observation of production" in post.git("log", "-1", "--format=%s", "main")
    after = post.git("rev-parse", "main")
    assert run(command) == 0
    assert post.git("rev-parse", "main") == after
