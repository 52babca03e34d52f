from __future__ import annotations

import os
import shutil

import pytest

from tests.fixtures.clones import make
from versioner.errors import GitFailure
from versioner.git.process import (
    LockedByGit,
    RefChanged,
    environment,
    failure,
    git,
    printable,
    run,
)
from versioner.git.repository import open_repository


def test_only_what_a_user_may_say_to_git_is_kept(monkeypatch):
    kept = {"GIT_SSH_COMMAND": "ssh", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "X": "1"}
    gone = ["GIT_DIR", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF", "GIT_OBJECT_DIRECTORY",
            "GIT_NAMESPACE", "GIT_CONFIG_PARAMETERS", "GIT_TEMPLATE_DIR", "GIT_TRACE"]  # fmt: skip
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    for name in gone:
        monkeypatch.setenv(name, "1")
    found = environment()
    assert kept.items() <= found.items()
    assert not found.keys() & set(gone)
    assert (found["GIT_ALLOW_PROTOCOL"], found["LC_ALL"]) == ("none", "C")
    assert "ext" not in environment(network=True)["GIT_ALLOW_PROTOCOL"].split(":")


def test_no_transport_is_allowed_unless_asked_for(tmp_path):
    top = make(tmp_path / "c")
    done = run(["ls-remote", str(top)], cwd=tmp_path)
    assert done.returncode != 0
    assert "not allowed" in done.stderr
    assert run(["ls-remote", str(top)], cwd=tmp_path, network=True).returncode == 0


def test_gits_reason_becomes_the_message(tmp_path):
    with pytest.raises(GitFailure, match=r"git rev-parse failed: not a git repository") as caught:
        git(["rev-parse", "--git-dir"], cwd=tmp_path)
    assert caught.value.stderr.startswith("fatal:")
    assert git(["rev-parse", "--git-dir"], cwd=tmp_path, check=False) == b""


@pytest.mark.parametrize(
    ("stderr", "kind", "words"),
    [
        ("fatal: Unable to create '/r/.git/index.lock': File exists.", LockedByGit, "index.lock"),
        ("fatal: cannot lock ref 'refs/heads/x': is at a but expected b", RefChanged, "moved"),
        ("fatal: cannot lock ref 'refs/heads/x': reference already exists", RefChanged, "moved"),
        ("warning: x\nerror: first\nfatal: \x1b[31mred", GitFailure, "\N{REPLACEMENT CHARACTER}"),
        ("", GitFailure, "git printed no reason"),
    ],
)
def test_what_git_says_tells_the_kind_of_failure(stderr, kind, words):
    error = failure(["update-ref"], stderr)
    assert type(error) is kind
    assert words in error.message
    assert "\x1b" not in error.message


def test_git_that_is_not_there_is_an_error_with_a_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitFailure, match="not found") as caught:
        git(["version"], cwd=tmp_path)
    assert "install git" in caught.value.hint


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(GitFailure, match="could not be started"):
        git(["version"], cwd=tmp_path / "none")


def test_nothing_that_drives_a_terminal_is_left():
    assert printable("a\x1b[2J\u202eb\x9bä\n") == "a\ufffd[2J\ufffdb\ufffdä\n"


# As git 2.25 did: it repeats what it does not know, and refuses what a command lacks.
OLD_GIT = """\
#!/bin/sh
case " $* " in
  *" --version "*) echo "git version 2.25.1"; exit 0 ;;
  *" rev-parse --path-format=absolute "*) echo "--path-format=absolute"; echo .git; exit 0 ;;
  *" init "*) echo "error: unknown option \\`initial-branch=main'" >&2; exit 129 ;;
esac
exec {git} "$@"
"""


@pytest.fixture
def old_git(tmp_path, monkeypatch):
    script = tmp_path / "bin/git"
    script.parent.mkdir()
    script.write_text(OLD_GIT.format(git=shutil.which("git")))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")


def test_a_git_that_is_too_old_is_named_with_what_is_needed(tmp_path, old_git):
    (tmp_path / "a").mkdir()
    for use in (
        lambda: open_repository(tmp_path),
        lambda: git(["init", "--initial-branch=main"], cwd=tmp_path / "a"),
    ):
        reason = r"git 2\.25\.1 is too old: version 2\.31 or newer is needed"
        with pytest.raises(GitFailure, match=reason):
            use()


def test_a_git_that_is_new_enough_is_not_blamed(tmp_path):
    make(tmp_path / "c")
    with pytest.raises(GitFailure, match="git status failed"):
        git(["status", "--no-such-thing"], cwd=tmp_path / "c")
