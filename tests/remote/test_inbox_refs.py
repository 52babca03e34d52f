"""What waits and what was refused, read from a repository's own refs, which anyone may write."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.clones import make, sh
from versioner.git.repository import open_repository
from versioner.remote.inbox_refs import count_inbox, read_inbox, refused_events, waiting_events

if TYPE_CHECKING:
    from pathlib import Path

SUBMISSION = {"format": 1, "kind": "deployment", "product": "shop", "event": {"version": "1.0"}}
REFUSAL = {"code": 5, "message": "shop was deleted", "hint": "restore it", "at": "2026-11-22"}


def written(top: Path, data: bytes) -> str:
    done = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        cwd=top,
        input=data,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def put(top: Path, ref: str, when: int = 1_790_000_000, **files: bytes) -> str:
    """Point a ref at a commit whose tree holds these files (`event` is `event.json`)."""
    lines = [f"100644 blob {written(top, data)}\t{name}.json" for name, data in files.items()]
    tree = sh(top, "mktree", input="".join(f"{line}\n" for line in lines)).strip()
    text = f"tree {tree}\nauthor a <a> {when} +0000\ncommitter a <a> {when} +0000\n\nReceive\n"
    commit = sh(top, "hash-object", "-w", "-t", "commit", "--stdin", "--literally", input=text)
    sh(top, "update-ref", ref, commit.strip())
    return commit.strip()


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return make(tmp_path / "clone")


def test_a_repository_without_such_refs_has_nothing_waiting(top):
    assert read_inbox(open_repository(top)) == ((), 0, (), 0, ())


def test_what_waits_and_what_was_refused_are_told_with_what_they_say(top):
    commit = put(top, "refs/versioner/inbox/shop/01a2", event=as_json(SUBMISSION))
    other = put(
        top, "refs/versioner/refused/gone/9f", event=as_json(SUBMISSION), refusal=as_json(REFUSAL)
    )
    repo = open_repository(top)
    at = "2026-09-21T14:13:20Z"
    assert waiting_events(repo) == [
        ("refs/versioner/inbox/shop/01a2", commit, "shop", "01a2", at, SUBMISSION)
    ]
    assert refused_events(repo) == [
        ("refs/versioner/refused/gone/9f", other, "gone", "9f", at, SUBMISSION, REFUSAL)
    ]


def test_a_bare_repository_tells_the_same(top, tmp_path):
    put(top, "refs/versioner/inbox/shop/01a2", event=as_json(SUBMISSION))
    bare = tmp_path / "bare.git"
    sh(tmp_path, "clone", "-q", "--mirror", str(top), str(bare))
    assert waiting_events(open_repository(bare)) == waiting_events(open_repository(top))


def test_the_oldest_waits_first_and_the_latest_refusal_is_told_first(top):
    for number, when in enumerate((1_790_000_300, 1_790_000_100, 1_790_000_200)):
        put(top, f"refs/versioner/inbox/shop/k{number}", when, event=as_json(SUBMISSION))
        put(top, f"refs/versioner/refused/shop/k{number}", when, event=as_json(SUBMISSION))
    repo = open_repository(top)
    assert [each.key for each in waiting_events(repo)] == ["k1", "k2", "k0"]
    assert [each.key for each in refused_events(repo)] == ["k0", "k2", "k1"]


def test_what_is_beyond_the_limit_is_counted(top, scale):
    number = scale(7, 1000)
    commit = put(top, "refs/versioner/inbox/shop/first", event=as_json(SUBMISSION))
    lines = [f"create refs/versioner/inbox/shop/k{i} {commit}\n" for i in range(number)]
    sh(top, "update-ref", "--stdin", input="".join(lines))
    found = read_inbox(open_repository(top), limit=5)
    assert (len(found.waiting), found.more_waiting) == (5, number + 1 - 5)
    assert all(each.submission == SUBMISSION for each in found.waiting)


HOSTILE = {
    "no JSON": b"{",
    "nothing": b"",
    "not UTF-8": b'{"a": "\xff"}',
    "a list": b"[]",
    "a text": b'"shop"',
    "no number": b'{"a": NaN}',
    "a number of 10,000 digits": b'{"a": ' + b"9" * 10_000 + b"}",
    "half a character": b'{"a": "\\ud800"}',
    "a deep one": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep within the limit of size": b'{"a":' * 30_000 + b"1" + b"}" * 30_000,
    "a huge one": b'{"a": "' + b"x" * 3_000_000 + b'"}',
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_cannot_be_read_is_told_by_its_ref_alone(top, data):
    put(top, "refs/versioner/inbox/shop/bad", event=data)
    put(top, "refs/versioner/inbox/shop/good", event=as_json(SUBMISSION))
    put(top, "refs/versioner/refused/shop/bad", event=as_json(SUBMISSION), refusal=data)
    found = read_inbox(open_repository(top))
    assert {each.key: each.submission for each in found.waiting} == {
        "bad": None,
        "good": SUBMISSION,
    }
    assert [(each.submission, each.refusal) for each in found.refused] == [(SUBMISSION, None)]


def test_what_is_no_commit_or_lacks_its_file_is_told_by_its_ref_alone(top):
    blob = written(top, b"{}")
    sh(top, "update-ref", "refs/versioner/inbox/shop/blob", blob)
    put(top, "refs/versioner/inbox/shop/empty")
    put(top, "refs/versioner/inbox/single", event=as_json(SUBMISSION))
    put(top, "refs/versioner/inbox/a/b/deep", 99**9, event=as_json(SUBMISSION))
    (link,) = (written(top, b"../../../../etc/passwd"),)
    tree = sh(top, "mktree", input=f"120000 blob {link}\tevent.json\n").strip()
    commit = sh(top, "commit-tree", "-m", "Link", tree).strip()
    sh(top, "update-ref", "refs/versioner/inbox/shop/link", commit)
    found = {(each.product, each.key): each for each in waiting_events(open_repository(top))}
    assert {name: each.submission for name, each in found.items()} == {
        ("shop", "blob"): None,
        ("shop", "empty"): None,
        ("shop", "link"): None,
        ("", "single"): SUBMISSION,
        ("a/b", "deep"): SUBMISSION,
    }
    assert (found["shop", "blob"].at, found["a/b", "deep"].at) == ("", "")


def test_a_ref_whose_objects_are_not_there_hides_no_other(top):
    put(top, "refs/versioner/inbox/shop/good", event=as_json(SUBMISSION))
    lost = put(top, "refs/versioner/inbox/shop/lost", event=as_json({**SUBMISSION, "x": 1}))
    (top / ".git/objects" / lost[:2] / lost[2:]).unlink()
    found = {each.key: each.submission for each in waiting_events(open_repository(top))}
    assert found == {"good": SUBMISSION, "lost": None}


def test_both_kinds_are_counted_wherever_git_keeps_its_refs(top):
    repo = open_repository(top)
    assert count_inbox(repo) == (0, 0)
    put(top, "refs/versioner/inbox/shop/a", event=b"{}")
    put(top, "refs/versioner/inbox/shop/b", event=b"{}")
    put(top, "refs/versioner/refused/shop/c", event=b"{}")
    assert count_inbox(repo) == (2, 1)
    sh(top, "pack-refs", "--all", "--prune")
    assert count_inbox(repo) == (2, 1)
    for name in ("inbox/shop/a", "inbox/shop/b", "refused/shop/c"):
        sh(top, "update-ref", "-d", f"refs/versioner/{name}")
    assert count_inbox(repo) == (0, 0)


def test_without_such_refs_no_git_is_started(top, monkeypatch):
    sh(top, "pack-refs", "--all", "--prune")
    repo = open_repository(top)
    monkeypatch.setenv("PATH", "/nowhere")
    assert count_inbox(repo) == (0, 0)
