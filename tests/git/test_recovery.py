"""Kills: at the worst moments and at random ones, each followed by a user's `git commit -a`."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixtures.clones import (
    LOG,
    PRODUCT,
    append,
    assert_sound,
    at_tip,
    commit,
    make,
    sh,
    status,
)
from versioner.git import commit as commit_module
from versioner.git.process import LockedByGit
from versioner.git.repository import open_repository
from versioner.git.transaction import recover

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NOTE = "notes.txt"


class Died(BaseException):
    """Stand for a kill where the test wants to go on in the same process."""


@pytest.fixture
def top(tmp_path):
    return make(tmp_path / "c", {PRODUCT: b'name: "shop"\n', LOG: b"# log\n", NOTE: b"0\n"})


def start(top: Path, *args: str, path: str = LOG) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.git.writer", str(top), path, *args],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def user_commits(top: Path, text: str) -> None:
    """Commit all as users do: with whatever the work tree shows, trying again while git waits."""
    (top / NOTE).write_text(text)
    for _ in range(100):
        done = subprocess.run(
            ["git", "commit", "-q", "-a", "-m", f"User {text}"],
            cwd=top, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return
        time.sleep(0.02)
    raise AssertionError(done.stderr)


def die_in(monkeypatch, name: str, act) -> None:
    def die(*args, **options):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(commit_module, name, die)
        with pytest.raises(Died):
            act()


@pytest.mark.parametrize("fate", ["die-after-move", "die-before-index"])
def test_a_kill_between_ref_and_files_and_a_users_commit_lose_nothing(top, scale, fate):
    for number in range(scale(5, 50)):
        prefix = f"k{number}"
        paths = (
            f"registry/products/p{number}/deployments/2026-11.yaml",
            LOG,
            f"registry/products/p{number}/decisions/2026-11.yaml",
            f"registry/requests/r{number}/decisions.yaml",
        )
        path = paths[number % 4]
        append(top, f"acknowledged-{number}".encode(), path)
        killed = start(top, prefix, "1", fate, path=path)
        assert killed.wait() == -signal.SIGKILL
        killed.stdout.close()
        moved = at_tip(top, path)
        assert f"{prefix}-0\n".encode() in moved
        user_commits(top, prefix)
        if fate == "die-after-move":
            assert prefix.encode() not in at_tip(top, path)  # what makes recovery needed
        recover(open_repository(top))
        assert at_tip(top, path) == moved
        assert (top / path).read_bytes() == moved
        append(top, f"next-{number}".encode(), path)
        assert at_tip(top, path) == moved + f"next-{number}\n".encode()
        assert (top / NOTE).read_text() == prefix
        assert_sound(top)


def test_a_kill_before_the_move_leaves_nothing(top, scale):
    for _ in range(scale(2, 20)):
        before = sh(top, "rev-parse", "HEAD")
        killed = start(top, "k", "1", "die-before-move")
        assert killed.wait() == -signal.SIGKILL
        killed.stdout.close()
        assert (sh(top, "rev-parse", "HEAD"), status(top)) == (before, "")
        recover(open_repository(top))
        assert sh(top, "rev-parse", "HEAD") == before
        assert_sound(top)


def test_kills_at_random_moments_lose_no_acknowledged_line(top, scale):
    acknowledged: list[str] = []
    for number in range(scale(20, 200)):
        child = start(top, f"r{number}", "1000")
        assert child.stdout.readline() == "ready\n"
        time.sleep(random.uniform(0, 0.12))
        child.kill()
        rest = child.stdout.read()
        child.stdout.close()
        child.wait()
        acknowledged += [line for line in rest.split("\n")[:-1] if line]
        user_commits(top, f"r{number}")
        line = f"after-{number}"
        append(top, line.encode())
        acknowledged.append(line)
        assert status(top) == ""
    lines = at_tip(top, LOG).decode().splitlines()
    assert len(lines) == len(set(lines))
    assert set(acknowledged) <= set(lines)
    assert lines[0] == "# log"
    assert (top / LOG).read_bytes() == at_tip(top, LOG)
    assert_sound(top)


def test_other_paths_are_put_back_only_when_the_tip_has_just_the_old_bytes(top, monkeypatch):
    changes = {PRODUCT: b"new\n", "registry/a.yaml": b"a\n", "registry/b.yaml": b"b\n"}
    die_in(monkeypatch, "refresh", lambda: commit(top, changes))
    (top / "registry/b.yaml").write_bytes(b"the user's own\n")
    sh(top, "add", "registry/b.yaml")
    user_commits(top, "1")
    recover(open_repository(top))
    assert at_tip(top, PRODUCT) == (top / PRODUCT).read_bytes() == b"new\n"
    assert at_tip(top, "registry/a.yaml") == b"a\n"
    assert at_tip(top, "registry/b.yaml") == b"the user's own\n"
    assert_sound(top)


def test_a_deletion_that_a_users_commit_undid_is_made_again(top, monkeypatch):
    die_in(monkeypatch, "refresh", lambda: commit(top, {PRODUCT: None, LOG: None}))
    user_commits(top, "1")
    assert at_tip(top, LOG) is not None
    recover(open_repository(top))
    assert not (top / "registry").exists()
    assert sh(top, "ls-files").split() == [NOTE]
    assert_sound(top)


def test_a_redaction_that_a_users_commit_undid_is_made_again(top, monkeypatch):
    commit(top, {LOG: b"# log\n- secret\n- 2\n"})
    die_in(monkeypatch, "refresh", lambda: commit(top, {LOG: b"# log\n- redacted\n- 2\n"}))
    user_commits(top, "1")
    recover(open_repository(top))
    assert at_tip(top, LOG) == b"# log\n- redacted\n- 2\n"
    assert_sound(top)


def test_lines_that_a_user_added_meanwhile_stay_beside_ours(top, monkeypatch):
    die_in(monkeypatch, "refresh", lambda: append(top, b"- ours"))
    with (top / LOG).open("ab") as file:
        file.write(b"- theirs\n")
    user_commits(top, "1")
    recover(open_repository(top))
    assert at_tip(top, LOG) == (top / LOG).read_bytes() == b"# log\n- theirs\n- ours\n"
    assert_sound(top)


def test_an_uncommitted_edit_made_meanwhile_stays_and_keeps_our_line(top, monkeypatch):
    die_in(monkeypatch, "refresh", lambda: append(top, b"- ours"))
    with (top / LOG).open("ab") as file:
        file.write(b"- theirs\n")
    recover(open_repository(top))
    assert at_tip(top, LOG) == b"# log\n- ours\n"
    assert (top / LOG).read_bytes() == b"# log\n- theirs\n- ours\n"
    assert status(top) == f" M {LOG}\n"


def test_a_log_that_the_user_deleted_meanwhile_stays_deleted(top, monkeypatch):
    die_in(monkeypatch, "refresh", lambda: append(top, b"- ours"))
    (top / LOG).unlink()
    user_commits(top, "1")
    recover(open_repository(top))
    assert at_tip(top, LOG) is None
    assert_sound(top)


def test_a_user_who_took_the_commit_back_is_believed(top, monkeypatch):
    die_in(monkeypatch, "refresh", lambda: append(top, b"- ours"))
    sh(top, "reset", "-q", "--hard", "HEAD~1")
    recover(open_repository(top))
    assert at_tip(top, LOG) == (top / LOG).read_bytes() == b"# log\n"
    assert_sound(top)


def test_recovery_itself_can_be_killed(top, monkeypatch):
    die_in(monkeypatch, "refresh", lambda: append(top, b"- ours"))
    user_commits(top, "1")
    for name in ("_move", "refresh", "refresh", "_move"):
        die_in(monkeypatch, name, lambda: recover(open_repository(top)))
        user_commits(top, f"after {name} {random.random()}")
    recover(open_repository(top))
    assert at_tip(top, LOG) == (top / LOG).read_bytes() == b"# log\n- ours\n"
    assert_sound(top)


def test_linked_work_trees_are_completed_too(top, tmp_path, monkeypatch):
    sh(top, "worktree", "add", "-q", "--force", str(tmp_path / "twin"), "main")
    die_in(monkeypatch, "refresh", lambda: append(top, b"- ours"))
    recover(open_repository(tmp_path / "twin"))
    for place in (top, tmp_path / "twin"):
        assert (place / LOG).read_bytes() == b"# log\n- ours\n"
        assert_sound(place)


def test_a_recovery_that_gits_lock_holds_up_keeps_the_intent(top, monkeypatch):
    die_in(monkeypatch, "refresh", lambda: append(top, b"- ours"))
    user_commits(top, "1")
    (top / ".git/index.lock").touch()
    with pytest.raises(LockedByGit):
        recover(open_repository(top))
    (top / ".git/index.lock").unlink()
    recover(open_repository(top))
    assert at_tip(top, LOG) == b"# log\n- ours\n"
    assert_sound(top)


def test_an_index_locked_just_after_the_move_is_completed_by_the_next_command(top, monkeypatch):
    move = commit_module._move

    def move_and_lock(*args):
        move(*args)
        (top / ".git/index.lock").touch()

    with monkeypatch.context() as patch:
        patch.setattr(commit_module, "_move", move_and_lock)
        made = append(top, b"- ours")
    assert sh(top, "rev-parse", "HEAD").strip() == made
    (top / ".git/index.lock").unlink()
    recover(open_repository(top))
    assert_sound(top)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "[" * 5000, '{"ref": 1}', "\x00",
     {"ref": "refs/heads/../../x"}, {"ref": "HEAD"}, {"new": "--help"}, {"old": "x"},
     {"stale": {"../../outside": [None]}}, {"stale": {".git/hooks/x": [None]}},
     {"stale": {"a": ["-x"]}}, {"stale": {"a": 1}}, {"stale": []}],
)  # fmt: skip
def test_an_intent_that_is_not_ours_is_dropped_and_does_nothing(top, text):
    tip = sh(top, "rev-parse", "HEAD").strip()
    if isinstance(text, dict):
        text = json.dumps({"ref": "refs/heads/main", "old": None, "new": tip, "stale": {}} | text)
    (top / ".git/versioner").mkdir()
    (top / ".git/versioner/intent").write_text(text)
    recover(open_repository(top))
    assert sh(top, "rev-parse", "HEAD").strip() == tip
    assert_sound(top)


def test_an_intent_that_is_a_fifo_or_a_link_hangs_nothing(top, tmp_path):
    state = top / ".git/versioner"
    state.mkdir()
    os.mkfifo(state / "intent")
    recover(open_repository(top))
    assert not (state / "intent").exists()
    (tmp_path / "target").write_text("{}")
    (state / "intent").symlink_to(tmp_path / "target")
    recover(open_repository(top))
    assert (tmp_path / "target").exists()
    assert_sound(top)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_who_may_not_write_leaves_completion_to_others(top, monkeypatch):  # pragma: no cover
    die_in(monkeypatch, "refresh", lambda: append(top, b"- ours"))
    (top / ".git").chmod(0o555)
    recover(open_repository(top))
    (top / ".git").chmod(0o755)


def test_completing_twice_does_no_harm(top, monkeypatch):
    die_in(monkeypatch, "refresh", lambda: append(top, b"- ours"))
    shutil.copy(top / ".git/versioner/intent", top.parent / "intent")
    recover(open_repository(top))
    append(top, b"- more")
    shutil.copy(top.parent / "intent", top / ".git/versioner/intent")
    recover(open_repository(top))
    assert at_tip(top, LOG) == b"# log\n- ours\n- more\n"
    assert_sound(top)
