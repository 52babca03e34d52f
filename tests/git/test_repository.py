from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fixtures.clones import LOG, commit, make, sh
from versioner.errors import GitFailure, OperationFailed, UsageFault
from versioner.git.repository import on_branch, open_repository, reread, tip_of


def test_a_repository_is_found_upwards_from_a_folder_inside(tmp_path):
    top = make(tmp_path / "c")
    repo = open_repository(top / "registry" / "products")
    assert repo.work_tree == top
    assert repo.git_dir == repo.common_dir == top / ".git"
    assert (repo.branch, repo.object_format) == ("refs/heads/main", "sha1")
    assert repo.tip == sh(top, "rev-parse", "HEAD").strip()


def test_its_git_directory_names_the_clone_too(tmp_path):
    top = make(tmp_path / "c")
    assert open_repository(top / ".git") == open_repository(top)


def test_a_link_to_a_clone_leads_to_it(tmp_path):
    top = make(tmp_path / "c")
    (tmp_path / "link").symlink_to(top)
    assert open_repository(tmp_path / "link" / "registry").work_tree == top


def test_before_the_first_commit_there_is_a_branch_and_no_tip(tmp_path):
    sh(tmp_path, "init", "-q", "-b", "trunk", "c")
    repo = open_repository(tmp_path / "c")
    assert (repo.branch, repo.tip, repo.work_tree) == ("refs/heads/trunk", None, tmp_path / "c")


def test_a_bare_repository_has_no_work_tree(tmp_path):
    top = make(tmp_path / "c")
    sh(tmp_path, "clone", "-q", "--bare", str(top), "bare.git")
    repo = open_repository(tmp_path / "bare.git")
    assert repo.work_tree is None
    assert repo.top == tmp_path / "bare.git"
    assert (repo.branch, repo.tip) == ("refs/heads/main", sh(top, "rev-parse", "HEAD").strip())


def test_an_empty_bare_repository_is_found(tmp_path):
    sh(tmp_path, "init", "-q", "--bare", "bare.git")
    repo = open_repository(tmp_path / "bare.git")
    assert (repo.work_tree, repo.branch, repo.tip) == (None, "refs/heads/main", None)


def test_a_linked_work_tree_shares_the_common_directory(tmp_path):
    top = make(tmp_path / "c")
    sh(top, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    repo = open_repository(tmp_path / "side" / "registry")
    assert repo.common_dir == top / ".git"
    assert repo.git_dir == top / ".git" / "worktrees" / "side"
    assert (repo.work_tree, repo.branch) == (tmp_path / "side", "refs/heads/side")


def test_a_submodule_is_a_repository_of_its_own(tmp_path):
    inner = make(tmp_path / "inner")
    outer = make(tmp_path / "outer", {"a": b"a\n"})
    allowed = ["-c", "protocol.file.allow=always"]
    sh(outer, *allowed, "submodule", "add", "-q", str(inner), "reg")
    assert open_repository(outer / "reg").work_tree == outer / "reg"


def test_a_detached_head_has_no_branch_until_one_is_named(tmp_path):
    top = make(tmp_path / "c")
    sh(top, "checkout", "-q", "--detach")
    repo = open_repository(top)
    assert (repo.branch, repo.tip) == (None, sh(top, "rev-parse", "HEAD").strip())
    with pytest.raises(UsageFault, match="detached") as caught:
        commit(top, {"registry/x.yaml": b"x\n"})
    assert "--branch" in caught.value.hint
    named = on_branch(repo, "main")
    assert (named.branch, named.tip) == ("refs/heads/main", repo.tip)
    assert reread(named) == named


@pytest.mark.parametrize("name", ["-x", "a..b", "", "a b", "x.lock", "a\nb"])
def test_what_is_no_branch_name_is_refused(tmp_path, name):
    repo = open_repository(make(tmp_path / "c"))
    with pytest.raises(UsageFault, match="not a branch name"):
        on_branch(repo, name)


def test_a_folder_outside_of_any_repository_is_a_usage_error(tmp_path):
    with pytest.raises(UsageFault, match="not in a git repository") as caught:
        open_repository(tmp_path)
    assert "VERSIONER_REPO: its URL" in caught.value.hint


def test_a_missing_folder_and_a_file_are_usage_errors(tmp_path):
    (tmp_path / "file").touch()
    for name in ("nowhere", "file"):
        with pytest.raises(UsageFault, match="not a folder") as caught:
            open_repository(tmp_path / name)
        assert "or the registry's URL" in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs chown")
def test_another_users_repository_is_refused_with_gits_own_reason(tmp_path):
    top = make(tmp_path / "c")
    for path in (top, top / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(GitFailure, match="dubious ownership") as caught:
        open_repository(top)
    assert "safe.directory" in caught.value.hint


def test_a_repository_of_a_format_git_does_not_know_is_refused(tmp_path):
    top = make(tmp_path / "c")
    sh(top, "config", "core.repositoryFormatVersion", "99")
    with pytest.raises(GitFailure, match="version"):
        open_repository(top)


def test_a_clone_that_claims_another_folder_as_its_work_tree_is_refused(tmp_path):
    top = make(tmp_path / "c")
    (tmp_path / "victim").mkdir()
    for victim in (tmp_path / "victim", tmp_path):
        sh(top, "config", "core.worktree", str(victim))
        for path in (top, top / ".git"):
            with pytest.raises(OperationFailed, match=r"claims .* work tree"):
                open_repository(path)


def test_a_sha256_repository_says_so(tmp_path):
    top = make(tmp_path / "c", None, "--object-format=sha256")
    repo = open_repository(top)
    assert (repo.object_format, len(repo.tip)) == ("sha256", 64)


def test_tips_are_read_from_packed_refs_too(tmp_path):
    top = make(tmp_path / "c")
    sh(top, "pack-refs", "--all")
    repo = open_repository(top)
    assert not (top / ".git/refs/heads/main").exists()
    assert tip_of(repo, "refs/heads/main") == repo.tip
    assert tip_of(repo, "refs/heads/none") is None
    assert reread(repo) == repo


def test_git_variables_of_a_surrounding_hook_do_not_lead_elsewhere(tmp_path, monkeypatch):
    top, other = make(tmp_path / "c"), make(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert open_repository(top).git_dir == Path(top / ".git")


@pytest.fixture
def explicit_bare(monkeypatch):
    """Let git use bare repositories only where a command names them (git's coming default)."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.bareRepository")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "explicit")


def test_a_bare_repository_that_is_named_is_used_where_git_must_be_told(tmp_path, explicit_bare):
    top = make(tmp_path / "c")
    sh(tmp_path, "clone", "-q", "--bare", str(top), "bare.git")
    repo = open_repository(tmp_path / "bare.git")
    assert (repo.work_tree, repo.branch) == (None, "refs/heads/main")
    assert on_branch(repo, "main").tip == reread(repo).tip == repo.tip
    made = commit(tmp_path / "bare.git", {LOG: b"# log\n# more\n"})
    assert reread(repo).tip == made != repo.tip


def test_a_bare_repository_around_a_folder_is_left_alone_where_git_must_be_told(
    tmp_path, explicit_bare
):
    sh(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(GitFailure, match=r"cannot use bare repository") as caught:
        open_repository(tmp_path / "bare.git" / "refs")
    assert "--repo" in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs chown")
def test_a_named_bare_repository_of_another_user_is_refused(tmp_path, explicit_bare):
    sh(tmp_path, "init", "-q", "--bare", "bare.git")
    os.chown(tmp_path / "bare.git", 12345, 12345)
    with pytest.raises(GitFailure, match="dubious ownership"):
        open_repository(tmp_path / "bare.git")
