"""One built site for the tests that only read."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW
from tests.site.checker import Page, read_site
from tests.site.samples import TOOL, everything
from versioner.site.build import build_site

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "out"
    build_site(everything(), out, now=NOW, tool_version=TOOL)
    return out


@pytest.fixture
def copy(site: Path, tmp_path: Path) -> Path:
    """Return a copy of the built site that a test may change."""
    return shutil.copytree(site, tmp_path / "copy")


@pytest.fixture(scope="package")
def pages(site: Path) -> dict[str, Page]:
    return read_site(site)
