"""The commands that edit: what they commit, what they refuse, and what they ask first."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.registries import Desk

pytestmark = pytest.mark.slow


def product_file(desk: Desk, name: str) -> Path:
    return desk.top / "registry/products" / name / "product.yaml"


def test_create_makes_one_commit_with_one_file(desk: Desk) -> None:
    before = desk.commits()
    arguments = ["--description", "Reports", "--set", "extra_metadata.team=data"]
    outcome = desk.run("product", "create", "reporting", *arguments)
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[0] == "Create product reporting"
    assert desk.commits() == before + 1
    assert desk.git("show", "--name-only", "--format=%s", "HEAD").splitlines() == [
        "Create product reporting",
        "",
        "registry/products/reporting/product.yaml",
    ]
    assert desk.git("status", "--porcelain") == ""
    found = desk.run("product", "show", "reporting", "-o", "json").json()
    assert (found["description"], found["team"]) == ("Reports", "data")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["create", "user-service"], 5, "already"),
        (["create", "User_Service"], 4, "did you mean user-service?"),
        (["create", "new", "--set", "titel=x"], 4, "did you mean title?"),
        (["create", "new", "--set", "owner=me"], 4, 'error: --set owner=me: unknown key "owner"\n'),
        (["edit", "user-service", "--set", "owner=me"], 4, "--set extra_metadata.owner=me"),
        (["create", "new", "--set", "depends_on=user-servce"], 4, "user-servce"),
        (["edit", "user-service", "--set", "lifecycle=gone"], 4, "active, deprecated"),
        (["edit", "user-servce", "--set", "title=x"], 2, "did you mean user-service?"),
        (["edit", "user-service"], 2, "--set KEY=VALUE"),
        (["edit", "user-service", "--set", "title=x", "--editor"], 2, "--editor alone"),
        (["rename", "user-service", "payment-api"], 5, "payment-api"),
        (["delete", "user-servce", "--yes"], 2, "did you mean user-service?"),
        (["restore", "user-service-2"], 2, "user-service-2"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_wrong_is_refused_with_the_fix_and_commits_nothing(
    desk: Desk, arguments: list[str], code: int, said: str
) -> None:
    before = desk.git("rev-parse", "HEAD")
    outcome = desk.run("product", *arguments)
    assert outcome.code == code
    assert said in outcome.err
    assert desk.git("rev-parse", "HEAD") == before
    assert desk.git("status", "--porcelain") == ""


def test_edit_keeps_comments_and_order(desk: Desk) -> None:
    path = product_file(desk, "user-service")
    path.write_text(
        '# ours\nname: "user-service"\ndescription: "Users" # short\ntitle: "U"\n', encoding="utf-8"
    )
    desk.git("commit", "-qam", "By hand")
    outcome = desk.run(
        "product", "edit", "user-service", "--set", "title=Users", "--unset", "links"
    )
    assert outcome.code in (0, 4)
    outcome = desk.run("product", "edit", "user-service", "--set", "title=User service")
    assert outcome.code == 0, outcome.err
    assert path.read_text(encoding="utf-8").splitlines()[:4] == [
        "# ours",
        'name: "user-service"',
        'description: "Users" # short',
        'title: "User service"',
    ]


def test_the_same_edit_twice_is_one_commit(desk: Desk) -> None:
    desk.run("product", "edit", "user-service", "--set", "title=Users")
    before = desk.commits()
    outcome = desk.run("product", "edit", "user-service", "--set", "title=Users")
    assert outcome.code == 0
    assert "nothing to change" in outcome.out
    assert desk.commits() == before


def test_a_renamed_product_is_found_under_its_old_name(desk: Desk) -> None:
    assert desk.run("product", "rename", "user-service", "accounts").code == 0
    found = desk.run("product", "show", "user-service", "-o", "json").json()
    assert (found["name"], found["aliases"]) == ("accounts", ["user-service"])
    assert found["deployments"] == 6
    subjects = [
        e["subject"] for e in desk.run("product", "history", "accounts", "-o", "json").json()
    ]
    assert subjects == ["Rename product user-service to accounts", "Import 11 deployment events"]
    assert "former names" in desk.run("product", "show", "accounts").out


def test_delete_shows_its_plan_and_asks_on_a_terminal_only(desk: Desk) -> None:
    before = desk.commits()
    outcome = desk.run("product", "delete", "user-service")
    assert outcome.code == 2
    assert "3 versions and 6 deployments (6 events)" in outcome.out
    assert "--yes" in outcome.err
    assert desk.commits() == before


def test_delete_takes_everything_along_and_restore_brings_it_back(desk: Desk) -> None:
    whole = desk.run("product", "show", "user-service", "-o", "json").json()
    before = desk.commits()
    assert desk.run("product", "delete", "user-service", "--yes").code == 0
    assert desk.commits() == before + 1
    assert not product_file(desk, "user-service").parent.exists()
    record = (desk.top / "registry/deleted/user-service.yaml").read_text(encoding="utf-8")
    assert "Test Engineer" in record
    gone = desk.run("product", "show", "user-service")
    assert gone.code == 2
    assert "product restore user-service" in gone.err
    assert "Delete product user-service" in desk.run("product", "history", "user-service").out
    (listed,) = desk.run("product", "list", "--deleted", "-o", "json").json()
    assert (listed["name"], listed["deleted_by"]) == ("user-service", "Test Engineer")
    assert listed["last_commit"] == desk.git("rev-parse", "HEAD^")
    assert "user-service" in desk.run("product", "list", "--deleted").out
    assert desk.run("product", "restore", "user-service").code == 0
    assert desk.run("product", "list", "--deleted", "-o", "json").json() == []
    assert "No products have been deleted." in desk.run("product", "list", "--deleted").out
    assert desk.run("product", "show", "user-service", "-o", "json").json() == whole


def test_a_product_that_others_need_is_deleted_by_force_only(desk: Desk) -> None:
    desk.run("product", "edit", "web-frontend", "--set", "depends_on=user-service")
    refused = desk.run("product", "delete", "user-service", "--yes")
    assert refused.code == 5
    assert "web-frontend depends on it" in refused.out
    assert "--force" in refused.err
    forced = desk.run("product", "delete", "user-service", "--yes", "--force")
    assert forced.code == 0
    assert "web-frontend no longer depends on it" in forced.out
    assert desk.run("product", "show", "web-frontend", "-o", "json").json()["depends_on"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
@pytest.mark.parametrize(("typed", "code"), [("user-service", 0), ("user", 2), ("", 2)])
def test_on_a_terminal_the_name_has_to_be_typed(desk: Desk, typed: str, code: int) -> None:
    done, shown = in_terminal(desk.top, ["product", "delete", "user-service"], f"{typed}\n")
    assert "Type user-service to delete it:" in shown
    assert done == code, shown
    assert product_file(desk, "user-service").exists() == (code != 0)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_colour_is_for_terminals_and_no_color_is_heard(desk: Desk) -> None:
    assert "\x1b[" not in desk.run("status").out
    _, shown = in_terminal(desk.top, ["status"], "")
    assert "\x1b[33mdrift\x1b[0m" in shown
    _, plain = in_terminal(desk.top, ["status"], "", NO_COLOR="1")
    assert "\x1b[" not in plain
    _, dumb = in_terminal(desk.top, ["status"], "", TERM="dumb")
    assert "\x1b[" not in dumb


def in_terminal(top: Path, arguments: list[str], typed: str, **environ: str) -> tuple[int, str]:
    """Run a command on a pseudo terminal; return its exit code and all that was shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "versioner", *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=top, close_fds=True,
        env={
            **os.environ, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path), **environ
        },
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        ready, _, _ = select.select([ours], [], [], 1.0)
        try:
            piece = os.read(ours, 65536) if ready else b""
        except OSError:  # the other side is closed
            break
        shown += piece
        if not piece and process.poll() is not None:
            break
    os.close(ours)
    return process.wait(timeout=120), shown.decode()


def editor(path: Path, script: str) -> str:
    """Make an editor that does to the file what a line of Python says of `text`."""
    path.write_text(
        "import pathlib, sys, os\n"
        "file = pathlib.Path(sys.argv[1])\n"
        "text = file.read_text()\n"
        f"{script}\n"
        "stat = file.stat()\n"
        "file.write_text(text)\n"
        "os.utime(file, (stat.st_atime + 5, stat.st_mtime + 5))\n",
        encoding="utf-8",
    )
    return f"{sys.executable} {path}"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("false", "the editor failed: false"),
        ("no-such-editor", 'the editor "no-such-editor" was not found'),
    ],
)
def test_an_editor_that_fails_changes_nothing_and_another_can_be_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str, said: str
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", command)
    before = desk.git("rev-parse", "HEAD")
    outcome = desk.run("product", "edit", "user-service", "--editor")
    assert (outcome.code, outcome.out) == (1, "")
    assert f"error: {said}" in outcome.err
    assert "EDITOR" in outcome.err.partition("hint: ")[2]
    assert desk.git("rev-parse", "HEAD") == before


def test_the_editor_gets_the_file_and_what_it_saves_is_committed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "EDITOR", editor(tmp_path / "ed.py", "text += '# seen\\ntitle: \"Users\"\\n'")
    )
    monkeypatch.delenv("VISUAL", raising=False)
    outcome = desk.run("product", "edit", "user-service", "--editor")
    assert outcome.code == 0, outcome.err
    assert "# seen" in desk.git("show", "HEAD:registry/products/user-service/product.yaml")


def test_an_invalid_text_is_refused_and_kept(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path / "ed.py", "text += 'titel: \"Users\"\\n'"))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = desk.git("rev-parse", "HEAD")
    outcome = desk.run("product", "edit", "user-service", "--editor")
    assert outcome.code == 4
    assert "titel" in outcome.err and "did you mean title?" in outcome.err
    kept = Path(outcome.err.rsplit("your text is saved in ", 1)[1].strip())
    assert 'titel: "Users"' in kept.read_text(encoding="utf-8")
    assert desk.git("rev-parse", "HEAD") == before


def test_environments_are_created_edited_and_retired(desk: Desk) -> None:
    created = desk.run(
        "environment", "create", "production-eu", "--title", "Europe", "--set", "metadata.region=eu"
    )
    assert created.code == 0, created.err
    assert desk.run("environment", "edit", "production-eu", "--set", "stale_after=6h").code == 0
    found = desk.run("environment", "show", "production-eu", "-o", "json").json()
    assert (found["type"], found["stale_after"]) == ("production", "6h")
    assert found["metadata"] == {"region": "eu"}
    assert desk.run("environment", "retire", "production-eu").code == 0
    assert "production-eu" not in desk.run("status").out
    assert "production, retired" in desk.run("environment", "list").out
    assert desk.run("environment", "retire", "production-eu", "--undo").code == 0
    assert "production-eu" in desk.run("status", "-o", "json").json()["environments"]
    assert desk.run("environment", "edit", "prodction", "--set", "title=x").code == 2
    assert desk.run("environment", "edit", "production", "--set", "stale_after=soon").code == 4


def test_a_renamed_environment_is_found_under_its_old_name(desk: Desk) -> None:
    renamed = desk.run("environment", "rename", "production", "live")
    assert renamed.code == 0, renamed.err
    assert renamed.out.startswith("Rename environment production to live\n")
    shown = desk.run("environment", "show", "production", "-o", "json").json()
    assert (shown["name"], shown["aliases"]) == ("live", ["production"])
    assert "former names" in desk.run("environment", "show", "live").out
    listed = desk.run("deployment", "list", "--environment", "production", "-o", "json").json()
    assert {each["environment"] for each in listed} == {"live"}
    assert len(listed) == 4
    assert desk.run("diff", "staging", "production").code == 0
    deploy = ("track", "deployment", "--product", "user-service", "--version", "1.5.0")
    tracked = desk.run(*deploy, "--environment", "production", "-o", "json").json()
    assert (tracked["event"]["environment"], tracked["created"]) == ("live", [])
    merged = desk.run("environment", "merge", "test", "--into", "production")
    assert "live took over 1 event of 1 product" in merged.out
    refused = desk.run("environment", "delete", "live")
    assert (refused.code, "environment retire live" in refused.err) == (5, True)
    assert desk.run("environment", "delete", "test").code == 2
    assert desk.run("environment", "create", "unused").code == 0
    assert desk.run("environment", "delete", "unused").code == 0
    assert desk.run("validate").code == 0


def test_a_void_deployment_is_out_of_the_matrix_and_still_to_be_seen(desk: Desk) -> None:
    before = desk.commits()
    outcome = desk.run("deployment", "void", "us-5", "--reason", "wrong pipeline")
    assert outcome.code == 0, outcome.err
    assert desk.commits() == before + 1
    cells = desk.run("status", "--product", "user-service", "-o", "json").json()["products"][0][
        "cells"
    ]
    assert cells["production"]["version"] == "1.4.0"
    shown = desk.run("deployment", "show", "us-5").out
    assert "wrong pipeline" in shown
    listed = desk.run("deployment", "list", "--status", "void", "-o", "json").json()
    assert [each["id"] for each in listed] == ["us-5"]
    again = desk.run("deployment", "void", "us-5", "--reason", "wrong pipeline")
    assert again.code == 0 and "nothing to change" in again.out
    assert desk.run("deployment", "void", "us-5").code == 2
    assert desk.run("deployment", "void", "nope-1", "--reason", "x").code == 2


def test_an_event_is_named_by_enough_of_its_id(desk: Desk) -> None:
    tracked = desk.run(
        "track", "deployment", "--product", "user-service", "--environment", "test",
        "--version", "1.4.0", "--reason", "r", "-o", "json",
    ).json()  # fmt: skip
    whole = tracked["event"]["id"]
    assert whole[:12] in desk.run("deployment", "list", "--environment", "test").out
    outcome = desk.run("deployment", "void", whole[:12], "--reason", "a test run")
    assert outcome.code == 0, outcome.err
    assert whole in outcome.out
    several = desk.run("deployment", "void", "us-", "--reason", "x")
    assert several.code == 2
    assert "6 events" in several.err
    assert "user-service/us-5  1.3.9, production, completed" in several.err
    by_product = desk.run("deployment", "redact", f"user-service/{whole[:12]}", "reason")
    assert f"Redact event {whole}" in by_product.out


def test_redact_takes_the_value_out_and_leaves_a_mark(desk: Desk) -> None:
    outcome = desk.run("deployment", "redact", "us-5", "reason")
    assert outcome.code == 0, outcome.err
    assert "git's history" in outcome.out
    shown = desk.run("deployment", "show", "us-5").out
    assert "Login failed" not in shown
    assert "redacted" in shown
    assert desk.run("deployment", "redact", "us-5", "version").code == 4


def test_import_tells_each_refused_row_by_its_line(desk: Desk, tmp_path: Path) -> None:
    rows = tmp_path / "more.csv"
    rows.write_text(
        "when,app,environment,version\n"
        "2026-11-21T10:00:00Z,user-service,staging,1.6.0\n"
        "2026-11-21,user-service,staging,1.6.1\n"
        "2026-11-21T10:00:00Z,No Name,staging,1.6.1\n",
        encoding="utf-8",
    )
    mapping = ["--map", "when=at", "--map", "app=product"]
    before = desk.commits()
    refused = desk.run("import", str(rows), *mapping)
    assert refused.code == 4
    assert "line 3:" in refused.err and "line 4:" in refused.err
    assert "2 of 3 rows are not valid" in refused.err
    assert "\\u000a" not in refused.err
    assert desk.commits() == before
    dry = desk.run("import", str(rows), *mapping, "--skip-invalid", "--dry-run")
    assert "would import 1 deployment event into 1 product" in dry.out
    assert desk.commits() == before
    done = desk.run("import", str(rows), *mapping, "--skip-invalid")
    assert done.code == 0 and "2 rows refused" in done.out
    assert desk.commits() == before + 1
    again = desk.run("import", str(rows), *mapping, "--skip-invalid")
    assert "1 already recorded" in again.out
    assert desk.commits() == before + 1
    assert desk.run("import", str(rows), "--map", "when").code == 2
    assert desk.run("import", "no-such-file.csv").code == 2


def test_the_site_is_built_once_and_not_from_a_registry_with_errors(
    desk: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    built = desk.run("site", "build", "--out", str(out))
    assert built.code == 0, built.err
    assert "user-service" in (out / "index.html").read_text(encoding="utf-8")
    assert "0 written" in desk.run("site", "build", "--out", str(out)).out
    product_file(desk, "user-service").write_text('name: "other"\n', encoding="utf-8")
    refused = desk.run("site", "build", "--out", str(out))
    assert refused.code == 3
    assert "registry/products/user-service/product.yaml" in refused.err
    assert desk.run("site", "build", "--out", str(out), "--rev", "HEAD").code == 0


def test_the_served_site_follows_the_registry(desk: Desk) -> None:
    from urllib.request import urlopen

    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "versioner", "site", "serve", "--port", "0"],
        cwd=desk.top, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[1]
            with urlopen(url) as page:
                assert b"Europe" not in page.read()
            desk.run("environment", "edit", "production", "--set", "title=Europe")
            until, seen = time.monotonic() + 120, False
            while not seen and time.monotonic() < until:
                time.sleep(0.3)
                with urlopen(url) as page:
                    seen = b"Europe" in page.read()
            assert seen
        finally:
            process.terminate()
