"""versioner hooks: commits of people's are checked, and a site follows each commit."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import Desk
from versioner.errors import OperationFailed
from versioner.git.repository import open_repository
from versioner.setup.hooks import install_hooks

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

EVENT = ("--product", "user-service", "--environment", "production", "--version", "2.0.0")


@pytest.fixture
def hooked(desk: Desk, tmp_path: Path) -> Desk:
    outcome = desk.run("hooks", "install", "--out", str(tmp_path / "site"))
    assert outcome.code == 0, outcome.err
    return desk


def edit(desk: Desk, text: str) -> None:
    path = desk.top / "registry/products/user-service/product.yaml"
    path.write_text(path.read_text() + text)


def commit(desk: Desk, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Commit as a person does, with hooks."""
    return subprocess.run(
        ["git", "commit", "-qm", "By hand", *arguments],
        cwd=desk.top,
        capture_output=True,
        text=True,
        check=False,
    )


def page(tmp_path: Path) -> str:
    return (tmp_path / "site/products/user-service/index.html").read_text()


def test_a_bad_commit_is_stopped_with_the_place_and_the_fix(hooked: Desk) -> None:
    before = hooked.commits()
    edit(hooked, "lifecycle: gone\n")
    done = commit(hooked, "-a")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "registry/products/user-service/product.yaml:" in said
    assert "lifecycle" in said
    assert hooked.commits() == before


def test_a_good_commit_passes_and_the_site_follows(hooked: Desk, tmp_path: Path) -> None:
    edit(hooked, 'title: "Who They Are"\n')
    done = commit(hooked, "-a")
    assert done.returncode == 0, done.stderr
    assert "Who They Are" in page(tmp_path)


def test_the_first_site_is_built_at_once(hooked: Desk, tmp_path: Path) -> None:
    assert "user-service" in page(tmp_path)


def test_what_is_staged_is_what_is_checked(hooked: Desk) -> None:
    edit(hooked, 'title: "Good"\n')
    hooked.git("add", ".")
    edit(hooked, "nonsense: 1\n")
    assert commit(hooked).returncode == 0
    hooked.git("add", ".")
    edit(hooked, "")
    assert commit(hooked).returncode != 0
    assert commit(hooked, "--no-verify").returncode == 0


def test_the_site_follows_the_tools_own_commits(hooked: Desk, tmp_path: Path) -> None:
    assert hooked.run("track", "deployment", *EVENT).code == 0
    assert "2.0.0" in page(tmp_path)
    commands = (
        ("product", "edit", "user-service", "--set", "title=EditResult One"),
        ("environment", "edit", "production", "--set", "title=The Real One"),
        ("deployment", "void", "us-4", "--reason", "voided for a test"),
        ("product", "create", "a-new-product"),
    )
    for command in commands:
        assert hooked.run(*command).code == 0
    assert "EditResult One" in page(tmp_path)
    assert "The Real One" in (tmp_path / "site/environments/production/index.html").read_text()
    assert (tmp_path / "site/products/a-new-product/index.html").exists()
    assert hooked.run("product", "delete", "a-new-product", "--yes").code == 0
    assert "a-new-product" not in (tmp_path / "site/products/index.html").read_text()


def test_the_site_follows_an_import(hooked: Desk, tmp_path: Path) -> None:
    rows = tmp_path / "more.csv"
    rows.write_text("at,product,environment,version\n2026-11-03T09:00:00Z,user-service,test,88.1\n")
    assert hooked.run("import", str(rows)).code == 0
    assert "88.1" in page(tmp_path)


def test_a_commit_on_another_branch_builds_nothing(hooked: Desk, tmp_path: Path) -> None:
    hooked.git("branch", "other")
    assert hooked.run("track", "deployment", *EVENT, "--branch", "other").code == 0
    assert "2.0.0" not in page(tmp_path)


def test_a_site_that_cannot_be_built_is_a_warning_after_the_event(
    hooked: Desk, tmp_path: Path
) -> None:
    (tmp_path / "site/.versioner-site.json").write_text("no list of files")
    done = hooked.run("track", "deployment", *EVENT)
    assert (done.code, done.out.startswith("recorded: ")) == (0, True)
    assert "the site was not built" in done.err


def test_the_usual_folder_is_left_out_of_git(desk: Desk) -> None:
    assert desk.run("hooks", "install").code == 0
    assert desk.run("track", "deployment", *EVENT).code == 0
    assert (desk.top / "_site/index.html").exists()
    assert desk.git("status", "--porcelain") == ""


def test_another_folder_inside_is_left_out_of_git_too(desk: Desk) -> None:
    for _ in range(2):
        assert desk.run("hooks", "install", "--out", str(desk.top / "public/site")).code == 0
    assert desk.run("track", "deployment", *EVENT).code == 0
    assert (desk.top / "public/site/index.html").exists()
    assert desk.git("status", "--porcelain") == ""
    assert (desk.top / ".git/info/exclude").read_text().count("/public/site/") == 1


def test_hooks_of_the_users_stay_and_the_line_to_add_works(desk: Desk, tmp_path: Path) -> None:
    hook = desk.top / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    own = f"#!/bin/sh\ntouch {tmp_path}/mine\n"
    hook.write_text(own)
    hook.chmod(0o755)
    done = desk.run("hooks", "install", "--out", str(tmp_path / "site"))
    assert "kept your own" in done.out
    assert hook.read_text() == own
    (line,) = [line.strip() for line in done.out.splitlines() if " validate " in line]
    hook.write_text(f"{own}{line}\n")
    edit(desk, "lifecycle: gone\n")
    assert commit(desk, "-a").returncode != 0
    edit(desk, "")
    desk.git("checkout", "-q", ".")
    edit(desk, 'title: "Good"\n')
    assert commit(desk, "-a").returncode == 0
    assert (tmp_path / "mine").exists()
    assert "Good" in page(tmp_path)


def test_a_hook_that_is_a_link_is_not_written_through(desk: Desk, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("theirs")
    hook = desk.top / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.symlink_to(target)
    assert desk.run("hooks", "install").code == 0
    assert (target.read_text(), hook.is_symlink()) == ("theirs", True)


def test_the_clones_own_folder_of_hooks_is_honoured(desk: Desk, tmp_path: Path) -> None:
    desk.git("config", "core.hooksPath", "my-hooks")
    done = desk.run("hooks", "install", "--out", str(tmp_path / "site"))
    assert str(desk.top / "my-hooks/pre-commit") in done.out
    assert os.access(desk.top / "my-hooks/pre-commit", os.X_OK)
    edit(desk, "lifecycle: gone\n")
    assert commit(desk, "-a").returncode != 0


def test_a_folder_of_hooks_for_all_clones_serves_this_clone_alone(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(
        f"[user]\n\tname = T\n\temail = t@example.test\n[core]\n\thooksPath = {tmp_path}/hooks\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    other = Desk(tmp_path / "other", desk.capsys)
    desk.git("clone", "-q", str(desk.top), str(other.top))
    assert desk.run("hooks", "install", "--out", str(tmp_path / "site")).code == 0
    assert (tmp_path / "hooks/pre-commit").exists()
    before = page(tmp_path)
    for each, stopped in ((desk, True), (other, False)):
        edit(each, "lifecycle: gone\n")
        assert (commit(each, "-a").returncode != 0) == stopped
    assert page(tmp_path) == before


def test_a_branch_without_a_registry_is_left_alone(hooked: Desk) -> None:
    hooked.git("checkout", "-q", "--orphan", "pages")
    hooked.git("rm", "-qrf", ".")
    (hooked.top / "index.html").write_text("x")
    hooked.git("add", "index.html")
    done = commit(hooked)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_registry_named_by_the_environment_does_not_mislead_the_hook(
    hooked: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERSIONER_REPO", str(tmp_path / "nowhere"))
    edit(hooked, 'title: "Good"\n')
    assert commit(hooked, "-a").returncode == 0
    edit(hooked, "lifecycle: gone\n")
    assert commit(hooked, "-a").returncode != 0


def test_a_folder_in_the_clone_cannot_pose_as_the_tool(hooked: Desk) -> None:
    module = hooked.top / "versioner/__main__.py"
    module.parent.mkdir()
    module.write_text(f"open({str(hooked.top / 'ran')!r}, 'w')\n")
    edit(hooked, 'title: "Good"\n')
    assert commit(hooked, "-a").returncode == 0
    assert not (hooked.top / "ran").exists()


def test_a_bare_repository_has_no_hooks_to_install(desk: Desk, tmp_path: Path) -> None:
    desk.git("clone", "-q", "--bare", str(desk.top), str(tmp_path / "bare.git"))
    done = Desk(tmp_path / "bare.git", desk.capsys).run("hooks", "install")
    assert (done.code, "bare" in done.err) == (2, True)


def test_a_folder_that_no_site_could_be_built_into_is_refused_before_anything_is_installed(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    outcome = desk.run("hooks", "install", "--out", str(tmp_path / "mine"))
    assert outcome.code == 1
    assert "no site was built there before" in outcome.err
    assert not (desk.top / ".git/hooks/pre-commit").exists()


def test_a_command_that_cannot_be_started_is_told_and_installs_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    with pytest.raises(OperationFailed, match="No such file") as refused:
        install_hooks(open_repository(desk.top), command=["/nowhere/python"], out=tmp_path / "site")
    assert "pip install" in refused.value.hint
    assert not (desk.top / ".git/hooks/pre-commit").exists()
