"""Objects made here are those that git makes: `fast-import` is asked for the same commit."""

from __future__ import annotations

import pytest

from tests.fixtures.clones import LOG, PRODUCT, WHEN, assert_sound, commit, make, sh
from versioner.errors import GitFailure
from versioner.git.commit_objects import MOST_FILES, build_commit, unpack_commit
from versioner.git.fast_import import import_commit
from versioner.git.identity import Committer
from versioner.git.repository import open_repository
from versioner.git.transaction import transaction

JO = Committer(("Jo \xe4", "jo@example.test"), ("versioner", "versioner@localhost"), None)
START = {
    LOG: b"# log\n",
    PRODUCT: b"x\n",
    "registry/products/shop.yaml": b"beside the directory of that name\n",
    "registry/products/shop-two/product.yaml": b"y\n",
    "run.sh": b"#!/bin/sh\n",
}
CHANGES = {
    "an appended line": {LOG: b"# log\n- 1\n"},
    "nothing in it": {LOG: b""},
    "any bytes": {LOG: bytes(range(256)) * 300},
    "a size at which the header of a pack grows": {
        f"size-{size}": b"x" * size for size in (15, 16, 2047, 2048)
    },
    "directories that sort around a file": {
        "registry/products/shop-a/x": b"1",
        "registry/products/shop0/x": b"2",
        "registry/products/shop/z/deep/er": b"3",
        "registry/products/shop.a": b"4",
    },
    "one file gone": {LOG: None},
    "a whole directory gone": {LOG: None, PRODUCT: None},
    "nothing left": dict.fromkeys(START),
    "odd names": {"registry/\xe4 b": b"1", 'registry/"q"': b"2", "registry/\udcff": b"3"},
    "no file at all": {},
}


@pytest.fixture(scope="module", params=["sha1", "sha256"])
def clone(request, tmp_path_factory):
    top = tmp_path_factory.mktemp("unpacking") / "c"
    make(top, START, f"--object-format={request.param}")
    sh(top, "update-index", "--chmod=+x", "run.sh")
    (top / "run.sh").chmod(0o755)
    (top / "link").symlink_to("run.sh")
    sh(top, "add", "link")
    sh(top, "commit", "-q", "-m", "Other kinds of entries")
    return top


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("message", ["Record", "Record \xe4\n\nMore\n"])
def test_a_commit_is_the_one_that_fast_import_makes(clone, what, message):
    with transaction(open_repository(clone)) as repo:
        asked = repo, CHANGES[what], message, JO, 1_795_000_000
        commit_id, tree = unpack_commit(*asked)
        assert sh(clone, "cat-file", "-t", commit_id).strip() == "commit"
        assert (commit_id, tree) == import_commit(*asked)
    sh(clone, "fsck", "--strict", commit_id)


def test_the_first_commit_of_all_is_the_one_that_fast_import_makes(tmp_path):
    sh(tmp_path, "init", "-q")
    with transaction(open_repository(tmp_path)) as repo:
        asked = repo, START, "Start", JO, 0
        assert unpack_commit(*asked) == import_commit(*asked)


@pytest.mark.parametrize(("more", "packs"), [(0, 0), (1, 1)])
def test_many_files_go_into_a_pack_and_few_are_loose(tmp_path, more, packs):
    top = make(tmp_path / "c")
    sh(top, "config", "fastimport.unpackLimit", "1")
    files = {f"registry/{number}.yaml": b"%d" % number for number in range(MOST_FILES + more)}
    commit(top, files, when=WHEN)
    assert len(list((top / ".git/objects/pack").glob("*.pack"))) == packs
    assert_sound(top)


def test_objects_that_git_cannot_store_are_an_error_with_its_reason(tmp_path):
    top = make(tmp_path / "c")
    before = sh(top, "rev-parse", "HEAD")
    # A file where git wants to make each directory of objects: that stops root too.
    with transaction(open_repository(top)) as repo:
        for number in range(256):
            folder = top / ".git/objects" / f"{number:02x}"
            if not folder.exists():
                folder.write_bytes(b"")
        with pytest.raises(GitFailure, match="git unpack-objects failed: "):
            build_commit(repo, {LOG: b"x\n"}, "Record", JO, WHEN)
    assert sh(top, "rev-parse", "HEAD") == before
