"""The index after a write: git sees without reading a file that it is unchanged."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.fixtures.clones import LOG, PRODUCT, append, assert_sound, commit, make, sh, status
from versioner.git.index import release_index, store_stats
from versioner.git.worktree import is_safe_path

NEW = "registry/products/new/product.yaml"


def unchanged(top) -> tuple[int, int]:
    """Return the exit codes of git's plumbing, which reads no file whose times it knows."""
    plumbing = (["diff-files", "--quiet"], ["diff-index", "--quiet", "HEAD"])
    first, second = (subprocess.run(["git", *each], cwd=top, check=False) for each in plumbing)
    return first.returncode, second.returncode


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["index.version=4"],
        ["index.version=3"],
        ["index.skipHash=true"],
        ["feature.manyFiles=true"],
        ["core.autocrlf=true"],
        ["core.splitIndex=true"],
        ["core.splitIndex=true", "index.version=4"],
    ],
    ids=" ".join,
)
def test_after_a_write_git_sees_no_change_without_a_look_at_the_files(tmp_path, settings):
    top = make(tmp_path / "c")
    for each in settings:
        sh(top, "config", *each.split("="))
    sh(top, "update-index", "--force-write-index")
    append(top, b"- 1")
    assert unchanged(top) == (0, 0)
    commit(top, {NEW: b'name: "new"\n', PRODUCT: b'name: "shop"\ntitle: "Shop"\n'})
    assert unchanged(top) == (0, 0)
    commit(top, {NEW: None})
    assert unchanged(top) == (0, 0)
    assert_sound(top)


def test_it_is_so_in_a_sha256_repository_and_in_a_linked_work_tree(tmp_path):
    top = make(tmp_path / "c", None, "--object-format=sha256")
    sh(top, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    for place in (top, tmp_path / "side"):
        append(place, b"- 1")
        assert unchanged(place) == (0, 0)
        assert_sound(place)


def test_an_edit_right_after_a_write_is_seen(tmp_path):
    top = make(tmp_path / "c")
    append(top, b"- 1")
    data = (top / LOG).read_bytes()
    (top / LOG).write_bytes(data.replace(b"1", b"2"))
    assert unchanged(top) == (1, 1)
    assert status(top) == f" M {LOG}\n"


def test_an_edit_that_was_there_before_stays_visible(tmp_path):
    top = make(tmp_path / "c")
    (top / PRODUCT).write_bytes(b'name: "mine"\n')
    append(top, b"- 1")
    assert unchanged(top) == (1, 1)
    assert status(top) == f" M {PRODUCT}\n"


def test_an_index_that_git_has_locked_is_left_alone_with_its_lock(tmp_path):
    top = make(tmp_path / "c")
    index, lock = top / ".git" / "index", top / ".git" / "index.lock"
    lock.write_bytes(b"git's own")
    before = index.read_bytes()
    blob = sh(top, "rev-parse", f"HEAD:{LOG}").strip()
    store_stats(top, top / ".git", {LOG: blob})
    assert (index.read_bytes(), lock.read_bytes()) == (before, b"git's own")
    release_index(top / ".git")
    assert lock.exists()
    assert sorted(path.name for path in (top / ".git").glob("versioner-*")) == []


def test_the_lock_that_a_killed_process_of_this_tool_left_is_released(tmp_path):
    top = make(tmp_path / "c")
    git_dir = top / ".git"
    (git_dir / "versioner-index").write_bytes(b"half")
    os.link(git_dir / "versioner-index", git_dir / "index.lock")
    release_index(git_dir)
    assert not (git_dir / "index.lock").exists()
    append(top, b"- 1")
    assert unchanged(top) == (0, 0)
    assert_sound(top)


def test_a_split_index_stays_sound(tmp_path):
    top = make(tmp_path / "c")
    sh(top, "config", "core.splitIndex", "true")
    sh(top, "update-index", "--force-write-index")
    append(top, b"- 1")
    commit(top, {NEW: b'name: "new"\n', PRODUCT: None})
    assert_sound(top)


@pytest.mark.parametrize(
    ("path", "is_safe"),
    [
        *(("registry/products/a-b/deployments/2025-01.yaml", True), ("a.b/c_d", True)),
        *((".gitattributes", True), ("A/README.md", True), ("é/ö.yaml", True), ("a.b.c", True)),
        *(("", False), ("a//b", False), ("a/../b", False), ("./a", False), ("a/.git/b", False)),
        *((".GIT", False), (".git. ", False), ("GIT~1/a", False), ("a\\b", False), ("c:a", False)),
        *(("a.", False), ("a ", False), ("a\nb", False), ("a.b\x01", False), ("-.", False)),
    ],
)
def test_a_path_is_safe_where_no_system_reads_it_as_another(path: str, is_safe: bool) -> None:
    assert is_safe_path(path) == is_safe
