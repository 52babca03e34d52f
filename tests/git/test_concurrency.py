from __future__ import annotations

import subprocess
import sys

import pytest

from tests.fixtures.clones import LOG, assert_sound, at_tip, make, sh
from tests.git.test_recovery import ROOT

pytestmark = pytest.mark.slow

PROCESSES = 8


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("same_file", [True, False])
def test_many_processes_at_once_lose_and_double_nothing(tmp_path, scale, same_file, bare):
    top = make(tmp_path / "c")
    if bare:
        sh(tmp_path, "clone", "-q", "--bare", str(top), "bare.git")
        top = tmp_path / "bare.git"
    count = scale(4, 25)
    paths = [
        LOG if same_file else f"registry/products/p{number}/deployments/2026-11.yaml"
        for number in range(PROCESSES)
    ]
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.git.writer", str(top), path, f"w{n}", str(count)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n, path in enumerate(paths)
    ]
    said = [writer.communicate(timeout=300)[0].split() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * PROCESSES
    for number, path in enumerate(paths):
        own = [f"w{number}-{i}" for i in range(count)]
        assert said[number] == ["ready", *own]
        written = at_tip(top, path).decode().split()
        assert [line for line in written if line.startswith(f"w{number}-")] == own
    assert sh(top, "rev-list", "--count", "main").strip() == str(1 + PROCESSES * count)
    if not bare:
        assert all((top / path).read_bytes() == at_tip(top, path) for path in paths)
        assert_sound(top)
    assert sh(top, "fsck", "--strict", "--no-dangling") == ""
