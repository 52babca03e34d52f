"""A registry on a server of one's own, and jobs that run pipelines' files against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.shells import Forge, Job

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path)


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Job]:
    """Return a function that starts a job with an environment."""
    started = []

    def start(environ: dict[str, str]) -> Job:
        started.append(Job(tmp_path / f"job-{len(started)}", environ))
        return started[-1]

    return start
