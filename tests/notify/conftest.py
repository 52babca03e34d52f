"""A registry with channels, receivers on loopback, and runs that wait for milliseconds."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.local_registry import NOW, Desk
from tests.notify.receivers import Receiver, receiving
from versioner.notify.run import NotifyContext, NotifyResult, notify
from versioner.notify.sender_process import this_sender
from versioner.notify.sending import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "a secret of the tests"
CHANNEL = "- {name: ops, to: webhook, url_env: OPS_URL, secret_env: OPS_SECRET}"
QUICK = Pace(timeout=2.0, pause=0.005)
_numbers = count(1)


def configure(desk: Desk, *channels: str) -> None:
    """Write channels into registry.yaml, instead of those that are there, in one commit."""
    path = desk.top / "registry/registry.yaml"
    kept = path.read_text("utf-8").partition("\nnotify:\n")[0]
    lines = "".join(f"  {each}\n" for each in channels)
    path.write_text(f"{kept}\nnotify:\n{lines}" if lines else kept, "utf-8")
    desk.git("commit", "-qam", "Set the channels")


def entropy() -> tuple[int, bytes]:
    return next(_numbers), os.urandom(10)


def context_for(variables: dict[str, str], now: str = NOW, pace: Pace = QUICK) -> NotifyContext:
    return NotifyContext(variables, lambda: now, this_sender(entropy), pace)


@pytest.fixture(scope="module")
def _server() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def receiver(_server: Receiver) -> Receiver:
    _server.received.clear()
    _server.accepted.clear()
    _server.answer = lambda _: 200
    _server.location = ""
    return _server


@pytest.fixture
def variables(receiver: Receiver) -> dict[str, str]:
    return {"OPS_URL": receiver.url, "OPS_SECRET": SECRET}


@pytest.fixture
def told(desk: Desk, variables: dict[str, str]) -> Callable[[], NotifyResult]:
    """Make the first run of a registry with one channel; return what runs again."""
    configure(desk, CHANNEL)

    def run() -> NotifyResult:
        return notify(desk.repository, context_for(variables))

    assert run().is_first
    return run
