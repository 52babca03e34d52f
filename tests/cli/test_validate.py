from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.registry.history.clone import Clone, event, event_id
from versioner import layout
from versioner.cli import clock
from versioner.cli.errors import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.registries import Desk

pytestmark = pytest.mark.slow

PRODUCT = layout.product_path("user-service")
BROKEN = b'name: "user-service"\nlifecycle: "retired"\nversion: 1\n'


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """Return a clone on a branch of its own, and stand in it."""
    made = Clone.new(tmp_path / "clone")
    made.branch("change")
    monkeypatch.chdir(made.top)
    return made


def validated(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run(["validate", *args])
    return code, capsys.readouterr().out


def found(capsys: pytest.CaptureFixture[str], *args: str) -> list[dict[str, Any]]:
    return json.loads(validated(capsys, "--format", "json", *args)[1])


# ---- the registry ------------------------------------------------------------------------


def test_a_clean_registry_is_told_in_one_line(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validated(capsys) == (0, "2 products, 6 events: no errors\n")


def test_problems_read_as_editors_expect_and_end_with_3(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.write(PRODUCT, BROKEN)
    code, out = validated(capsys)
    assert code == 3
    assert f"{PRODUCT}:2:12: error[value]: " in out
    assert f"{PRODUCT}:3:1: error[unknown-key]: " in out
    assert out.count("\n  hint: ") == 2
    assert out.endswith("2 products, 6 events: 2 errors\n")


def test_json_holds_the_same_problems(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    clone.write(PRODUCT, BROKEN)
    problems = found(capsys)
    assert [(each["path"], each["line"], each["code"]) for each in problems] == [
        (PRODUCT, 2, "value"),
        (PRODUCT, 3, "unknown-key"),
    ]
    assert json.loads(validated(capsys, "--output", "json")[1]) == problems


def test_a_past_revision_is_checked_as_it_was(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.write(PRODUCT, BROKEN)
    assert validated(capsys)[0] == 3
    assert validated(capsys, "--rev", "HEAD")[0] == 0
    clone.commit("Break")
    assert validated(capsys, "--rev", "HEAD")[0] == 3
    assert validated(capsys, "--rev", "HEAD~1")[0] == 0


def test_a_bare_repository_is_checked_at_its_tip(
    clone: Clone, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.write(PRODUCT, BROKEN)
    clone.commit("Break")
    clone.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    assert validated(capsys, "--repo", str(tmp_path / "bare.git"))[0] == 3
    code, out = validated(capsys, "--repo", str(tmp_path / "bare.git"), "--base", "main")
    assert code == 3
    assert "user-service: changed" not in out


def test_paths_choose_whose_problems_are_told(
    clone: Clone, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.write(PRODUCT, BROKEN)
    assert validated(capsys, "registry/products/payment-api")[0] == 0
    assert validated(capsys, "registry/products")[0] == 3
    monkeypatch.chdir(clone.top / "registry" / "products")
    assert validated(capsys, "payment-api") == (
        0,
        "2 products, 6 events: no errors in these paths\n",
    )
    code, out = validated(capsys, "user-service/product.yaml")
    assert code == 3
    assert f"{PRODUCT}:2:12:" in out
    assert validated(capsys, ".")[0] == 3
    assert validated(capsys, "user")[0] == 2
    assert validated(capsys, "../../..")[0] == 2


def test_a_file_of_a_past_revision_may_be_named(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.write(PRODUCT, BROKEN)
    clone.commit("Break")
    clone.remove(layout.product_dir("user-service"))
    assert validated(capsys, PRODUCT, "--rev", "HEAD")[0] == 3


def test_an_event_from_the_future_is_a_warning(
    clone: Clone, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-11-03T09:54:59Z")
    (problem,) = found(capsys)[:1]
    assert (problem["code"], problem["severity"]) == ("clock", "warning")
    assert (problem["path"], problem["line"]) == (clone.log("payment-api"), 6)
    assert validated(capsys)[0] == 0
    assert validated(capsys, "--strict")[0] == 3
    # Five minutes are within what clocks differ by.
    monkeypatch.setattr(clock, "now", lambda: "2026-11-03T09:55:00Z")
    assert found(capsys) == []


def test_github_gets_annotations_and_the_full_text_in_the_step_summary(
    clone: Clone,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(12):
        clone.write(f"registry/stray-{number:02}.txt", b"")
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    code, out = validated(capsys, "--format", "github", "--base", "main")
    assert code == 3
    assert out.count("::error file=registry/stray-") == 10
    assert "and 2 more errors" in out
    text = summary.read_text("utf-8")
    assert text.count("error[unexpected-file]") == 12
    assert "has no effect on the content of the registry" in text


def test_gitlab_gets_a_report_and_nothing_else_on_stdout(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.write(PRODUCT, BROKEN)
    code, out = validated(capsys, "--format", "gitlab")
    assert code == 3
    assert [each["check_name"] for each in json.loads(out)] == ["value", "unknown-key"]


def test_a_reviewer_gets_what_a_rule_would_have_refused_before_and_after(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    def rule(start: str) -> bytes:
        window = f'schedule:\n  blocked: [{{once: {{from: "{start}", to: "2027-01-01T00:00"}}}}]\n'
        return f'name: "closed"\nenforcement: "report-only"\ntype: "schedule"\n{window}'.encode()

    clone.write("registry/rules/closed.yaml", rule("2026-12-01T00:00"))
    clone.commit("Close")
    clone.git("branch", "-f", "main", "HEAD")
    clone.write("registry/rules/closed.yaml", rule("2020-01-01T00:00"))
    clone.commit("Close for longer")
    code, out = validated(capsys, "--base", "main", "--rev", "HEAD", "--format", "markdown")
    assert code == 0
    assert out.startswith("<!-- versioner-review -->\n### Registry: This change is valid\n")
    (row,) = re.findall(r"^\| <code>closed</code> \| (.* refused.*) \|$", out, re.MULTILINE)
    before, after = row.split(" | ")
    assert before.startswith("0 refused, ")
    assert after.endswith(" refused, 0 allowed")
    assert not after.startswith("0 ")
    assert "Nothing ships from 2020-01-01 00&#58;00" in out
    assert "**Metrics:** unchanged." in out
    clone.remove("registry/rules/closed.yaml")
    clone.commit("Open")
    out = validated(capsys, "--base", "main", "--rev", "HEAD", "--format", "markdown")[1]
    assert re.search(r"<code>closed</code> \| 0 refused, \d+ allowed \| not asked", out)
    assert "(report-only) | no rule |" in out


# ---- a change ----------------------------------------------------------------------------


def test_a_change_is_told_product_by_product(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.write(PRODUCT, b'name: "user-service"\ndescription: "All about users"\n')
    clone.record("payment-api", event("payment-api", 4, environment="staging"))
    code, out = validated(capsys, "--base", "main", "--allow-log-changes")
    assert code == 0
    assert out == "\n".join(
        [
            "This change:",
            "  payment-api: changed",
            "    1 deployment event added",
            "    staging: nothing → 1.4.0",
            "  user-service: changed",
            '    description: "All about users" added',
            "2 products, 7 events: no errors\n",
        ]
    )


@pytest.mark.parametrize("way", ["work tree", "commit", "--rev"])
def test_a_lost_event_is_an_error_wherever_it_is_looked_for(
    clone: Clone, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = clone.line_of("user-service", 2)
    clone.replace("user-service", 2, None)
    if way != "work tree":
        clone.commit("Drop an event")
    if way == "--rev":
        clone.switch("main")
    rev = ["--rev", "change"] if way == "--rev" else []
    (problem,) = found(capsys, "--base", "main", *rev)
    assert (problem["code"], problem["path"], problem["line"]) == (
        "history-missing",
        clone.log("user-service"),
        line,
    )
    assert validated(capsys, "--base", "main", *rev)[0] == 3


def tool(*args: str) -> None:
    assert run([*args]) == 0, args


def test_what_the_tool_itself_does_to_a_product_is_right(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    tool("product", "rename", "user-service", "accounts")
    code, out = validated(capsys, "--base", "main")
    assert (code, "accounts: renamed from user-service" in out) == (0, True)
    tool("product", "delete", "payment-api", "--yes")
    code, out = validated(capsys, "--base", "main")
    assert (code, "payment-api: removed\n    3 events removed" in out) == (0, True)
    tool("deployment", "redact", event_id("user-service", 2), "deployed_by")
    tool("product", "edit", "accounts", "--set", "description=All about accounts")
    assert validated(capsys, "--base", "main")[0] == 0
    tool("product", "restore", "payment-api")
    assert validated(capsys, "--base", "main")[0] == 0
    assert validated(capsys, "--base", "HEAD~1")[0] == 0
    code, out = validated(capsys, "--base", "HEAD~1")
    assert (code, "payment-api: restored" in out) == (0, True)


def test_a_product_made_anew_and_then_restored_is_right(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    tool("product", "delete", "payment-api", "--yes")
    tool("product", "create", "payment-api")
    tool(
        "track", "deployment", "--product", "payment-api", "--environment", "staging",
        "--version", "2.0.0",
    )  # fmt: skip
    anew = clone.git("rev-parse", "HEAD")
    tool("product", "restore", "payment-api")
    assert validated(capsys, "--base", anew)[0] == 0


def test_recording_is_a_log_change_that_has_to_be_allowed(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    tool(
        "track", "deployment", "--product", "payment-api", "--environment", "staging",
        "--version", "2.0.0",
    )  # fmt: skip
    tool("deployment", "void", event_id("payment-api", 2), "--reason", "a mistake")
    problems = found(capsys, "--base", "main")
    assert {each["code"] for each in problems} == {"history-added"}
    code, out = validated(capsys, "--base", "main", "--allow-log-changes")
    assert (code, f"marked as a mistake: {event_id('payment-api', 2)}" in out) == (0, True)


def test_a_sha256_repository_has_a_history_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    clone = Clone.new(tmp_path / "clone")
    monkeypatch.chdir(clone.top)
    clone.branch("change")
    clone.replace("user-service", 2, None)
    clone.commit("Drop an event")
    assert len(clone.git("rev-parse", "HEAD")) == 64
    assert [each["code"] for each in found(capsys, "--base", "main")] == ["history-missing"]


def test_a_shallow_clone_and_an_unrelated_history_end_with_1(
    clone: Clone, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shallow = tmp_path / "shallow"
    args = ["git", "clone", "-q", "--depth=1", "-b", "change", f"file://{clone.top}"]
    subprocess.run([*args, str(shallow)], check=True)
    capsys.readouterr()
    assert run(["validate", "--repo", str(shallow), "--base", "origin/main"]) == 1
    assert "git fetch --unshallow" in capsys.readouterr().err
    clone.git("checkout", "-q", "--orphan", "alone")
    clone.commit("Begin anew")
    assert run(["validate", "--base", "main"]) == 1
    assert "unrelated" in capsys.readouterr().err
    assert run(["validate", "--base", "0" * 40]) == 1
    assert run(["validate", "--base", "no-such-branch"]) == 2


def test_the_base_cannot_run_code_or_pass_for_an_option(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    for base in ("--output=/tmp/x", "-x", "main\nHEAD", "", ":/x", "$(touch x)"):
        assert run(["validate", f"--base={base}"]) in (1, 2)
    assert sorted(each.name for each in clone.top.iterdir()) == [".git", "registry"]


def test_a_reviewer_gets_the_commits_that_a_change_brings_or_takes_away(
    desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "changes.txt"
    file.write_text("4f5d1c2a Fix @jane's <b>|login (#12)\n")
    for environment, version in (("staging", "1"), ("production", "1"), ("staging", "2")):
        place = ["-p", "tea", "-e", environment, "--version", version]
        assert desk.run("track", "deployment", *place, "--changes-from", str(file)).code == 0
    base = desk.git("rev-parse", "HEAD")
    assert (
        desk.run("track", "deployment", "-p", "tea", "-e", "production", "--version", "2").code == 0
    )
    options = ["--base", base, "--allow-log-changes", "--format", "markdown"]
    out = desk.run("validate", *options).out
    assert "| Product | Environment | Before | After | Commits |" in out
    words = "1 commit&#58; Fix &#64;jane&#x27;s &lt;b&gt;&#124;login (#12)"
    assert f"<code>1</code> | <code>2</code> | <code>{words}</code> |" in out
    assert "figures of the past may change, because the change adds or removes 1 event." in out
