"""Work trees that come along: what is touched, and what must stay."""

from __future__ import annotations

import os
import shutil
import stat
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
from versioner.errors import OperationFailed
from versioner.git.repository import open_repository

NEW = "registry/products/new/product.yaml"


@pytest.fixture
def top(tmp_path):
    return make(tmp_path / "c")


def edit(top, path=LOG, data=b"edited\n"):
    (top / path).parent.mkdir(parents=True, exist_ok=True)
    (top / path).write_bytes(data)


def edit_and_stage(top):
    edit(top)
    sh(top, "add", LOG)


def stage_and_put_back(top):
    before = (top / LOG).read_bytes()
    edit_and_stage(top)
    (top / LOG).write_bytes(before)


def remove(top):
    (top / LOG).unlink()


def remove_from_index(top):
    sh(top, "rm", "-q", "--cached", LOG)


def make_it_a_link(top):
    (top / LOG).unlink()
    (top / LOG).symlink_to("/etc/passwd")


def make_it_a_fifo(top):
    (top / LOG).unlink()
    os.mkfifo(top / LOG)


def make_it_a_directory(top):
    (top / LOG).unlink()
    (top / LOG).mkdir()


def make_its_directory_a_link(top):
    moved = top.parent / "moved"
    shutil.move((top / LOG).parent, moved)
    (top / LOG).parent.symlink_to(moved)


@pytest.mark.parametrize(
    "dirty",
    [edit, edit_and_stage, stage_and_put_back, remove, remove_from_index, make_it_a_link,
     make_it_a_fifo, make_it_a_directory, make_its_directory_a_link],
)  # fmt: skip
def test_a_touched_path_with_uncommitted_changes_is_refused_by_name(top, dirty):
    dirty(top)
    before, tip = status(top), sh(top, "rev-parse", "HEAD")
    with pytest.raises(OperationFailed, match=f"{LOG}: uncommitted changes") as caught:
        append(top, b"- 1")
    assert "commit them" in caught.value.hint
    assert (status(top), sh(top, "rev-parse", "HEAD")) == (before, tip)


def test_an_untracked_file_in_the_way_is_refused_unless_it_is_the_same(top):
    edit(top, NEW, b"other\n")
    with pytest.raises(OperationFailed, match=NEW):
        commit(top, {NEW: b"new\n"})
    edit(top, NEW, b"new\n")
    commit(top, {NEW: b"new\n"})
    assert_sound(top)


def test_many_dirty_paths_are_named_up_to_five(top):
    paths = [f"registry/f{number}" for number in range(7)]
    for path in paths:
        edit(top, path)
    with pytest.raises(OperationFailed, match=r"registry/f4 and 2 more: uncommitted"):
        commit(top, dict.fromkeys(paths, b"x\n"))


def test_other_uncommitted_changes_stay_exactly_as_they_are(tmp_path):
    files = dict.fromkeys((LOG, "a", "b", "c", "d", "e"), b"1\n")
    top = make(tmp_path / "c", files)
    edit(top, "a")  # changed
    edit(top, "b")
    sh(top, "add", "b")  # staged
    edit(top, "b", b"twice\n")  # and changed again
    sh(top, "rm", "-q", "c")  # staged deletion
    (top / "d").unlink()  # deletion
    edit(top, "f")
    sh(top, "add", "-N", "f")  # to be added
    edit(top, "g")  # untracked
    (top / "e").chmod(0o755)
    before, staged = status(top), sh(top, "diff", "--cached")
    append(top, b"- 1")
    assert (status(top), sh(top, "diff", "--cached")) == (before, staged)
    assert at_tip(top, LOG) == (top / LOG).read_bytes() == b"1\n- 1\n"
    assert at_tip(top, "b") == b"1\n"


def test_an_edit_in_the_moment_of_the_last_index_is_not_hidden(tmp_path):
    top = make(tmp_path / "c", {LOG: b"1\n", "a": b"1\n"})
    moment = (top / "a").stat().st_mtime_ns
    os.utime(top / ".git/index", ns=(moment, moment))
    edit(top, "a", b"2\n")  # as long as before, and within the clock's tick
    os.utime(top / "a", ns=(moment, moment))
    append(top, b"- 1")
    assert status(top) == " M a\n"


def test_a_merge_that_waits_for_its_user_is_left_alone(tmp_path):
    top = make(tmp_path / "c", {LOG: b"1\n", "a": b"1\n"})
    for branch, text in (("x", b"x\n"), ("main", b"y\n")):
        sh(top, "checkout", "-q", "-B", branch, *(["main"] if branch == "x" else []))
        edit(top, "a", text)
        sh(top, "commit", "-q", "-a", "-m", branch)
        if branch == "x":
            sh(top, "checkout", "-q", "main")
    sh(top, "merge", "x", check=False)
    assert status(top) == "AA a\n" or "UU a" in status(top)
    before = status(top)
    append(top, b"- 1")
    assert status(top) == before


def test_every_linked_work_tree_on_the_branch_comes_along(top, tmp_path):
    for name, branch in (("twin", "main"), ("side", "side")):
        sh(top, "worktree", "add", "-q", "--force", "-B", branch, str(tmp_path / name), check=False)
    sh(top, "worktree", "add", "-q", "--force", str(tmp_path / "twin"), "main", check=False)
    sh(top, "worktree", "add", "-q", "--detach", str(tmp_path / "loose"))
    shutil.rmtree(tmp_path / "gone", ignore_errors=True)
    sh(top, "worktree", "add", "-q", "--force", str(tmp_path / "gone"), "main")
    shutil.rmtree(tmp_path / "gone")
    append(tmp_path / "twin", b"- 1")
    for place in (top, tmp_path / "twin"):
        assert (place / LOG).read_bytes() == b"# log\n- 1\n"
        assert_sound(place)
    for place in (tmp_path / "side", tmp_path / "loose"):
        assert (place / LOG).read_bytes() == b"# log\n"
        assert_sound(place)
    assert not (tmp_path / "gone").exists()


def test_a_dirty_path_in_another_work_tree_is_refused_with_its_place(top, tmp_path):
    sh(top, "worktree", "add", "-q", "--force", str(tmp_path / "twin"), "main")
    edit(tmp_path / "twin")
    with pytest.raises(OperationFailed, match=f"uncommitted changes in {tmp_path / 'twin'}"):
        append(top, b"- 1")


def test_linked_work_trees_of_a_bare_repository_come_along(top, tmp_path):
    bare = tmp_path / "p" / ".git"
    sh(tmp_path, "clone", "-q", "--bare", str(top), str(bare))
    sh(bare, "worktree", "add", "-q", str(tmp_path / "tree"), "main")
    append(tmp_path / "tree", b"- 1")
    append(bare, b"- 2")
    assert (tmp_path / "tree" / LOG).read_bytes() == b"# log\n- 1\n- 2\n"
    assert_sound(tmp_path / "tree")
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == [".git"]


def test_a_work_tree_that_a_clone_merely_claims_is_not_touched(top, tmp_path):
    victim = make(tmp_path / "victim")
    claim = top / ".git/worktrees/victim"
    claim.mkdir(parents=True)
    (claim / "gitdir").write_text(f"{victim}/.git\n")
    (claim / "HEAD").write_text("ref: refs/heads/main\n")
    (claim / "commondir").write_text("../..\n")
    append(top, b"- 1")
    assert (victim / LOG).read_bytes() == b"# log\n"
    assert_sound(victim)


def test_a_separate_git_directory_works(tmp_path):
    sh(tmp_path, "init", "-q", "--separate-git-dir", "store.git", "c")
    top = tmp_path / "c"
    commit(top, {LOG: b"# log\n"})
    append(top, b"- 1")
    assert (top / LOG).read_bytes() == b"# log\n- 1\n"
    assert_sound(top)


def test_line_ends_that_git_converted_are_no_change_and_are_kept(tmp_path):
    top = make(tmp_path / "c")
    sh(top, "config", "core.autocrlf", "true")
    for path in (LOG, PRODUCT):
        (top / path).unlink()
        sh(top, "checkout", "--", path)
    assert (top / LOG).read_bytes() == b"# log\r\n"
    append(top, b"- 1")
    assert (top / LOG).read_bytes() == b"# log\r\n- 1\r\n"
    assert at_tip(top, LOG) == b"# log\n- 1\n"
    assert_sound(top)


def test_files_outside_of_a_sparse_checkout_stay_outside(tmp_path):
    other = "registry/products/other/product.yaml"
    top = make(tmp_path / "c", {LOG: b"# log\n", other: b"x\n"})
    sh(top, "sparse-checkout", "set", "registry/products/other")
    assert not (top / LOG).exists()
    append(top, b"- 1")
    assert at_tip(top, LOG) == b"# log\n- 1\n"
    assert not (top / LOG).exists()
    assert_sound(top)


@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
def test_permissions_of_a_file_stay_and_new_ones_follow_the_umask(top):
    (top / LOG).chmod(0o600)
    old = os.umask(0o027)
    try:
        commit(top, {LOG: b"x\n", NEW: b"y\n"})
    finally:
        os.umask(old)
    modes = [stat.S_IMODE((top / path).stat().st_mode) for path in (LOG, NEW)]
    assert modes == [0o600, 0o640]
    assert_sound(top)


def test_a_git_directory_on_another_file_system_works(tmp_path):
    store = Path("/dev/shm")
    if not store.is_dir() or store.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system")
    git_dir = f"{store}/{tmp_path.name}-{os.getpid()}.git"
    try:
        sh(tmp_path, "init", "-q", "--separate-git-dir", git_dir, "c")
        commit(tmp_path / "c", {LOG: b"# log\n"})
        append(tmp_path / "c", b"- 1")
        assert_sound(tmp_path / "c")
    finally:
        shutil.rmtree(git_dir)


def test_the_folders_name_may_hold_anything(tmp_path):
    top = make(tmp_path / "a b ä 'q' $X --x")
    append(top, b"- 1")
    assert open_repository(top).work_tree == top
    assert_sound(top)


def sparse(tmp_path):
    """Return a clone whose sparse checkout leaves one product out, and one of its files."""
    left_out = {"registry/products/cart/product.yaml": b'name: "cart"\n', PRODUCT: b"name: shop\n"}
    top = make(tmp_path / "c", {LOG: b"# log\n", "registry/products/other/x": b"x\n", **left_out})
    sh(top, "sparse-checkout", "set", "registry/products/other")
    assert not (top / PRODUCT).exists()
    return top


@pytest.mark.parametrize("index", [[], ["--sparse-index"]], ids=["full", "sparse-index"])
def test_files_that_a_sparse_checkout_leaves_out_are_deleted_and_moved(tmp_path, index):
    top = sparse(tmp_path)
    sh(top, "sparse-checkout", "set", *index, "registry/products/other")
    commit(top, {PRODUCT: None, LOG: b"# log\n# more\n"})
    assert (at_tip(top, PRODUCT), at_tip(top, LOG)) == (None, b"# log\n# more\n")
    assert not (top / LOG).exists()
    assert_sound(top)
    moved = "registry/products/cart2/product.yaml"
    commit(top, {"registry/products/cart/product.yaml": None, moved: b'name: "cart"\n'})
    assert at_tip(top, moved) == b'name: "cart"\n'
    assert_sound(top)


def test_a_file_that_a_sparse_checkout_leaves_out_and_has_another_staged_content_is_refused(
    tmp_path,
):
    top = sparse(tmp_path)
    other = sh(top, "hash-object", "-w", "--stdin", input="name: mine\n").strip()
    sh(top, "update-index", "--cacheinfo", f"100644,{other},{PRODUCT}")
    sh(top, "update-index", "--skip-worktree", PRODUCT)
    with pytest.raises(OperationFailed, match="uncommitted changes"):
        commit(top, {PRODUCT: None})
