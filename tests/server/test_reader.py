"""The registry that the server reads: at a folder, and at a remote by a mirror."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixtures.bare_registry import Post, copy_of
from tests.fixtures.local_registry import Desk, make_registry
from tests.server.conftest import clock_at
from versioner.errors import OperationFailed, UsageFault
from versioner.remote.url import Remote
from versioner.server.reader import RegistryReader
from versioner.server.settings import ServerSettings

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(post: Post, tmp_path: Path) -> ServerSettings:
    return ServerSettings(post.path, tmp_path / "state", clock_at(), refresh_seconds=0.1)


@pytest.fixture
def remotely(settings: ServerSettings, post: Post) -> ServerSettings:
    return replace(settings, location=Remote(f"file://{post.path}"))


def opened(settings: ServerSettings) -> RegistryReader:
    reader = RegistryReader(settings)
    reader.open()
    return reader


def versions(reader: RegistryReader) -> set[str]:
    with reader.index(["shop"]) as index:
        return {event["version"] for event in index.product("shop").deployment_events}


def wait_for(reader: RegistryReader, commit: str) -> bool:
    event = threading.Event()
    reader.on_move(event.set)
    if reader.tip != commit:
        event.wait(10)
    return reader.tip == commit


def test_a_commit_in_a_folder_is_seen_at_once(settings: ServerSettings, post: Post) -> None:
    reader = opened(settings)
    assert versions(reader) == {"1.0", "1.1", "1.2"}
    Desk(post.path).record(version="9.0")
    assert "9.0" in versions(reader)


def test_the_index_of_a_snapshot_is_of_its_files_also_when_the_tip_has_moved(
    settings: ServerSettings, post: Post
) -> None:
    reader = opened(settings)
    before = reader.snapshot()
    Desk(post.path).record(version="9.0")
    with reader.index(["shop"], at=before) as index:
        assert "9.0" not in [each["version"] for each in index.product("shop").deployment_events]
    assert "9.0" in versions(reader)


def test_only_what_is_committed_is_read_of_a_clone(
    settings: ServerSettings, template: Path, tmp_path: Path
) -> None:
    subprocess.run(["git", "clone", "-q", str(template), str(tmp_path / "clone")], check=True)
    desk = Desk(tmp_path / "clone")
    reader = opened(replace(settings, location=desk.top))
    desk.path("shop").write_text("spoilt: [")
    with reader.index() as index:
        assert index.registry().problems == []
    desk.git("checkout", "-q", "-b", "other")
    assert reader.tip == desk.git("rev-parse", "HEAD")


def test_another_branch_is_read_where_it_is_named(settings: ServerSettings, post: Post) -> None:
    post.git("branch", "live", "HEAD")
    reader = opened(replace(settings, branch="live"))
    before = reader.tip
    Desk(post.path).record(version="9.0")
    assert reader.tip == before
    assert "9.0" not in versions(reader)


def test_the_commits_of_others_at_a_remote_are_seen_within_seconds(
    remotely: ServerSettings, post: Post
) -> None:
    reader = opened(remotely)
    assert versions(reader) == {"1.0", "1.1", "1.2"}
    reader.start()
    try:
        Desk(post.path).record(version="9.0")
        assert wait_for(reader, post.git("rev-parse", "HEAD"))
        assert "9.0" in versions(reader)
    finally:
        reader.stop()


def test_the_next_reader_sees_what_this_server_pushed(remotely, post: Post) -> None:
    reader = opened(remotely)
    Desk(post.path).record(version="9.0")
    assert "9.0" not in versions(reader)
    reader.announce()
    assert "9.0" in versions(reader)


def test_a_mirror_is_used_again_after_a_restart_and_is_private(remotely, post: Post) -> None:
    first = opened(remotely)
    folder = first.repository().git_dir
    before = set((folder / "objects").rglob("*"))
    Desk(post.path).record(version="9.0")
    second = opened(remotely)
    assert second.repository().git_dir == folder
    assert "9.0" in versions(second)
    assert before < set((folder / "objects").rglob("*"))
    if os.name == "posix":
        assert folder.stat().st_mode & 0o077 == 0


def test_a_rewritten_branch_and_a_deleted_inbox_ref_are_followed(remotely, post: Post) -> None:
    post.put("shop/k1", b"{}")
    reader = opened(remotely)
    mirror = reader.repository().git_dir

    def inbox() -> str:
        listed = ["git", "for-each-ref", "refs/versioner"]
        return subprocess.run(listed, cwd=mirror, capture_output=True, text=True).stdout

    assert "inbox/shop/k1" in inbox()
    post.git("update-ref", "-d", "refs/versioner/inbox/shop/k1")
    post.git("update-ref", "HEAD", "HEAD~1")
    assert reader.refresh()
    assert reader.tip == post.git("rev-parse", "HEAD")
    assert "1.2" not in versions(reader)
    assert inbox() == ""


def test_a_remote_that_is_away_leaves_the_last_state_and_is_told(remotely, post: Post) -> None:
    reader = opened(remotely)
    away = post.path.with_name("away.git")
    post.path.rename(away)
    reader.start()
    try:
        for _ in range(200):
            if reader.is_behind:
                break
            time.sleep(0.05)
        assert reader.is_behind
        assert versions(reader) == {"1.0", "1.1", "1.2"}
        away.rename(post.path)
        for _ in range(200):
            if not reader.is_behind:
                break
            time.sleep(0.05)
        assert not reader.is_behind
    finally:
        reader.stop()


def test_a_sha256_remote_is_mirrored(settings: ServerSettings, tmp_path: Path) -> None:
    top = tmp_path / "sha256"
    subprocess.run(["git", "init", "-q", "--object-format=sha256", str(top)], check=True)
    make_registry(top)
    reader = opened(replace(settings, location=Remote(f"file://{top}")))
    assert len(reader.tip) == 64
    assert versions(reader) == {"1.0", "1.1", "1.2"}


def test_what_is_no_registry_is_refused_at_the_start(settings, post: Post, tmp_path) -> None:
    with pytest.raises(UsageFault, match="no registry"):
        opened(replace(settings, branch="no-such"))
    with pytest.raises(OperationFailed):
        opened(replace(settings, location=Remote(f"file://{tmp_path}/none.git")))
    with pytest.raises(OperationFailed, match='no branch "no-such"'):
        opened(replace(settings, location=Remote(f"file://{post.path}"), branch="no-such"))
    empty = copy_of(post.path, tmp_path / "empty.git")
    empty.git("update-ref", "-d", "HEAD")
    with pytest.raises(UsageFault):
        opened(replace(settings, location=Remote(f"file://{empty.path}")))
