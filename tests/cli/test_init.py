"""versioner init: a new registry, in a new repository or in one that is there."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import Desk
from versioner.cli.commands.init import _FORGES
from versioner.cli.errors import run
from versioner.resources import schemas_dir
from versioner.setup.scaffold import FORGES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path / "deployments", capsys)


def init(place: Desk, *arguments: str) -> int:
    return run(["init", str(place.top), *arguments])


def test_a_new_registry_is_valid_committed_and_clean(place: Desk) -> None:
    assert init(place) == 0
    said = place.capsys.readouterr().out
    assert "created a registry in" in said
    assert "versioner track deployment" in said
    assert place.run("validate").code == 0
    assert place.git("status", "--porcelain") == ""
    assert place.git("log", "--format=%s") == "Start the deployment registry"
    assert place.git("symbolic-ref", "--short", "HEAD") == "main"
    tracked = set(place.git("ls-files").split())
    expected = {".gitattributes", ".editorconfig", ".prettierignore", ".yamllint", "README.md"}
    assert expected <= tracked
    assert {f"schemas/{path.name}" for path in schemas_dir().glob("*.json")} <= tracked
    assert any(path.startswith(".github/workflows/") for path in tracked)
    names = [each["name"] for each in place.run("environment", "list", "-o", "json").json()]
    assert names == ["development", "test", "staging", "production"]


def test_logs_are_kept_away_from_editors_and_line_end_conversion(place: Desk) -> None:
    init(place)
    path = "registry/products/a/deployments/2026-11.yaml"
    attributes = place.git("check-attr", "eol", "merge", "linguist-generated", "--", path)
    assert attributes.splitlines() == [
        f"{path}: eol: lf",
        f"{path}: merge: union",
        f"{path}: linguist-generated: set",
    ]


def test_the_first_event_goes_in_at_once(place: Desk) -> None:
    init(place)
    arguments = ("--product", "a", "--environment", "staging", "--version", "1")
    assert place.run("track", "deployment", *arguments).code == 0
    assert place.run("validate").code == 0


def test_title_and_branch_are_taken(place: Desk) -> None:
    assert init(place, "--title", 'Acme: "all" of it', "--branch", "trunk") == 0
    assert place.git("symbolic-ref", "--short", "HEAD") == "trunk"
    assert 'title: "Acme: \\"all\\" of it"' in (place.top / "registry/registry.yaml").read_text()
    assert place.run("validate").code == 0


def test_the_example_fills_it_with_the_sample(place: Desk) -> None:
    assert init(place, "--example") == 0
    assert place.run("validate").code == 0
    assert (place.top / "registry/products/user-service/product.yaml").is_file()
    assert place.git("status", "--porcelain") == ""


def test_a_folder_with_files_keeps_them(place: Desk) -> None:
    place.top.mkdir()
    (place.top / "README.md").write_text("mine\n")
    (place.top / "code.py").write_text("mine\n")
    assert init(place) == 0
    assert "kept the existing README.md" in place.capsys.readouterr().out
    assert (place.top / "README.md").read_text() == "mine\n"
    assert place.git("status", "--porcelain") == "?? README.md\n?? code.py"


def test_a_repository_keeps_its_history_branch_and_files(place: Desk) -> None:
    place.top.mkdir()
    place.git("init", "-q", "-b", "develop")
    (place.top / "README.md").write_text("mine\n")
    place.git("add", ".")
    place.git("commit", "-qm", "First")
    (place.top / "draft").write_text("uncommitted\n")
    assert init(place) == 0
    assert place.git("log", "--format=%s") == "Start the deployment registry\nFirst"
    assert place.git("symbolic-ref", "--short", "HEAD") == "develop"
    assert place.git("status", "--porcelain") == "?? draft"
    assert place.git("show", "HEAD:README.md") == "mine"


def test_a_registry_that_is_there_is_refused(place: Desk) -> None:
    init(place)
    assert init(place) == 5
    assert "already" in place.capsys.readouterr().err
    assert place.commits() == 1


def test_a_registry_folder_that_is_not_committed_is_refused_too(place: Desk) -> None:
    (place.top / "registry").mkdir(parents=True)
    assert init(place) == 5


def test_a_bare_repository_a_file_and_a_folder_inside_are_refused(place: Desk) -> None:
    place.top.mkdir()
    place.git("init", "-q", "--bare")
    assert init(place) == 2
    assert "bare" in place.capsys.readouterr().err
    file = place.top.parent / "file"
    file.write_text("")
    assert run(["init", str(file)]) == 1
    assert "file: " in place.capsys.readouterr().err


def test_inside_of_another_repository_it_is_said_to_be_one_of_its_own(place: Desk) -> None:
    assert init(place) == 0
    assert "around it" not in place.capsys.readouterr().out
    assert run(["init", str(place.top / "inner")]) == 0
    assert (
        f"separate from the enclosing one in {place.top.resolve()}" in place.capsys.readouterr().out
    )


@pytest.mark.parametrize(
    "url", ["https://example.com/r.git", "file:///srv/r.git", "git@forge:r.git"]
)
def test_a_url_is_no_folder_to_start_it_in(
    place: Desk, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.chdir(place.top.parent)
    before = set(place.top.parent.iterdir())
    assert run(["init", url]) == 2
    assert "git remote add" in place.capsys.readouterr().err
    assert set(place.top.parent.iterdir()) == before


@pytest.mark.parametrize("branch", ["no good", "-x", "a..b"])
def test_a_branch_name_that_git_refuses_is_refused(place: Desk, branch: str) -> None:
    assert init(place, f"--branch={branch}") == 2
    assert "is not a branch name" in place.capsys.readouterr().err
    assert not place.top.exists()


def test_it_works_where_git_knows_nobody(
    place: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty-config"
    empty.write_text("")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(empty))
    assert init(place) == 0
    assert place.git("log", "--format=%an <%ae>") == "versioner <versioner@localhost>"


def test_it_works_without_a_home(place: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "GIT_CONFIG_GLOBAL"):
        monkeypatch.delenv(name)
    assert init(place) == 0
    assert place.run("validate").code == 0


def test_a_hook_template_of_the_users_does_not_run(
    place: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = tmp_path / "template/hooks/post-commit"
    hook.parent.mkdir(parents=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(f"[init]\n\ttemplateDir = {tmp_path}/template\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert init(place) == 0
    assert (place.top / ".git/hooks/post-commit").exists()
    assert not (tmp_path / "ran").exists()


def test_relative_folders_are_named_in_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init", "my registry"]) == 0
    assert "cd 'my registry' && versioner track" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path / "my registry")
    assert run(["init"]) == 5
    done = subprocess.run(["git", "fsck"], capture_output=True, check=False)
    assert done.returncode == 0


SHARED = ("publish", "validate")
WORKFLOWS = {
    "github": {
        ".github/workflows/delete-product.yml",
        ".github/workflows/publish.yml",
        ".github/workflows/record.yml",
        ".github/workflows/validate.yml",
    },
    "gitlab": {".gitlab-ci.yml", ".gitlab/versioner.yml"},
    **{
        forge: {f".{forge}/workflows/{name}.yml" for name in ("delete-product", *SHARED)}
        for forge in ("gitea", "forgejo")
    },
    "bitbucket": set(),
    "none": set(),
}
FORGE_FOLDERS = (".github/", ".gitlab", ".gitea/", ".forgejo/")


def workflows(place: Desk) -> set[str]:
    return {path for path in place.git("ls-files").split() if path.startswith(FORGE_FOLDERS)}


def test_the_forges_are_those_that_have_files_here() -> None:
    assert _FORGES == FORGES == tuple(WORKFLOWS)


@pytest.mark.parametrize("forge", WORKFLOWS)
def test_a_forge_gets_its_own_workflows_and_no_others(place: Desk, forge: str) -> None:
    assert init(place, "--forge", forge) == 0
    assert workflows(place) == WORKFLOWS[forge]
    assert place.run("validate").code == 0


@pytest.mark.parametrize(
    ("origin", "forge", "url"),
    [
        (
            "https://github.com/acme/deployments.git",
            "github",
            "https://github.com/acme/deployments",
        ),
        ("git@github.com:acme/deployments.git", "github", "https://github.com/acme/deployments"),
        (
            "https://ci:glpat-abcdefghijklmnop1234@gitlab.example.com:8443/a/b/deployments.git",
            "gitlab",
            "https://gitlab.example.com:8443/a/b/deployments",
        ),
        ("ssh://git@codeberg.org:22/acme/d", "forgejo", "https://codeberg.org/acme/d"),
        ("https://gitea.example.com/acme/d/", "gitea", "https://gitea.example.com/acme/d"),
        ("git@bitbucket.org:acme/d.git", "bitbucket", "https://bitbucket.org/acme/d"),
    ],
)
def test_the_forge_is_told_from_the_remote_without_its_credentials(
    place: Desk, origin: str, forge: str, url: str
) -> None:
    place.top.mkdir()
    place.git("init", "-q")
    place.git("remote", "add", "origin", origin)
    assert init(place) == 0
    assert workflows(place) == WORKFLOWS[forge]
    config = (place.top / "registry/registry.yaml").read_text()
    assert f'type: "{forge}"' in config
    assert f'url: "{url}"' in config
    assert place.run("validate").code == 0


@pytest.mark.parametrize("origin", ["/srv/git/github.git", "../github", "file:///srv/github.git"])
def test_a_remote_that_is_no_forges_tells_nothing(place: Desk, origin: str) -> None:
    place.top.mkdir()
    place.git("init", "-q")
    place.git("remote", "add", "origin", origin)
    assert init(place) == 0
    assert "forge" not in (place.top / "registry/registry.yaml").read_text()
    assert workflows(place) == WORKFLOWS["github"]


def test_the_workflows_name_the_registrys_branch(place: Desk) -> None:
    assert init(place, "--branch", "release/trunk") == 0
    publish = (place.top / ".github/workflows/publish.yml").read_text()
    assert 'branches: ["release/trunk"]' in publish
    assert 'ref: "release/trunk"' in publish
    assert '  BRANCH: "release/trunk"' in publish
    record = (place.top / ".github/workflows/record.yml").read_text()
    assert '  VERSIONER_BRANCH: "release/trunk"' in record
    assert 'branch: "release/trunk"' in (place.top / "registry/registry.yaml").read_text()
    assert place.run("validate").code == 0


def test_a_registry_that_is_there_is_told_what_it_lacks_and_what_differs(place: Desk) -> None:
    init(place)
    (place.top / ".github/workflows/validate.yml").write_text("mine\n")
    (place.top / ".yamllint").unlink()
    (place.top / "README.md").write_text("ours by nature\n")
    assert init(place) == 5
    said = place.capsys.readouterr().err
    assert "missing files: .yamllint (" in said
    assert "files that differ from those of a new registry: .github/workflows/validate.yml" in said
    assert "README.md" not in said
    assert place.commits() == 1


def test_what_is_missing_is_added_and_what_was_edited_stays(place: Desk) -> None:
    init(place, "--forge", "gitlab")
    (place.top / ".gitlab-ci.yml").write_text("mine: {}\n")
    place.git("rm", "-q", ".yamllint")
    place.git("commit", "-aqm", "Mine")
    assert init(place, "--add-missing") == 0
    said = place.capsys.readouterr().out
    assert "added .yamllint" in said
    assert "left as it is: .gitlab-ci.yml" in said
    assert (place.top / ".gitlab-ci.yml").read_text() == "mine: {}\n"
    assert place.git("show", "--format=%s", "--name-only", "HEAD").split("\n\n") == [
        "Add the files beside the registry",
        ".yamllint",
    ]
    assert init(place, "--add-missing", "--forge", "github") == 0
    assert workflows(place) == WORKFLOWS["gitlab"] | WORKFLOWS["github"]
    assert place.git("status", "--porcelain") == ""


def test_nothing_is_added_where_nothing_is_missing_or_no_registry_is(
    place: Desk, tmp_path: Path
) -> None:
    init(place)
    assert init(place, "--add-missing") == 0
    assert "no file is missing" in place.capsys.readouterr().out
    assert place.commits() == 1
    other = Desk(tmp_path / "other", place.capsys)
    other.top.mkdir()
    other.git("init", "-q")
    assert init(other, "--add-missing") == 2


def test_a_file_that_a_sparse_checkout_leaves_out_is_not_missing(place: Desk) -> None:
    init(place)
    (place.top / ".github/workflows/validate.yml").write_text("mine\n")
    place.git("commit", "-aqm", "Mine")
    place.git("sparse-checkout", "set", "registry")
    assert init(place, "--add-missing") == 0
    assert "left as it is: .github/workflows/validate.yml" in place.capsys.readouterr().out
    assert place.git("show", "HEAD:.github/workflows/validate.yml") == "mine"
