"""Record and deliver: one event, one commit, whoever else writes at the time."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.local_registry import NOW, Desk
from tests.forked import put_script
from versioner.errors import InvalidInput
from versioner.git.process import RefChanged
from versioner.recording.context import EventDraft
from versioner.recording.local import record_in_clone
from versioner.recording.record import record_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

FIELDS = {"at": NOW, "environment": "staging", "version": "5.0", "status": "completed"}


def entropy_that(acts: Callable[[], object], times: int) -> Callable[[], tuple[int, bytes]]:
    """Return a source of ids that does something at its first calls, after the tip was read."""
    calls = []

    def entropy() -> tuple[int, bytes]:
        calls.append(1)
        if len(calls) <= times:
            acts()
        return len(calls), b"0123456789"

    return entropy


def record_while(desk: Desk, entropy: Callable[[], tuple[int, bytes]]):
    draft = EventDraft("deployment", "shop", dict(FIELDS))
    return record_in_clone(desk.repository, draft, now=NOW, entropy=entropy)


def test_a_branch_that_a_user_moved_meanwhile_is_read_again(desk: Desk) -> None:
    def commit() -> None:
        desk.git("commit", "-q", "--allow-empty", "-m", "Mine")

    recorded = record_while(desk, entropy_that(commit, 2))
    assert recorded.commit == desk.git("rev-parse", "HEAD")
    subjects = desk.git("log", "-3", "--format=%s").splitlines()
    assert subjects == [
        "Record deployment of shop 5.0 to staging (completed)",
        "Mine",
        "Mine",
    ]
    assert desk.ids("shop").count(recorded.event["id"]) == 1
    desk.assert_sound()


def test_a_branch_that_never_stands_still_is_given_up_on(desk: Desk) -> None:
    def commit() -> None:
        desk.git("commit", "-q", "--allow-empty", "-m", "Mine")

    with pytest.raises(RefChanged):
        record_while(desk, entropy_that(commit, 99))
    assert desk.ids("shop") == ["s-1", "s-2", "s-3"]
    desk.assert_sound()


def test_processes_at_once_lose_no_event(desk: Desk, tmp_path: Path) -> None:
    line = [put_script(tmp_path, os.environ), "track", "deployment", "--repo", str(desk.top)]
    line += ["--product", "busy", "--environment", "staging", "--version"]
    running = [subprocess.Popen([*line, f"1.{number}"], stdout=-3) for number in range(6)]
    assert [process.wait() for process in running] == [0] * 6
    events = desk.registry.products["busy"].deployment_events
    assert sorted(event["version"] for event in events) == [f"1.{number}" for number in range(6)]
    desk.assert_sound()


def test_it_works_in_a_bare_repository(desk: Desk, tmp_path: Path) -> None:
    bare = Desk(tmp_path / "bare.git")
    subprocess.run(["git", "clone", "-q", "--bare", str(desk.top), str(bare.top)], check=True)
    recorded = bare.record("shop", "5.0")
    assert bare.ids("shop")[-1] == recorded.event["id"]
    assert bare.git("fsck", "--strict") == ""


def test_it_works_in_a_linked_work_tree(desk: Desk, tmp_path: Path) -> None:
    desk.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Desk(tmp_path / "side")
    side.record("shop", "5.0")
    assert side.git("status", "--porcelain") == ""
    assert "5.0" in (side.top / "registry/products/shop/deployments/2026-11.yaml").read_text()
    assert desk.ids("shop") == ["s-1", "s-2", "s-3"]


def test_the_log_of_a_month_is_begun_and_later_only_grows(desk: Desk) -> None:
    path = desk.top / "registry/products/shop/versions/2026-12.yaml"
    assert not path.exists()
    draft = EventDraft(
        "build", "shop", {"at": "2026-12-01T00:00:00Z", "version": "6", "status": "failed"}
    )
    for number in range(2):
        record_event(
            desk.repository, draft, now=NOW, entropy=lambda number=number: (number, b"0123456789")
        )
        if number == 0:
            first = path.read_text()
    assert first.startswith("#")
    assert path.read_text().startswith(first)
    assert len(path.read_text().splitlines()) == len(first.splitlines()) + 1
    desk.assert_sound()


def test_a_detected_name_is_turned_into_a_legal_one(desk: Desk) -> None:
    draft = EventDraft("deployment", "My_Repo", dict(FIELDS), "x-1", detected=True)
    recorded = record_event(desk.repository, draft, now=NOW, entropy=lambda: (1, b"0123456789"))
    assert recorded.product == "my-repo"
    desk.assert_sound()


@pytest.mark.parametrize("key", ["deployed_by", "version", "scm_branch", "extra_metadata"])
def test_a_secret_in_what_ci_says_is_refused_too(desk: Desk, key: str) -> None:
    secret = "AKIA" + "ABCDEFGHIJKLMNOP"
    value = {"nested": [{"deep": secret}]} if key == "extra_metadata" else secret
    draft = EventDraft("deployment", "shop", FIELDS | {key: value}, "x-1")
    with pytest.raises(InvalidInput, match="looks like a secret") as caught:
        record_event(desk.repository, draft, now=NOW, entropy=lambda: (1, b"0123456789"))
    assert caught.value.field.startswith(key)
    assert secret not in str(caught.value) + caught.value.hint


def test_where_git_knows_nobody_the_registrys_identity_commits(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = desk.top / "registry/registry.yaml"
    who = 'commit: {name: "Registry Bot", email: "bot@example.test"}\n'
    config.write_text(config.read_text() + who)
    desk.git("commit", "-qam", "Configure")
    (tmp_path / "empty").write_text("")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "empty"))
    desk.record("shop", "5.0")
    assert desk.git("show", "-s", "--format=%an <%ae>") == "Registry Bot <bot@example.test>"


def test_a_configuration_with_errors_stops_the_writer(desk: Desk) -> None:
    config = desk.top / "registry/registry.yaml"
    config.write_text(config.read_text() + "people: some\n")
    desk.git("commit", "-qam", "Break")
    from versioner.errors import Blocked

    with pytest.raises(Blocked, match=r"registry\.yaml:\d+:9"):
        desk.record("shop", "5.0")
