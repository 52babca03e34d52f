from __future__ import annotations

import pytest

from tests.fixtures.clones import LOG, PRODUCT, WHEN, append, commit, make, sh
from versioner.errors import OperationFailed
from versioner.git import history
from versioner.git.event_commits import recorded_events
from versioner.git.repository import open_repository

SHOP = "registry/products/shop"


@pytest.fixture
def top(tmp_path):
    return make(tmp_path / "c")


def test_the_log_of_a_path_is_newest_first(top):
    first = sh(top, "rev-parse", "HEAD").strip()
    made = commit(top, {LOG: b"1\n"}, "Record ä: one\n\nbody", when=WHEN)
    commit(top, {"registry/other.yaml": b"x\n"})
    repo = open_repository(top)
    found = history.log_of(repo, SHOP)
    assert [info.id for info in found] == [made, first]
    assert found[0] == (
        made, "Test Engineer", "engineer@example.test", WHEN, "Record ä: one", (first,)
    )  # fmt: skip
    assert len(history.log_of(repo, SHOP, 1)) == 1
    assert [info.id for info in history.log_of(repo, SHOP, rev="HEAD~2")] == [first]
    assert history.log_of(repo, "registry/none") == []
    assert history.log_of(repo, "registry/*") == []  # a path, not a pattern


def test_the_last_commit_that_had_a_path_is_found(top):
    before = append(top, b"- 1")
    repo = open_repository(top)
    assert history.last_commit_with(repo, SHOP) == before
    commit(top, {PRODUCT: None, LOG: None})
    append(top, b"x", "registry/products/other/deployments/2026-11.yaml")
    repo = open_repository(top)
    assert history.last_commit_with(repo, SHOP) == before
    assert history.last_commit_with(repo, PRODUCT) is not None
    assert history.last_commit_with(repo, "registry/products/none") is None


def test_a_deletion_on_a_merged_branch_is_found(top):
    before = append(top, b"- 1")
    sh(top, "checkout", "-q", "-b", "side")
    commit(top, {PRODUCT: None, LOG: None})
    sh(top, "checkout", "-q", "main")
    append(top, b"x", "registry/products/other/deployments/2026-11.yaml")
    sh(top, "merge", "-q", "--no-edit", "side")
    assert history.last_commit_with(open_repository(top), SHOP) == before


def test_a_shallow_clone_says_so(top, tmp_path):
    append(top, b"- 1")
    sh(tmp_path, "clone", "-q", "--depth=1", f"file://{top}", "shallow")
    assert history.is_shallow(open_repository(tmp_path / "shallow"))
    assert not history.is_shallow(open_repository(top))


def test_history_needs_a_commit(tmp_path):
    sh(tmp_path, "init", "-q")
    with pytest.raises(OperationFailed, match="no commit yet"):
        history.log_of(open_repository(tmp_path), SHOP)


def test_a_sha256_repository_gets_one_clear_error_or_the_plain_path(tmp_path):
    top = make(tmp_path / "c", None, "--object-format=sha256")
    made = append(top, b"- 1")
    repo = open_repository(top)
    with pytest.raises(OperationFailed, match="sha256, which GitPython cannot read"):
        history.log_of(repo, SHOP)
    assert recorded_events(repo, made) == {}


def test_packed_history_and_linked_work_trees_are_read(top, tmp_path):
    made = append(top, b"- 1")
    sh(top, "gc", "-q")
    sh(top, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    found = history.log_of(open_repository(tmp_path / "side"), SHOP)
    assert found[0].id == made


def test_a_surrounding_hooks_git_dir_does_not_mislead(top, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(make(tmp_path / "other") / ".git"))
    assert len(history.log_of(open_repository(top), SHOP)) == 1


def test_replace_refs_rewrite_nothing(top):
    first = sh(top, "rev-parse", "HEAD").strip()
    made = append(top, b"- 1")
    sh(top, "replace", made, first)
    assert [info.id for info in history.log_of(open_repository(top), SHOP)] == [made, first]
