"""The commands that look: status, diff, and the lists and pages of each noun."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import SHA, Desk
from versioner.cli.errors import run
from versioner.cli.main import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

LOOKING = [
    ["status"],
    ["diff", "staging", "production"],
    ["deployment", "list"],
    ["deployment", "show", "us-5"],
    ["version", "list", "user-service"],
    ["version", "show", "user-service", "1.3.9"],
    ["product", "list"],
    ["product", "show", "user-service"],
    ["product", "history", "user-service"],
    ["environment", "list"],
    ["environment", "show", "production"],
]


def test_status_shows_versions_drift_and_what_is_beside_them(desk: Desk) -> None:
    lines = desk.run("status").out.splitlines()
    assert lines[0].split() == ["product", "development", "test", "staging", "production"]
    user = next(line for line in lines if line.startswith("user-service"))
    assert user.split() == ["user-service", "-", "-", "1.4.0", "51d", "1.3.9", "49d", "drift"]
    text = "\n".join(lines)
    assert "1.5.0 started" in text and "30m" in text
    assert "rollback" in text
    assert "9e8d7c6b failed" in text
    assert "2026.11.2 no result" in text
    assert "1 drifting, 1 in progress, 1 without a result, 1 failed" in lines[-1]


def test_status_as_json_has_every_cell(desk: Desk) -> None:
    found = desk.run("status", "--output", "json").json()
    assert found["environments"] == ["development", "test", "staging", "production"]
    assert found["revision"] == desk.git("rev-parse", "HEAD")
    rows = {row["product"]: row for row in found["products"]}
    assert [name for name, row in rows.items() if row["drifting"]] == ["user-service"]
    cell = rows["user-service"]["cells"]["production"]
    assert (cell["version"], cell["status"], cell["rollback"]) == ("1.3.9", "completed", True)
    assert rows["payment-api"]["cells"]["staging"]["failed_last"]["version"] == "9e8d7c6b"
    assert rows["user-service"]["cells"]["test"]["version"] is None


def test_status_at_a_moment_is_what_ran_then(desk: Desk) -> None:
    found = desk.run("status", "--at", "2026-10-03T10:00:00Z", "-o", "json").json()
    cells = {row["product"]: row["cells"] for row in found["products"]}
    assert cells["user-service"]["production"]["version"] == "1.4.0"
    assert cells["payment-api"]["production"]["version"] is None
    assert "at 2026-10-03 10:00 UTC" in desk.run("status", "--at", "2026-10-03T10:00:00Z").out


def test_status_as_of_a_revision_is_what_was_known_there(desk: Desk) -> None:
    before = desk.git("rev-parse", "HEAD~1")
    assert desk.run("status", "--as-of", before, "-o", "json").json()["products"] == []
    assert "no products" in desk.run("status", "--as-of", before).out


def test_status_is_narrowed_to_products_and_environments(desk: Desk) -> None:
    arguments = ["--product", "user-service", "--environment", "production"]
    found = desk.run("status", *arguments, "-o", "json").json()
    assert [row["product"] for row in found["products"]] == ["user-service"]
    assert found["environments"] == ["production"]
    assert not found["products"][0]["drifting"]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_text_fits_the_terminal(desk: Desk, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for command in LOOKING:
        outcome = desk.run(*command)
        assert outcome.code == 0, outcome.err
        # A digest that is to be copied is whole, however narrow the page.
        lines = [line for line in outcome.out.splitlines() if len(line) > width]
        assert [line for line in lines if not re.search("[0-9a-f]{32}", line)] == []


def test_every_looking_command_speaks_json(desk: Desk) -> None:
    for command in LOOKING:
        outcome = desk.run(*command, "--output", "json")
        assert outcome.json()
        assert outcome.out.isascii()


def test_what_could_not_be_read_is_counted_and_named(desk: Desk) -> None:
    log = desk.top / "registry/products/user-service/deployments/2026-10.yaml"
    lines = log.read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "us-4" in line)
    lines[number - 1] = lines[number - 1].replace('"production"', '"production')
    log.write_text("\n".join(lines) + "\n")
    for command in LOOKING:
        outcome = desk.run(*command, "-o", "json")
        found = outcome.json()
        if "payment-api" in command or "history" in command:
            continue
        assert f"warning: registry/products/user-service/deployments/2026-10.yaml:{number}: " in (
            outcome.err
        )
        if isinstance(found, dict):
            assert found["problems"] == 1
    ids = [each["id"] for each in desk.run("deployment", "list", "-o", "json").json()]
    assert "us-4" not in ids
    assert {"us-3", "us-5"} <= set(ids)


def test_nothing_wrong_is_counted_as_none(desk: Desk) -> None:
    outcome = desk.run("status", "-o", "json")
    assert outcome.json()["problems"] == 0
    assert outcome.err == ""


def test_a_repository_that_is_no_registry_is_told_so_as_track_tells_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    desk = Desk(tmp_path, capsys)
    for command in LOOKING:
        outcome = desk.run(*command)
        assert outcome.code == 2
        assert "there is no registry on this branch: registry/registry.yaml" in outcome.err
        assert "versioner init" in outcome.err


def test_every_looking_command_takes_a_revision(desk: Desk) -> None:
    for command in LOOKING:
        assert desk.run(*command, "--rev", "HEAD").code == 0
        refused = desk.run(*command, "--rev", "nowhere")
        assert refused.code in (1, 2)
        assert "nowhere" in refused.err


def test_deployments_are_listed_newest_first_and_filtered(desk: Desk) -> None:
    found = desk.run("deployment", "list", "-o", "json").json()
    assert len(found) == 11
    assert found[0]["id"] == "us-6"
    listed = desk.run("deployment", "list", "--product", "user-service", "--person", "OMAR")
    assert "us-5" in listed.out and "us-4" not in listed.out
    assert "rollback" in listed.out
    recent = desk.run("deployment", "list", "--since", "2026-11-10", "--until", "2026-11-12")
    assert "wf-1" in recent.out and "wf-2" in recent.out and "2 deployments" in recent.out
    failed = desk.run("deployment", "list", "--status", "ERROR", "-o", "json").json()
    assert [each["id"] for each in failed] == ["pa-3"]


def test_a_cut_list_says_how_many_there_are(desk: Desk) -> None:
    text = desk.run("deployment", "list", "--limit", "2").out
    assert "2 of 11 deployments, newest first; --limit 0 shows all" in text
    assert "11 deployments" in desk.run("deployment", "list", "--limit", "0").out


def test_one_deployment_is_shown_with_its_reason_and_events(desk: Desk) -> None:
    text = desk.run("deployment", "show", "us-5").out
    assert "user-service 1.3.9 to production" in text
    assert "completed (rollback)" in text
    assert "Login failed" in text
    assert "previous version" in text and "1.4.0" in text
    assert [e["id"] for e in desk.run("deployment", "show", "us-5", "-o", "json").json()["events"]]


def test_a_version_tells_where_it_runs_and_ran(desk: Desk) -> None:
    found = desk.run("version", "show", "user-service", "1.3.9", "-o", "json").json()
    assert found["running_in"] == ["production"]
    assert [(s["environment"], s["until"]) for s in found["stays"]] == [
        ("production", None),
        ("production", "2026-10-03T09:00:00Z"),
        ("staging", "2026-10-02T09:00:00Z"),
    ]
    assert "running now" in desk.run("version", "show", "user-service", "1.3.9").out


def test_diff_compares_environments_and_moments(desk: Desk) -> None:
    found = desk.run("diff", "staging", "production", "-o", "json").json()
    assert [each["product"] for each in found["differences"]] == ["user-service", "web-frontend"]
    assert found["differences"][0]["newer"] == "a"
    then = desk.run("diff", "production@2026-10-03T10:00:00Z", "production", "-o", "json").json()
    versions = [(d["a"] and d["a"]["version"], d["b"]["version"]) for d in then["differences"]]
    assert versions == [(None, SHA), ("1.4.0", "1.3.9")]
    assert "No difference" in desk.run("diff", "staging", "staging").out


def test_long_digests_are_shortened_in_tables_and_whole_on_their_page(desk: Desk) -> None:
    listed = desk.run("deployment", "list", "--product", "payment-api").out
    assert f"{SHA[:10]}…" in listed and SHA not in listed
    assert SHA in desk.run("deployment", "show", "pa-1").out
    assert SHA in desk.run("version", "list", "payment-api").out


def test_product_history_is_the_log_of_its_directory(desk: Desk) -> None:
    subjects = [
        each["subject"]
        for each in desk.run("product", "history", "user-service", "-o", "json").json()
    ]
    assert subjects == ["Import 11 deployment events"]


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        (["product", "show", "user-servce"], "user-service"),
        (["product", "history", "user-servce"], "user-service"),
        (["version", "list", "user-servce"], "user-service"),
        (["version", "show", "user-service", "1.39"], "1.3.9"),
        (["environment", "show", "prodction"], "production"),
        (["status", "--product", "payment-ap"], "payment-api"),
        (["status", "--environment", "stagin"], "staging"),
        (["diff", "staging", "prodction"], "production"),
        (["deployment", "list", "--environment", "prodction"], "production"),
        (["product", "lst"], "list"),
        (["statsu"], "status"),
    ],
)
def test_a_mistyped_name_gets_the_nearest(desk: Desk, command: list[str], meant: str) -> None:
    outcome = desk.run(*command)
    assert outcome.code == 2
    assert "did you mean" in outcome.err.lower()
    assert meant in outcome.err


def test_uncommitted_files_are_seen_and_a_revision_leaves_them_out(desk: Desk) -> None:
    path = desk.top / "registry/products/user-service/product.yaml"
    path.write_text(path.read_text(encoding="utf-8") + 'title: "Users"\n', encoding="utf-8")
    assert "Users" in desk.run("product", "list").out
    assert "Users" not in desk.run("product", "list", "--rev", "HEAD").out


def test_a_bare_repository_is_read_at_its_tip(desk: Desk) -> None:
    bare = desk.top.parent / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", desk.top, bare], check=True)
    assert Desk(bare, desk.capsys).run("product", "list").out == desk.run("product", "list").out


def test_control_characters_in_data_do_not_reach_the_terminal(desk: Desk) -> None:
    path = desk.top / "registry/products/user-service/product.yaml"
    hostile = 'description: "a\\u202eb ::error::c"\n'
    path.write_text(path.read_text(encoding="utf-8") + hostile, encoding="utf-8")
    for command in (["product", "show", "user-service"], ["product", "list"]):
        out = desk.run(*command).out
        assert "\u202e" not in out
        assert "::error" not in out


def test_version_alone_is_the_tools_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version"]) == 0
    own = capsys.readouterr().out
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == own
    assert own.startswith("versioner ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_tool(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_VERSIONER_COMPLETE" in capsys.readouterr().out


def test_the_shell_is_offered_products(desk: Desk) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "versioner"],
        cwd=desk.top,
        env={
            **os.environ,
            "PYTHONPATH": ":".join(sys.path),
            "_VERSIONER_COMPLETE": "bash_complete",
            "COMP_WORDS": "versioner product show pay",
            "COMP_CWORD": "3",
        },
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["plain,payment-api"]


def _every_command() -> list[list[str]]:
    import click

    from versioner.cli.main import cli

    found = []
    context = click.Context(cli)
    for commands in COMMANDS.values():
        for name in commands:
            command = cli.get_command(context, name)
            found.append([name])
            if isinstance(command, click.Group):
                found += [[name, sub] for sub in command.commands]
    return found


@pytest.mark.parametrize("command", _every_command(), ids=" ".join)
def test_every_command_has_help_with_an_example(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "-h"]) == 0
    text = capsys.readouterr().out
    assert "Example" in text
    assert f"versioner {' '.join(command)}" in text


def test_the_help_of_a_group_loads_nothing_heavy() -> None:
    heavy = ["yaml", "jsonschema", "jsonschema_rs", "git", "ruamel", "jinja2", "sqlite3"]
    code = (
        "import sys; from versioner.cli.errors import run; run(['product', '-h']);"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "command",
    [
        ["status", "--product"], ["status", "--environment"], ["product", "show"],
        ["version", "show", "user-service"], ["deployment", "show"], ["status", "--as-of"],
        ["environment", "create"], ["product", "restore"], ["status", "--at"],
        ["deployment", "list", "--status"], ["deployment", "void", "--reason", "x"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_secret_typed_in_the_wrong_place_is_not_repeated(desk: Desk, command: list[str]) -> None:
    for secret in ("ghp_" + "a1" * 18, "AKIA" + "ABCDEFGHIJKLMNOP"):
        outcome = desk.run(*command, secret)
        assert outcome.code != 0
        assert secret[5:].lower() not in (outcome.out + outcome.err).lower()


PARSED: list[tuple[list[str], str]] = [
    (["status", "--at", "november"], "7d"),
    (["deployment", "list", "--status", "complted"], "did you mean completed?"),
    (["deployment", "list", "--since", "soon"], "2026-11-01"),
    (["diff", "staging@later", "production"], "7d"),
    (["diff", "staging@", "production"], "production@2026-11-01"),
    (["product", "create", "new", "--set", "title"], "--set extra_metadata.team=identity"),
    (["environment", "edit", "staging", "--set", "title"], "--set extra_metadata.team=identity"),
    (["validate", "--base", ""], "origin/main"),
    (["validate", "-o", "json", "--format", "github"], "contradict"),
]


@pytest.mark.parametrize(("command", "said"), PARSED)
def test_an_option_that_makes_no_sense_is_a_matter_of_usage(
    desk: Desk, command: list[str], said: str
) -> None:
    outcome = desk.run(*command)
    assert outcome.code == 2
    assert said in outcome.err


def test_an_unknown_revision_speaks_of_shallow_clones_only_in_one(
    desk: Desk, tmp_path: Path
) -> None:
    assert "shallow" not in desk.run("status", "--as-of", "nowhere").err
    cut = tmp_path / "cut"
    subprocess.run(["git", "clone", "-q", "--depth=1", desk.top.as_uri(), str(cut)], check=True)
    assert "shallow" in Desk(cut, desk.capsys).run("status", "--as-of", "nowhere").err
