"""Which way an event goes: as the caller says, else as registry.yaml says, else as is best."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.clones import sh
from tests.fixtures.local_registry import NOW
from tests.fixtures.remotes import LIMITED, bare_remote, remote_to
from versioner.delivery.direct import Destination, record_remotely
from versioner.errors import VersionerError
from versioner.recording.context import EventDraft
from versioner.remote.filters import FILTERS
from versioner.remote.memory import recall_filter, remember_filter
from versioner.remote.url import Remote

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.delivery.direct import Via
    from versioner.recording.record import RecordResult

pytestmark = pytest.mark.slow


def entropy() -> tuple[int, bytes]:
    return 1, os.urandom(10)


def told(bare: Path, via: str) -> None:
    """Let the registry's own configuration name a way, in a commit on its branch."""
    work = bare.parent / "work"
    sh(bare, "clone", "-q", str(bare), str(work))
    (work / "registry/registry.yaml").write_text(f"schema_version: 1\nvia: {via}\n", "utf-8")
    sh(work, "commit", "-qam", "Say the way")
    sh(work, "push", "-q")


def record(remote: Remote, version: str, via: Via = "") -> RecordResult:
    fields = {"at": NOW, "environment": "production", "version": version, "status": "completed"}
    drafts = [EventDraft("deployment", "shop", fields)]
    (result,) = record_remotely(Destination(remote, via=via), drafts, now=NOW, entropy=entropy)
    assert not isinstance(result, VersionerError), result
    return result


def test_the_registry_sends_events_by_its_inbox_unless_the_caller_says_otherwise(
    tmp_path: Path,
) -> None:
    bare = bare_remote(tmp_path)
    told(bare, "inbox")
    assert record(remote_to(bare), "1.0").received.startswith("refs/versioner/inbox/shop/")
    # What the caller says goes first; what waits of the product is taken along.
    assert not record(remote_to(bare), "1.1", "auto").received
    assert not record(remote_to(bare), "1.2", "direct").received
    assert not sh(bare, "for-each-ref", "refs/versioner/")
    log = sh(bare, "show", "main:registry/products/shop/deployments/2026-11.yaml")
    assert [f'version: "1.{minor}"' in log for minor in range(3)] == [True] * 3


def test_where_the_registry_says_direct_the_inbox_is_no_way_out(tmp_path: Path) -> None:
    bare = bare_remote(tmp_path)
    told(bare, "direct")
    (bare / "hooks/update").write_text('#!/bin/sh\n[ "$1" != refs/heads/main ]\n', "utf-8")
    (bare / "hooks/update").chmod(0o755)
    with pytest.raises(AssertionError, match="hook"):
        record(remote_to(bare), "1.0")
    assert not sh(bare, "for-each-ref", "refs/versioner/")
    assert record(remote_to(bare), "1.0", "auto").received


def test_what_a_remote_refuses_is_remembered_for_a_week(tmp_path: Path) -> None:
    bare = bare_remote(tmp_path, LIMITED)
    now = tmp_path / "now"
    now.touch()
    remote = remote_to(bare)._replace(memory=tmp_path / "memory" / "remotes")
    assert recall_filter(remote, now) == FILTERS[0]
    record(remote, "1.0")
    assert recall_filter(remote, now) == "tree:0"
    record(remote, "1.1")
    os.utime(now, (now.stat().st_mtime + 8 * 86_400,) * 2)
    assert recall_filter(remote, now) == FILTERS[0]


def test_a_memory_that_says_nothing_of_sense_is_passed_over(tmp_path: Path) -> None:
    now = tmp_path / "now"
    now.touch()
    remote = Remote("https://git.example.com/r.git", memory=tmp_path / "memory")
    remember_filter(remote, "blob:none")
    (kept,) = (tmp_path / "memory").iterdir()
    assert recall_filter(remote, now) == "blob:none"
    for nonsense in (b"", b"x", b"99", b"\xff\xfe"):
        kept.write_bytes(nonsense)
        assert recall_filter(remote, now) == FILTERS[0]
    remember_filter(remote, FILTERS[0])
    assert not list((tmp_path / "memory").iterdir())
    # Where there is no room for it, nothing is remembered, and nothing is said.
    (tmp_path / "file").touch()
    remember_filter(remote._replace(memory=tmp_path / "file"), "tree:0")
