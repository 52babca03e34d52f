"""A registry to work on: one is made, each test gets a copy."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.operations.desk import Desk, make_registry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_registry(tmp_path_factory.mktemp("template") / "registry")


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Desk:
    shutil.copytree(template, tmp_path / "registry", symlinks=True)
    return Desk(tmp_path / "registry")
