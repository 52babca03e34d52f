"""Processes of one host that record at once share their pushes, and none loses its outcome."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import PATIENCE, PROJECT
from tests.fixtures.spool_entries import URL, entry, share
from versioner.errors import GitFailure
from versioner.spool.batch import drain, queued, settle
from versioner.spool.outcome import FOR_ALL, SendOutcome
from versioner.spool.store import Spool

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

FAR = 60.0


class Sends:
    """Take entries, and remember which came together."""

    def __init__(self, *kinds: str, **details: object) -> None:
        self.calls: list[list[str]] = []
        self.kinds = list(kinds)
        self.details = details

    def __call__(self, entries):
        self.calls.append([each.document["event_id"] for each in entries])
        kind = self.kinds[0] if len(self.kinds) == 1 else self.kinds.pop(0)
        return [SendOutcome(kind, {"id": call, **self.details}) for call in self.calls[-1]]


def shared(folder: Path, number: int, send, *, wait: float = FAR) -> SendOutcome:
    return share(folder, entry(number), send, wait_seconds=wait, now=time.time())


def queue_of(folder: Path) -> Path:
    (found,) = (folder / "queue").iterdir()
    return found


def left(folder: Path) -> set[str]:
    return {path.name for path in queue_of(folder).iterdir()} - {"lock"}


def start(folder: Path, tmp_path: Path, number: int, seconds: float) -> subprocess.Popen[str]:
    paths = [str(folder), str(tmp_path / "go"), str(tmp_path / "log")]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fixtures.spool_entries", *paths, str(number), str(seconds)],
        cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process


def told(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out.removeprefix("ready\n").strip()


def test_alone_an_entry_is_sent_and_nothing_is_left(tmp_path):
    send = Sends("recorded")
    assert shared(tmp_path, 1, send) == SendOutcome("recorded", {"id": "e1"})
    assert send.calls == [["e1"]]
    assert left(tmp_path) == set()


def test_many_processes_at_once_share_few_sends_and_each_gets_its_own_outcome(tmp_path, scale):
    count = scale(24, 64)
    folder = tmp_path / "spool"
    running = [start(folder, tmp_path, number, 0.3) for number in range(count)]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    assert [told(process) for process in running] == [f"recorded e{n}" for n in range(count)]
    sends = (tmp_path / "log").read_text(encoding="ascii").splitlines()
    assert sorted(" ".join(sends).split()) == sorted(f"e{number}" for number in range(count))
    # The first goes with what came before it; while it is under way, most others come.
    assert len(sends) <= count // 4
    assert left(folder) == set()


def test_when_the_one_that_sends_is_killed_the_others_lose_nothing_and_its_event_is_sent(tmp_path):
    folder = tmp_path / "spool"
    (tmp_path / "go").touch()
    leader = start(folder, tmp_path, 0, 300)
    while not (tmp_path / "log").exists():
        time.sleep(0.01)
    others = [start(folder, tmp_path, number, 0.1) for number in (1, 2, 3)]
    while len(left(folder)) < 4:
        time.sleep(0.01)
    leader.send_signal(signal.SIGKILL)
    leader.communicate(timeout=PATIENCE)
    assert [told(process) for process in others] == [f"recorded e{n}" for n in (1, 2, 3)]
    _, *sends = (tmp_path / "log").read_text(encoding="ascii").splitlines()
    assert set(" ".join(sends).split()) == {"e0", "e1", "e2", "e3"}
    # Of the killed one's event the outcome is there for a while, in case it is asked for.
    assert left(folder) == {f"{entry(0).key}.done"}


def test_what_a_killed_process_left_is_listed_and_sent_when_asked(tmp_path):
    folder = tmp_path / "spool"
    (tmp_path / "go").touch()
    process = start(folder, tmp_path, 5, 300)
    while not (tmp_path / "log").exists():
        time.sleep(0.01)
    assert queued(folder) == [entry(5)]
    # As long as somebody is at it, it is his.
    send = Sends("recorded")
    assert drain(folder, URL, send) == []
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert drain(folder, URL, send) == [(entry(5), SendOutcome("recorded", {"id": "e5"}))]
    assert queued(folder) == []


@pytest.mark.parametrize(("code", "aside"), [(1, False), (4, True), (5, True)])
def test_what_a_killed_process_left_and_that_fails_goes_to_the_spool(tmp_path, code, aside):
    shared(tmp_path, 0, Sends("recorded"))
    (queue_of(tmp_path) / f"{entry(5).key}.json").write_text(f"{entry(5).line}\n# x\n")
    drain(tmp_path, URL, Sends("failed", code=code, message="no"))
    held = Spool(tmp_path).contents()
    assert [each.reason for each in (held.refused if aside else held.entries)] == ["no"]
    assert len(held.entries) + len(held.refused) == 1
    assert queued(tmp_path) == []


def test_others_entries_of_the_same_registry_go_along_and_no_others(tmp_path):
    send = Sends("recorded")
    shared(tmp_path, 0, send)
    queue = queue_of(tmp_path)
    strange = entry(3, repo="https://elsewhere.example.com/r.git")
    for each in (entry(1), entry(2), strange):
        (queue / f"{each.key}.json").write_text(f"{each.line}\n", encoding="ascii")
    (queue / f"{entry(2).key}.done").write_text("{}", encoding="ascii")
    shared(tmp_path, 9, send)
    assert send.calls[1] == ["e9", "e1"]


def test_a_failure_that_may_be_this_process_own_is_not_passed_on(tmp_path):
    queue = _with_one_other(tmp_path)
    assert shared(tmp_path, 0, Sends("failed")).kind == "failed"
    assert {path.name for path in queue.iterdir()} == {"lock", f"{entry(1).key}.json"}


def test_a_failure_that_meets_everybody_is_passed_on_and_the_event_stays(tmp_path):
    queue = _with_one_other(tmp_path)
    shared(tmp_path, 0, Sends("failed", **{FOR_ALL: True}))
    key = entry(1).key
    assert {path.name for path in queue.iterdir()} == {"lock", f"{key}.json", f"{key}.done"}


def _with_one_other(folder: Path) -> Path:
    shared(folder, 7, Sends("recorded"))
    queue = queue_of(folder)
    (queue / f"{entry(1).key}.json").write_text(f"{entry(1).line}\n", encoding="ascii")
    return queue


def test_what_a_send_raises_is_raised_and_the_others_stay_in_the_queue(tmp_path):
    _with_one_other(tmp_path)

    def send(entries):
        raise GitFailure("no such host")

    with pytest.raises(GitFailure):
        shared(tmp_path, 0, send)
    assert left(tmp_path) == {f"{entry(1).key}.json"}


def test_a_process_that_waits_too_long_sends_alone(tmp_path):
    folder = tmp_path / "spool"
    (tmp_path / "go").touch()
    slow = start(folder, tmp_path, 0, 300)
    while not (tmp_path / "log").exists():
        time.sleep(0.01)
    send = Sends("received")
    assert shared(folder, 1, send, wait=0.05).kind == "received"
    assert send.calls == [["e1"]]
    assert left(folder) == {f"{entry(0).key}.json"}
    slow.kill()
    slow.communicate(timeout=PATIENCE)


def unusable(tmp_path: Path, how: str) -> Path:
    folder = tmp_path / "spool"
    if how == "a file":
        folder.write_text("", encoding="ascii")
    elif how == "a link":
        (tmp_path / "other").mkdir()
        folder.symlink_to(tmp_path / "other")
    elif how == "below a file":
        (tmp_path / "file").write_text("", encoding="ascii")
        folder = tmp_path / "file" / "spool"
    else:
        shared(folder, 1, Sends("recorded"))
        lock = queue_of(folder) / "lock"
        lock.unlink()
        os.mkfifo(lock)
    return folder


@pytest.mark.parametrize("how", ["a file", "a link", "below a file", "a lock that is none"])
def test_without_a_usable_folder_an_entry_is_sent_alone(tmp_path, how):
    send = Sends("recorded")
    assert shared(unusable(tmp_path, how), 1, send).kind == "recorded"
    assert send.calls == [["e1"]]


def test_on_a_file_system_that_cannot_be_written_an_entry_is_sent_alone(tmp_path):
    top = tmp_path / "small"
    top.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "ro,size=16k", "tmpfs", str(top)]
    if subprocess.run(options, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        send = Sends("recorded")
        assert shared(top / "spool", 1, send).kind == "recorded"
        assert send.calls == [["e1"]]
    finally:
        subprocess.run(["umount", str(top)], check=True)


def test_hostile_files_in_a_queue_harm_nobody(tmp_path):
    queue = _with_one_other(tmp_path)
    key = "f" * 31
    for number, data in enumerate([b"", b"\xff\x00", b"[]", b"{" * 500_000, b'{"format":9}']):
        (queue / f"{key}{number}.json").write_bytes(data)
        (queue / f"{key}{number}.done").write_bytes(data)
    (queue / f"{key}8.json").symlink_to("/etc/passwd")
    (queue / f"{key}9.json").mkdir()
    os.mkfifo(queue / f"{key}a.json")
    (queue / "\x1b[31m").write_bytes(b"")
    send = Sends("recorded")
    assert shared(tmp_path, 0, send).kind == "recorded"
    assert send.calls == [["e0", "e1"]]
    assert queued(tmp_path) == []


@pytest.mark.parametrize(
    "said",
    ["", "{}", "[]", "{" * 99_999, '{"kind": "lost", "details": {}}', '{"kind": "recorded"}',
     '{"kind": "recorded", "details": []}', '{"kind": [], "details": {}}'],
)  # fmt: skip
def test_an_outcome_that_is_none_is_not_believed(tmp_path, said):
    send = Sends("recorded")
    shared(tmp_path, 0, send)
    queue = queue_of(tmp_path)
    # Written after the entry is put, as by a process that went mad.
    done = queue / f"{entry(1).key}.done"

    def mad(entries):
        done.write_text(said, encoding="ascii")
        return send(entries)

    assert shared(tmp_path, 0, mad).kind == "recorded"
    assert shared(tmp_path, 1, send) == SendOutcome("recorded", {"id": "e1"})


def test_what_nobody_fetched_is_swept_after_an_hour(tmp_path):
    shared(tmp_path, 0, Sends("recorded"))
    queue = queue_of(tmp_path)
    names = ["a" * 32 + ".done", "b" * 32 + ".json.77.new", "c" * 32 + ".done"]
    for name in names:
        (queue / name).write_text("{}", encoding="ascii")
    for name in names[:2]:
        os.utime(queue / name, (time.time() - 4000,) * 2)
    shared(tmp_path, 1, Sends("recorded"))
    assert left(tmp_path) == {names[2]}


def test_an_outcome_settles_an_entry_of_the_spool(tmp_path):
    spool = Spool(tmp_path / "spool")
    for number in range(4):
        spool.add(entry(number))
    settle(spool, entry(0), SendOutcome("already", {}))
    settle(spool, entry(1), SendOutcome("failed", {"code": 1}))
    settle(spool, entry(2), SendOutcome("failed", {"code": 5, "message": "deleted"}))
    assert spool.entries() == [entry(1), entry(3)]
    assert [each.reason for each in spool.contents().refused] == ["deleted"]


def test_more_than_go_at_once_go_in_turn_and_what_waits_longest_first(tmp_path, scale):
    queue = _with_one_other(tmp_path)
    count = scale(300, 2000)
    for number in range(count):
        each = entry(number)
        (queue / f"{each.key}.json").write_text(f"{each.line}\n", encoding="ascii")
    send = Sends("recorded")
    while (left := len(queued(tmp_path))) > 0:
        shared(tmp_path, 99_999, send)
        assert len(queued(tmp_path)) < left or left == 256
    sent = [name for call in send.calls for name in call if name != "e99999"]
    assert sent == [f"e{number}" for number in range(count)]
    assert max(map(len, send.calls)) == 256
