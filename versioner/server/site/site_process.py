"""Build the site in a process of its own, so that the server answers meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import VersionerError
from versioner.git.lock import open_lock, try_lock
from versioner.git.repository import on_branch, open_repository

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

__all__ = ["BuildTask", "Built", "SiteProcess"]

_STOP_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 60.0
_NICENESS: Final = 5


@dataclass(frozen=True)
class BuildTask:
    """What is built, and into which folder; `now` is for a registry without a commit."""

    repository: Path
    branch: str
    out: Path
    base_url: str
    now: str


@dataclass(frozen=True)
class Built:
    """The commit whose site was built, or why it was not.

    `is_busy` means that another process builds into the same folder: one of a server that was
    killed, or a second server with the same state folder.
    """

    commit: str = ""
    problem: str = ""
    is_busy: bool = False


class SiteProcess:
    """A process that builds, one site after another; it ends when nothing was built for a while."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._channel: Connection[Any, Any] | None = None

    def begin(self, task: BuildTask) -> None:
        """Begin a build; `wait` returns what came of it."""
        if self._channel is not None and not self._channel.poll():
            with suppress(OSError):
                self._channel.send(task)
                return
        self.stop()
        # Not forked: this process has threads.
        context = multiprocessing.get_context("spawn")
        self._channel, end = context.Pipe()
        self._process = context.Process(target=_serve_builds, args=(end,), name="versioner-site")
        self._process.start()
        end.close()
        self._channel.send(task)

    def wait(self, seconds: float) -> Built | None:
        """Return what came of the build, None where it takes longer."""
        if self._channel is None:
            return Built(problem="no build was begun")
        try:
            if not self._channel.poll(seconds):
                return None
            built: Built = self._channel.recv()
        except (EOFError, OSError):
            self.stop()
            return Built(problem="the process that builds the site was ended")
        return built

    def stop(self) -> None:
        """End the process, also in a build; the next one goes on from there."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.terminate()
            self._process.join(_STOP_SECONDS)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process = None


def _serve_builds(channel: Connection[Any, Any]) -> None:
    # Ctrl-C reaches the whole group; the server ends this process itself. Where the server was
    # killed, its end of the channel is closed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        # Under load, what is recorded comes first.
        os.nice(_NICENESS)
    with channel, suppress(EOFError, OSError):
        while channel.poll(_IDLE_SECONDS):
            channel.send(_built(channel.recv()))


def _built(task: BuildTask) -> Built:
    from versioner.site.publish import publish_site

    lock = open_lock(task.out.with_name(f"{task.out.name}.lock"))
    try:
        if not try_lock(lock):
            return Built(is_busy=True)
        repository = open_repository(task.repository)
        if task.branch:
            repository = on_branch(repository, task.branch)
        publish_site(repository, repository.tip, task.out, base_url=task.base_url, now=task.now)
        return Built(commit=repository.tip or "")
    except VersionerError as error:
        return Built(problem=error.message)
    except OSError as error:
        return Built(problem=f"{error.filename or task.out}: {error.strerror}")
    finally:
        os.close(lock)
