"""The recorder, made once as a user makes it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import versioner

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the recorder, in a folder that nobody may write to."""
    folder: Path = tmp_path_factory.mktemp("recorder")
    versioner("recorder", folder / "versioner.pyz")
    folder.chmod(0o555)
    return folder / "versioner.pyz"


@pytest.fixture
def bare(template: Path, tmp_path: Path) -> Path:
    """Return the path of a bare registry, which is the remote of jobs."""
    subprocess.run(
        ["git", "clone", "-q", "--bare", str(template), str(tmp_path / "bare.git")], check=True
    )
    return tmp_path / "bare.git"
