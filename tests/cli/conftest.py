"""Fixtures of the command line's tests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import NOW, Desk, make_registry
from versioner.cli import clock

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_registry(tmp_path_factory.mktemp("pristine") / "registry")


@pytest.fixture
def desk(
    pristine: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """Sit at a copy of the registry, on the day that its rows are about, 100 columns wide."""
    shutil.copytree(pristine, tmp_path / "registry", symlinks=True)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setenv("COLUMNS", "100")
    return Desk(tmp_path / "registry", capsys)


@pytest.fixture
def forge(desk: Desk, tmp_path: Path) -> Path:
    """Give the registry a bare remote that stands where it does."""
    bare = tmp_path / "forge.git"
    desk.git("clone", "-q", "--bare", str(desk.top), str(bare))
    desk.git("remote", "add", "origin", str(bare))
    desk.git("fetch", "-q", "origin")
    desk.git("branch", "-q", "--set-upstream-to=origin/main")
    return bare
