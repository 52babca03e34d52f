"""What one commit has that another lacks, and a branch that moves from the one to the other."""

from __future__ import annotations

import pytest

from tests.fixtures.clones import LOG, PRODUCT, append, assert_sound, make, sh
from versioner.errors import OperationFailed
from versioner.git import commit as commit_module
from versioner.git.commit import advance
from versioner.git.history import difference, has_commit, is_ancestor, missing_commits
from versioner.git.repository import open_repository
from versioner.git.transaction import recover, transaction


@pytest.fixture
def top(tmp_path):
    return make(tmp_path / "c")


@pytest.fixture
def theirs(top) -> str:
    """Make a commit beside the branch that adds, changes and deletes."""
    sh(top, "switch", "-qc", "theirs")
    (top / LOG).write_bytes(b"# log\n- theirs\n")
    (top / PRODUCT).unlink()
    (top / "registry/new.yaml").write_text("new: 1\n")
    sh(top, "add", "-A")
    sh(top, "commit", "-qm", "Theirs\n\nwith \x01 a body")
    sh(top, "switch", "-q", "main")
    return sh(top, "rev-parse", "theirs").strip()


def move(top, new: str) -> None:
    with transaction(open_repository(top)) as repo:
        advance(repo, new, difference(repo, repo.tip, new), "follow")


def test_commits_that_another_lacks_are_told_with_their_paths(top, theirs):
    mine = append(top, b"- mine")
    repo = open_repository(top)
    (found,) = missing_commits(repo, theirs, [mine])
    assert (found.id, found.subject) == (theirs, "Theirs")
    assert set(found.paths) == {LOG, PRODUCT, "registry/new.yaml"}
    assert [each.id for each in missing_commits(repo, mine, [theirs])] == [mine]
    assert missing_commits(repo, mine, [mine]) == []
    base = found.parents[0]
    assert is_ancestor(repo, base, mine)
    assert not is_ancestor(repo, theirs, mine)
    assert has_commit(repo, theirs)
    assert not has_commit(repo, "1" * 40)


def test_a_branch_moves_with_its_work_tree(top, theirs):
    append(top, b"- mine")
    (top / "notes.txt").write_text("mine, and no part of it\n")
    move(top, theirs)
    assert sh(top, "rev-parse", "main").strip() == theirs
    assert (top / LOG).read_bytes() == b"# log\n- theirs\n"
    assert not (top / PRODUCT).exists()
    (top / "notes.txt").unlink()
    assert_sound(top)


def test_a_move_that_was_killed_before_the_work_tree_is_completed(top, theirs, monkeypatch):
    def die(*_args, **_options):
        raise KeyboardInterrupt

    append(top, b"- mine")
    with monkeypatch.context() as killed:
        killed.setattr(commit_module, "refresh", die)
        with pytest.raises(KeyboardInterrupt):
            move(top, theirs)
    assert sh(top, "status", "--porcelain") != ""
    recover(open_repository(top))
    assert sh(top, "rev-parse", "main").strip() == theirs
    assert_sound(top)


def test_uncommitted_changes_and_what_is_no_plain_file_stop_a_move(top, theirs):
    before = append(top, b"- mine")
    (top / PRODUCT).write_text('name: "mine"\n')
    with pytest.raises(OperationFailed, match=r"product\.yaml: uncommitted changes"):
        move(top, theirs)
    sh(top, "checkout", "-q", "--", ".")
    sh(top, "switch", "-q", "theirs")
    (top / "run.sh").symlink_to("elsewhere")
    sh(top, "add", "-A")
    sh(top, "commit", "-qm", "Link")
    linked = sh(top, "rev-parse", "HEAD").strip()
    sh(top, "switch", "-q", "main")
    with pytest.raises(OperationFailed, match=r"run\.sh is not a plain file"):
        move(top, linked)
    assert sh(top, "rev-parse", "main").strip() == before
    assert_sound(top)
