"""Small disks that really run full."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["fill", "small_disk"]


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a tmpfs of so many bytes on a folder; skip the test where one may not mount.

    For a client, give `Job.tmp` a folder within it, so that the filler is not taken for a leftover.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={size},mode=0755"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"a tmpfs may not be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        # Lazily: a process that a test killed may still be going away.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Write a file until the disk is full, but for so many bytes; removing it makes room."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for block in (65536, 4096):
            try:
                while file.write(bytes(block)) == block:
                    pass
            except OSError:
                continue
        file.truncate(max(0, file.tell() - leave))
    return filler
