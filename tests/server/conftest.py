"""One registry and one server for the tests that only read; a server of its own for the others."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from starlette.testclient import TestClient

from versioner.server.app import create_app
from versioner.server.settings import Clock, ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from tests.fixtures.bare_registry import Post

T = TypeVar("T")
ADDRESS = "http://127.0.0.1:8080"
NOW = "2026-11-29T12:00:00Z"


def clock_at(now: str = "") -> Clock:
    """Return a clock that stands still at a moment, or without one runs."""
    running = lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())  # noqa: E731
    return Clock(
        (lambda: now) if now else running,
        lambda: (time.time_ns() // 1_000_000, os.urandom(10)),
        time.monotonic,
        os.urandom,
    )


def token_for(settings: ServerSettings, *scopes: str, **limits: object) -> str:
    """Make a token of a server, and return it."""
    from versioner.server.tokens import TokenStore

    made = TokenStore(settings.state_dir).create(
        f"t{os.urandom(4).hex()}", scopes, now=settings.clock.now(), random=os.urandom, **limits
    )
    return made.text


def run_async(made: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own: a browser driver may have a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, made).result()


def bearer(token: str) -> dict[str, str]:
    """Return the headers that send a token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def settings(post: Post, tmp_path: Path) -> ServerSettings:
    """Return settings for a bare registry of the test's own."""
    return ServerSettings(post.path, tmp_path / "state", clock_at())


@pytest.fixture
def serving(settings: ServerSettings) -> Iterator[Callable[..., TestClient]]:
    """Return a function that makes a client of a server with some settings changed."""
    clients: list[TestClient] = []

    def serve(**changes: object) -> TestClient:
        app = create_app(replace(settings, **changes))
        client = TestClient(app, base_url=ADDRESS, follow_redirects=False)
        clients.append(client)
        return client

    yield serve
    for each in clients:
        each.close()
