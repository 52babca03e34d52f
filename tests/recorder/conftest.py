"""What jobs of the recorder need."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bare(template: Path, tmp_path: Path) -> Path:
    """Return the path of a bare registry, which is the remote of jobs."""
    subprocess.run(
        ["git", "clone", "-q", "--bare", str(template), str(tmp_path / "bare.git")], check=True
    )
    return tmp_path / "bare.git"
