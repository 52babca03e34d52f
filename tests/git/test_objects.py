from __future__ import annotations

import shutil
from hashlib import sha1
from pathlib import Path

import pytest

from tests.fixtures.clones import LOG, PRODUCT, at_tip, make, sh
from versioner.errors import GitFailure, NotFound, OperationFailed
from versioner.git.object_format import (
    TreeEntry,
    hash_object,
    hash_tree,
    parse_tree,
    tree_bytes,
)
from versioner.git.objects import ObjectReader, find_commit, list_tree, read_blobs
from versioner.git.repository import open_repository


def test_blobs_are_read_and_what_is_absent_is_none(tmp_path):
    repo = open_repository(make(tmp_path / "c"))
    absent = ["registry/none.yaml", "registry/no/such/folder.yaml"]
    found = read_blobs(repo, repo.tip, [PRODUCT, *absent, LOG])
    assert found == {PRODUCT: b'name: "shop"\n', LOG: b"# log\n"} | dict.fromkeys(absent)


def test_before_the_first_commit_everything_is_absent(tmp_path):
    sh(tmp_path, "init", "-q")
    repo = open_repository(tmp_path)
    assert read_blobs(repo, None, [PRODUCT]) == {PRODUCT: None}
    assert list_tree(repo, None, "registry/products") == []


def test_a_link_a_folder_or_a_file_as_folder_in_the_commit_is_refused_by_name(tmp_path):
    top = make(tmp_path / "c", {"registry/file": b"x\n", "registry/d/x": b"x\n"})
    (top / "registry" / "link").symlink_to("/etc/passwd")
    (top / "registry" / "dir").symlink_to("d")
    sh(top, "add", "-A")
    sh(top, "commit", "-q", "-m", "links")
    repo = open_repository(top)
    for path, reason in (
        ("registry/link", "symbolic link"),
        ("registry/d", "a directory"),
        ("registry/file/x", "registry/file is not a directory"),
        ("registry/dir/x", "registry/dir is not a directory"),
    ):
        with pytest.raises(OperationFailed, match=reason):
            read_blobs(repo, repo.tip, [path])


def test_names_in_a_directory_are_listed(tmp_path):
    repo = open_repository(make(tmp_path / "c"))
    assert list_tree(repo, repo.tip, "registry/products/shop") == ["deployments", "product.yaml"]
    assert list_tree(repo, repo.tip, "registry/none") == []


@pytest.mark.parametrize("lost", [f"HEAD:{LOG}", "HEAD:registry/products", "HEAD^{tree}"])
def test_a_lost_object_is_an_error_and_never_reads_as_absent(tmp_path, lost):
    top = make(tmp_path / "c")
    name = sh(top, "rev-parse", lost).strip()
    (top / ".git/objects" / name[:2] / name[2:]).unlink()
    repo = open_repository(top)
    with pytest.raises(GitFailure, match="does not have the object") as caught:
        read_blobs(repo, repo.tip, [LOG])
    assert "fsck" in caught.value.hint


def test_a_partial_clone_is_an_error_with_a_hint_and_fetches_nothing(tmp_path):
    top = make(tmp_path / "c")
    sh(top, "config", "uploadpack.allowFilter", "true")
    sh(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{top}", "partial")
    repo = open_repository(tmp_path / "partial")
    with pytest.raises(GitFailure) as caught:
        read_blobs(repo, repo.tip, [LOG])
    assert caught.value.hint


def test_many_objects_come_in_the_order_asked(tmp_path):
    files = {f"registry/f{number}": b"%d\n" % number * (number + 1) for number in range(300)}
    top = make(tmp_path / "c", files)
    repo = open_repository(top)
    paths = sorted(files, reverse=True)
    assert list(read_blobs(repo, repo.tip, paths).items()) == [(p, files[p]) for p in paths]


def test_a_name_with_a_line_end_is_refused(tmp_path):
    repo = open_repository(make(tmp_path / "c"))
    reader = ObjectReader(repo.top)
    with pytest.raises(OperationFailed, match="not a legal name"):
        reader.find_one("HEAD:a\nb")
    reader.close()


def test_a_vanished_repository_is_an_error_with_a_reason(tmp_path):
    top = make(tmp_path / "c")
    repo = open_repository(top)
    shutil.rmtree(top / ".git")
    with pytest.raises(GitFailure, match="not a git repository"):
        read_blobs(repo, repo.tip, [LOG])


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_ids_are_the_ones_git_gives(tmp_path, form):
    files = {"a.yaml": b"1\n", "a/x": b"2\n", "a-b": b"3\n", "ä/ö": b"", "z": b"5\r\n"}
    top = make(tmp_path / "c", files, f"--object-format={form}")
    (top / "z").chmod(0o755)
    sh(top, "commit", "-q", "-a", "-m", "mode")
    entries = {path: TreeEntry(0o100644, hash_object("blob", d, form)) for path, d in files.items()}
    entries["z"] = entries["z"]._replace(mode=0o100755)
    assert hash_tree(entries, form) == sh(top, "rev-parse", "HEAD^{tree}").strip()


def test_a_revision_is_found_in_any_of_gits_spellings(tmp_path):
    top = make(tmp_path / "c")
    sh(top, "tag", "-a", "v1", "-m", "tag")
    repo = open_repository(top)
    for rev in ("HEAD", "main", "v1", repo.tip[:8], "HEAD@{0}", "refs/heads/main"):
        assert find_commit(repo, rev).id == repo.tip


@pytest.mark.parametrize(
    "rev", ["", "none", "--all", "-h", "HEAD~9", "a\nb", " HEAD", "HEAD:", "\0"]
)
def test_what_is_no_revision_is_not_found(tmp_path, rev):
    repo = open_repository(make(tmp_path / "c"))
    with pytest.raises(NotFound, match="no revision"):
        find_commit(repo, rev)


def test_replace_refs_and_grafts_change_nothing(tmp_path):
    top = make(tmp_path / "c")
    real = sh(top, "rev-parse", f"HEAD:{LOG}").strip()
    false = sh(top, "hash-object", "-w", "--stdin", input="false\n").strip()
    sh(top, "replace", real, false)
    repo = open_repository(top)
    assert at_tip(Path(top), LOG) == b"false\n"
    assert read_blobs(repo, repo.tip, [LOG]) == {LOG: b"# log\n"}


def test_a_long_tree_is_read_like_a_short_one() -> None:
    names = ["a\nb", "\udce9", "é", "40000 x", *(f"product-{number}" for number in range(400))]
    modes = (0o100644, 0o40000, 0o120000, 0o160000, 0o100755)
    entries = {
        name: TreeEntry(modes[number % 5], sha1(name.encode("utf-8", "replace")).hexdigest())
        for number, name in enumerate(names)
    }
    # Ids with the bytes that separate the parts of an entry.
    entries["odd"] = TreeEntry(0o100644, (b"100644 a\0" + b"\n40000 b\0\0\0").hex())
    assert parse_tree(tree_bytes(entries), 20) == entries
    for name, entry in entries.items():
        assert parse_tree(tree_bytes({name: entry}), 20) == {name: entry}
