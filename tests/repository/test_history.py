from __future__ import annotations

import pytest

from tests.repository.clones import LOG, PRODUCT, WHEN, append, commit, make, sh
from versioner.errors import Failure, NotFound
from versioner.repository import history
from versioner.repository.location import open_repository

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


def test_commits_between_are_oldest_first(top):
    base = sh(top, "rev-parse", "HEAD").strip()
    made = [append(top, b"- %d" % number) for number in range(3)]
    repo = open_repository(top)
    assert [info.id for info in history.commits_between(repo, base, "HEAD")] == made
    assert history.commits_between(repo, "HEAD", base) == []
    with pytest.raises(NotFound):
        history.commits_between(repo, "none", "HEAD")


def test_a_merge_base_is_found_or_is_none(top):
    base = sh(top, "rev-parse", "HEAD").strip()
    sh(top, "branch", "side")
    append(top, b"- 1")
    sh(top, "checkout", "-q", "--orphan", "alone")
    sh(top, "commit", "-q", "-m", "Alone")
    repo = open_repository(top)
    assert history.merge_base(repo, "main", "side") == base
    assert history.merge_base(repo, "main", "alone") is None


def test_changed_paths_are_listed(top):
    base = sh(top, "rev-parse", "HEAD").strip()
    commit(top, {LOG: b"1\n", PRODUCT: None, "registry/ä b.yaml": b"x\n"})
    found = history.changed_paths(open_repository(top), base, "HEAD")
    assert sorted(found) == sorted([LOG, PRODUCT, "registry/ä b.yaml"])


def test_every_line_knows_the_commit_that_wrote_it(top):
    first = sh(top, "rev-parse", "HEAD").strip()
    made = [append(top, b"- %d" % number) for number in range(3)]
    repo = open_repository(top)
    assert history.recording_commits(repo, LOG) == [first, *made]
    assert history.recording_commits(repo, LOG, rev="HEAD~1") == [first, *made[:2]]
    with pytest.raises(Failure, match="not in that revision"):
        history.recording_commits(repo, "registry/none.yaml")


def test_a_line_that_only_a_merge_wrote_is_the_merges(top):
    sh(top, "checkout", "-q", "-b", "side")
    theirs = append(top, b"- side")
    sh(top, "checkout", "-q", "main")
    ours = append(top, b"- main")
    sh(top, "merge", "side", check=False)
    (top / LOG).write_bytes(b"# log\n- main\n- side\n- evil\n")
    sh(top, "commit", "-q", "-a", "-m", "Merge")
    merge = sh(top, "rev-parse", "HEAD").strip()
    found = history.recording_commits(open_repository(top), LOG)
    assert found[1:] == [ours, theirs, merge]


def test_a_shallow_clone_says_so(top, tmp_path):
    append(top, b"- 1")
    sh(tmp_path, "clone", "-q", "--depth=1", f"file://{top}", "shallow")
    assert history.is_shallow(open_repository(tmp_path / "shallow"))
    assert not history.is_shallow(open_repository(top))


def test_history_needs_a_commit(tmp_path):
    sh(tmp_path, "init", "-q")
    with pytest.raises(Failure, match="no commit yet"):
        history.log_of(open_repository(tmp_path), SHOP)


def test_a_sha256_repository_gets_one_clear_error_or_the_plain_path(tmp_path):
    top = make(tmp_path / "c", None, "--object-format=sha256")
    made = append(top, b"- 1")
    repo = open_repository(top)
    with pytest.raises(Failure, match="sha256, and history needs GitPython"):
        history.log_of(repo, SHOP)
    assert history.merge_base(repo, "HEAD", "HEAD~1") != made
    assert history.recording_commits(repo, LOG)[-1] == made


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
