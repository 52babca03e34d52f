from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from versioner.errors import OperationFailed
from versioner.git.temporary import temporary_folder

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def holder(place: Path, then: str) -> subprocess.Popen[str]:
    """Start a process that makes a folder, says where, and does something else."""
    code = (
        "import subprocess, sys\nfrom versioner.git.temporary import temporary_folder\n"
        f"with temporary_folder() as own:\n    print(own.folder, flush=True)\n    {then}\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(place), "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_folder_is_its_users_own_and_goes_with_all_that_is_in_it(place):
    with temporary_folder() as own:
        assert own.folder.stat().st_mode & 0o077 == 0
        (own.folder / "a" / "b").mkdir(parents=True)
        (own.folder / "a" / "file").write_text("x")
    assert list(place.iterdir()) == []


def test_it_goes_when_what_was_done_there_fails(place):
    with pytest.raises(ValueError, match="no"), temporary_folder():
        raise ValueError("no")
    assert list(place.iterdir()) == []


def test_the_folder_of_one_who_lives_is_left_alone(place):
    with temporary_folder() as first:
        with temporary_folder() as second:
            assert first.folder != second.folder
            assert first.folder.is_dir()
        assert first.folder.is_dir()
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_swept(place):
    process = holder(place, "sys.stdin.read()")
    folder = Path(process.stdout.readline().strip())
    with temporary_folder():
        assert folder.is_dir()
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert folder.is_dir()
    with temporary_folder():
        assert not folder.exists()
    assert list(place.iterdir()) == []


# Has some files in its folder, and dies at the nth removal of anything.
DIES_WHILE_REMOVING = """
import os, signal, sys
from versioner.git.temporary import temporary_folder

def dying(remove):
    def wrapped(*args, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return remove(*args, **options)
    return wrapped

left = int(sys.argv[1])
with temporary_folder() as own:
    for name in ("a/b", "z"):
        (own.folder / name).mkdir(parents=True)
        (own.folder / name / "file").touch()
    (own.folder / "packets").touch()
    os.unlink, os.rmdir = dying(os.unlink), dying(os.rmdir)
"""


def test_what_a_process_left_that_was_killed_while_it_removed_is_swept(place):
    steps = 0
    while True:
        done = subprocess.run(
            [sys.executable, "-c", DIES_WHILE_REMOVING, str(steps)],
            env={**os.environ, "TMPDIR": str(place), "PYTHONPATH": str(PROJECT)},
            check=False,
        )
        if done.returncode == 0:
            break
        steps += 1
        assert list(place.iterdir()) != []
        with temporary_folder():
            pass
        assert list(place.iterdir()) == []
    assert steps == 8


def test_a_child_that_outlives_its_parent_keeps_the_folder(place):
    then = "subprocess.run(['sh', '-c', 'echo $$; read x'], pass_fds=own.inherited)"
    process = holder(place, then)
    folder, child = Path(process.stdout.readline().strip()), int(process.stdout.readline())
    process.kill()
    process.wait()
    with temporary_folder():
        assert folder.is_dir()
    process.stdin.close()
    process.stdout.read()  # until the child has ended too
    process.stdout.close()
    with pytest.raises(ProcessLookupError):
        while True:
            os.kill(child, signal.SIGCONT)
    with temporary_folder():
        assert not folder.exists()


def test_folders_without_an_owner_are_removed_only_while_empty(place):
    (place / "versioner-scratch-empty").mkdir()
    other = place / "versioner-scratch-other"
    other.mkdir()
    (other / "file").write_text("somebody's")
    with temporary_folder():
        pass
    assert [each.name for each in place.iterdir()] == [other.name]


def test_links_are_not_followed(place, tmp_path_factory):
    target = tmp_path_factory.mktemp("target")
    (target / "owner").write_text("")
    (place / "versioner-scratch-link").symlink_to(target)
    inside = place / "versioner-scratch-inside"
    inside.mkdir()
    (inside / "owner").symlink_to(target / "owner")
    fifo = place / "versioner-scratch-fifo"
    fifo.mkdir()
    os.mkfifo(fifo / "owner")
    with temporary_folder():
        pass
    assert (target / "owner").is_file()
    assert inside.is_dir()


def test_no_folder_to_work_in_is_told_with_a_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with (
        pytest.raises(OperationFailed, match="cannot create a temporary folder") as caught,
        temporary_folder(),
    ):
        pass
    assert "TMPDIR" in caught.value.hint


def test_a_signal_at_any_moment_leaves_nothing(place, monkeypatch):
    """Raise at each step of making and removing a folder, one after the other."""
    steps = 0

    def interrupted(at: int) -> bool:
        seen = 0

        def trace(frame, event, _value):
            nonlocal seen
            if "temporary.py" not in frame.f_code.co_filename or frame.f_code.co_name == "_remove":
                return None
            seen += event == "line"
            if seen == at:
                sys.settrace(None)
                raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            with temporary_folder():
                pass
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(None)
        return False

    left = []
    while interrupted(steps + 1):
        steps += 1
        for folder in place.iterdir():
            left.append(steps)
            shutil.rmtree(folder)
    assert steps > 10
    # Only where it comes between two lines of the removal: the next process sweeps that.
    assert len(left) <= 3
