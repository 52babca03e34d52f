from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from tests.fixtures.clones import LOG, append, assert_sound, make, status
from versioner.errors import OperationFailed
from versioner.git.lock import WriteLock
from versioner.git.repository import open_repository
from versioner.git.transaction import transaction

HOLD = (
    "import sys, time\nfrom pathlib import Path\nfrom versioner.git.lock import WriteLock\n"
    "with WriteLock(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
)


@pytest.fixture
def top(tmp_path):
    return make(tmp_path / "c")


@pytest.fixture
def holder(top):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(top / ".git")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.stdout.close()
    process.wait()


def test_a_lock_that_stays_held_ends_in_an_error_that_names_its_holder(top, holder):
    with pytest.raises(OperationFailed, match=rf"process {holder.pid}\) has held") as caught:
        WriteLock(top / ".git", wait=0.2).__enter__()
    assert "try again" in caught.value.hint


def test_a_killed_holder_blocks_nobody(top, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    append(top, b"- 1")
    assert_sound(top)


def test_a_waiting_writer_goes_on_when_the_lock_is_free(top, holder):
    timer = threading.Timer(0.3, holder.kill)
    timer.start()
    append(top, b"- 1")
    timer.join()
    assert_sound(top)


@pytest.mark.parametrize(("seconds", "ends"), [(1.0, True), (60, False)])
def test_writers_that_follow_each_other_are_waited_for_longer(top, seconds, ends):
    text = HOLD.replace("    time.sleep(60)\n", "")
    follow = (
        "    for number in range(int(float(sys.argv[2]) * 20)):\n"
        "        Path(sys.argv[1], 'versioner/lock').write_text(f'process {number:<14}\\n')\n"
        "        time.sleep(0.05)\n"
    )
    command = [sys.executable, "-c", text + follow, str(top / ".git"), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writers:
        assert writers.stdout.readline() == "held\n"
        if ends:
            # Each of them has it for a shorter time than a single one may.
            WriteLock(top / ".git", wait=0.5).__enter__()
        else:
            with pytest.raises(OperationFailed, match="other writers have held") as caught:
                WriteLock(top / ".git", wait=0.2).__enter__()
            assert "fewer jobs" in caught.value.hint
        writers.kill()


def test_the_lock_outlives_its_holder_while_a_git_of_its_own_still_runs(top):
    with WriteLock(top / ".git") as lock:
        orphan = subprocess.Popen(["sleep", "60"], pass_fds=lock.inherited)
    with pytest.raises(OperationFailed, match="has held"):
        WriteLock(top / ".git", wait=0.1).__enter__()
    orphan.kill()
    orphan.wait()
    append(top, b"- 1")


def test_writing_within_writing_is_the_same_write(top):
    with transaction(open_repository(top)) as outer, transaction(outer) as inner:
        assert inner is outer


def test_looking_does_not_make_anything_in_the_git_directory(top):
    open_repository(top)
    assert not (top / ".git/versioner").exists()


def test_a_link_or_fifo_in_the_locks_place_is_refused_and_hangs_nothing(top, tmp_path):
    state = top / ".git/versioner"
    state.symlink_to(tmp_path)
    with pytest.raises(OperationFailed, match="is not a folder"):
        append(top, b"- 1")
    state.unlink()
    state.mkdir()
    (state / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OperationFailed, match="cannot open"):
        append(top, b"- 1")
    assert not (tmp_path / "elsewhere").exists()
    (state / "lock").unlink()
    os.mkfifo(state / "lock")
    with pytest.raises(OperationFailed, match="not a regular file"):
        append(top, b"- 1")
    assert (top / LOG).read_bytes() == b"# log\n"
    assert status(top) == ""
