"""Fixtures of what is tested against a real server.

Needs Debian's nginx and fcgiwrap; without them these tests are skipped, but fail in CI.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.git_server.proxy import Proxy
from tests.git_server.registries import registry_on
from tests.git_server.server import GitServer, missing_packages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.git_server.served import Served

# Read before any fixture takes it from the environment.
IN_CI = os.environ.get("CI", "").lower() in {"true", "1"}


def serve(folder: Path) -> Iterator[GitServer]:
    """Serve from a folder; skip the test, or in CI fail it, where the server is not installed."""
    missing = missing_packages()
    if missing:
        reason = f"the git server is missing: apt-get install {' '.join(missing)}"
        if IN_CI:
            pytest.fail(reason)
        pytest.skip(reason)
    with GitServer(folder) as running:
        yield running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    """Serve git repositories by HTTP, for all tests of this process."""
    yield from serve(tmp_path_factory.mktemp("server"))


@pytest.fixture
def proxy(server: GitServer) -> Iterator[Proxy]:
    """Stand in front of the server, and fail when told."""
    with Proxy(server.url) as running:
        yield running


@pytest.fixture
def registry(server: GitServer) -> Served:
    """Serve a small registry."""
    return registry_on(server)
