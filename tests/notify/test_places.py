"""The same notifications from a clone, a bare repository, a URL, a server's mirror and a server."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.local_registry import NOW, Desk
from tests.notify.conftest import CHANNEL, configure, context_for
from versioner.editing.rules import freeze
from versioner.git.repository import open_repository
from versioner.notify.place import Mirror, open_place
from versioner.notify.run import _Run, notify
from versioner.remote.client import RemoteClient, create_bare
from versioner.remote.notified import notified_tip
from versioner.remote.url import Remote

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notify.receivers import Receiver
    from versioner.notify.place import Target

ONLY = CHANNEL.replace("}", ", events: [deployment.completed]}")


@pytest.fixture
def bare(desk: Desk, tmp_path: Path) -> Path:
    configure(desk, ONLY)
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(desk.top), str(bare)], check=True)
    desk.git("remote", "add", "origin", str(bare))
    return bare


def mirror_of(bare: Path, folder: Path) -> Mirror:
    remote = Remote(f"file://{bare}")
    folder.mkdir(exist_ok=True)
    create_bare(folder, remote.url, "sha1")
    client = RemoteClient(remote, folder)
    client.fetch(["origin", "+refs/heads/main:refs/heads/main"])
    (folder / "HEAD").write_text("ref: refs/heads/main\n", "utf-8")
    return Mirror(open_repository(folder), client)


def test_every_place_goes_on_where_another_one_stopped(
    desk: Desk, bare: Path, tmp_path: Path, variables: dict[str, str], receiver: Receiver
) -> None:
    context = context_for(variables)
    assert notify(open_repository(bare), context).is_first
    sent = []
    for number in range(2):
        desk.record(version=f"3.{number}", event_id=f"e-{number}")
        desk.git("push", "-q", "origin", "HEAD")
        places: list[Target] = [
            Remote(f"file://{bare}"),
            mirror_of(bare, tmp_path / "mirror.git"),
            open_repository(bare),
        ]
        found = [notify(places[(number + each) % 3], context).sent for each in range(3)]
        sent += [[each.notice.key for each in some] for some in found]
    assert sent == [["e-0"], [], [], ["e-1"], [], []]
    assert receiver.keys == ["e-0", "e-1"]


@pytest.mark.parametrize("kind", ["repository", "url", "mirror"])
def test_a_sender_that_is_behind_takes_nothing_for_gone(
    desk: Desk, bare: Path, tmp_path: Path, variables: dict[str, str], kind: str
) -> None:
    """It read the branch, then another sender notified a newer commit."""
    configure(desk, CHANNEL)
    desk.git("push", "-q", "origin", "HEAD")
    context = context_for(variables)
    assert notify(open_repository(bare), context).is_first
    place: Target = open_repository(bare)
    if kind != "repository":
        place = mirror_of(bare, tmp_path / "mirror.git")
    if kind == "url":
        place = Remote(f"file://{bare}")
    with open_place(place) as behind:
        late = _Run(behind, context)
        desk.record("mail", version="1", event_id="m-1")
        desk.git("push", "-q", "origin", "HEAD")
        assert len(notify(open_repository(bare), context).sent) == 2
        assert late.run(None).sent == []
    assert notify(open_repository(bare), context).sent == []


def test_a_server_sends_after_each_commit_and_after_each_refusal(
    desk: Desk, bare: Path, tmp_path: Path, variables: dict[str, str], receiver: Receiver
) -> None:
    pytest.importorskip("fastapi")
    from versioner.recording.context import EventDraft
    from versioner.recording.preflight import Refused
    from versioner.server.notifications import notifications_of
    from versioner.server.reader import RegistryReader
    from versioner.server.settings import Clock, ServerSettings
    from versioner.server.writer import RegistryWriter

    configure(desk, ONLY.replace("]", ", deployment.preflight_failed]"))
    freeze(desk.repository, "staging", until="2026-12-01T00:00:00Z", reason="ice", now=NOW)
    desk.git("push", "-q", "origin", "HEAD")
    clock = Clock(
        lambda: NOW,
        lambda: (time.time_ns() // 1_000_000, os.urandom(10)),
        time.monotonic,
        os.urandom,
    )
    settings = ServerSettings(bare, tmp_path / "state", clock, variables=variables)
    assert "secret" not in repr(settings)
    reader = RegistryReader(settings)
    reader.open()
    writer = RegistryWriter(reader.repository(), now=clock.now, entropy=clock.entropy)
    writer.subscribe(lambda _: reader.announce())
    notifications = notifications_of(settings, reader, writer)
    notifications.wrote()
    try:
        until = time.monotonic() + 20
        while not notified_tip(reader.repository()):
            assert time.monotonic() < until
            time.sleep(0.02)
        fields = {"at": NOW, "environment": "staging", "version": "4", "status": "completed"}
        writer.record_event(EventDraft("deployment", "shop", fields, "served"))
        while receiver.keys != ["served"]:
            assert time.monotonic() < until
            time.sleep(0.02)
        started = {**fields, "version": "5", "status": "started"}
        with pytest.raises(Refused):
            writer.record_event(EventDraft("deployment", "shop", started, "no"))
        while len(receiver.keys) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        writer.close()
        notifications.close()
    sent = receiver.accepted[-1].json
    assert (sent["event_type"], sent["preflight_status"], sent["is_successful"]) == (
        "deployment.preflight_failed",
        "failed",
        False,
    )
    assert (sent["product_name"], sent["environment"], sent["version"]) == ("shop", "staging", "5")
