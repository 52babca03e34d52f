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
