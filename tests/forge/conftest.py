"""A registry on a server of one's own, and jobs that run pipelines' files against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import git
from tests.forge.shells import NOW, Forge, Job
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty registry in a bare repository, to be copied."""
    top = tmp_path_factory.mktemp("seed")
    initialise(top / "clone", now=NOW)
    git(top, "clone", "-q", "--bare", "clone", "bare")
    return top / "bare"


@pytest.fixture
def forge(tmp_path: Path, seed: Path) -> Forge:
    return Forge(tmp_path, seed)


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Job]:
    """Return a function that starts a job with an environment."""
    started = []

    def start(environ: dict[str, str]) -> Job:
        started.append(Job(tmp_path / f"job-{len(started)}", environ))
        return started[-1]

    return start
