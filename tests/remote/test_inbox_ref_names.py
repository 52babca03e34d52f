"""An event that is handed over is a commit of its own, on a ref that nobody else writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.clones import sh
from versioner.remote.inbox_refs import EVENT, INBOX, REFUSAL, inbox_ref, store_commit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("key", ["a", "01a205a8bdc733637d161c998daf44be", "run-5_x", "a" * 128])
def test_an_id_that_may_be_part_of_a_refs_name_is_it(key: str) -> None:
    assert inbox_ref("user-service", key) == f"{INBOX}user-service/{key}"


@pytest.mark.parametrize(
    "key",
    [
        "",
        ".",
        "..",
        "a.lock",
        "a/b",
        "a b",
        "-x",
        "_x",
        "a\n",
        "ä",
        "a" * 129,
        "HEAD",
        "@{0}",
        "~1",
    ],
)
def test_any_other_id_is_hashed_into_one_that_git_takes(tmp_path: Path, key: str) -> None:
    ref = inbox_ref("user-service", key)
    part = ref.removeprefix(f"{INBOX}user-service/")
    assert len(part) == 32
    assert set(part) <= set("0123456789abcdef")
    sh(tmp_path, "check-ref-format", ref)


def test_ids_that_differ_only_in_case_are_two_refs_anywhere() -> None:
    one, two, three = (inbox_ref("shop", key) for key in ("abc", "ABC", "aBC"))
    assert len({each.lower() for each in (one, two, three)}) == 3


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_a_commit_is_what_git_itself_would_make(tmp_path: Path, form: str) -> None:
    top = tmp_path / "bare.git"
    sh(tmp_path, "init", "-q", "--bare", f"--object-format={form}", str(top))
    files = {REFUSAL: b"{}\n", EVENT: '{"a": "é"}\n'.encode()}
    first = store_commit(top, files, "Hand over ü", 1_800_000_000, object_format=form)
    again = store_commit(top, files, "Hand over ü", 1_800_000_000, object_format=form)
    assert first == again
    child = store_commit(top, files, "Refuse", 1_800_000_001, parent=first, object_format=form)
    sh(top, "update-ref", "refs/versioner/refused/shop/a", child)
    assert sh(top, "fsck", "--strict") == ""
    assert sh(top, "ls-tree", "--name-only", first).split() == [EVENT, REFUSAL]
    assert (
        sh(top, "show", "-s", "--format=%s|%ct|%P", child).strip() == f"Refuse|1800000001|{first}"
    )
    assert sh(top, "cat-file", "blob", f"{first}:{EVENT}") == '{"a": "é"}\n'
