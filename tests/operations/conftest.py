"""A registry to work on: one is made, each test gets a copy."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.operations.desk import Desk, make_registry
from tests.operations.inboxes import Post, copy_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_registry(tmp_path_factory.mktemp("template") / "registry")


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Desk:
    shutil.copytree(template, tmp_path / "registry", symlinks=True)
    return Desk(tmp_path / "registry")


@pytest.fixture(scope="session")
def pattern(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a bare registry once, to copy."""
    bare = tmp_path_factory.mktemp("pattern") / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(template), str(bare)], check=True)
    return bare


@pytest.fixture
def post(pattern: Path, tmp_path: Path) -> Post:
    """Stand beside a copy of a bare registry."""
    return copy_of(pattern, tmp_path / "bare.git")
