"""The packing of the objects of a server's repository by git, every ten minutes, beside requests.

Each recorded batch leaves some objects in files of their own. git packs them, as it does after a
`git commit`, when there are as many as its setting `gc.auto` says. Objects that no ref names, such
as those of a push that is under way, stay for the two weeks that git keeps them.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from versioner.errors import VersionerError
from versioner.git.process import git

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.git.repository import Repository

__all__ = ["Tidying", "tidy"]

_LOG: Final = logging.getLogger("versioner.server")
_EVERY_SECONDS: Final = 600.0
# The refs stay in files, which are read without a process; one thread leaves time for requests.
_SETTINGS: Final = (
    "gc.autoDetach=false",
    "gc.packRefs=false",
    "gc.pruneExpire=2.weeks.ago",
    "pack.threads=1",
)


def tidy(repository: Repository) -> None:
    """Pack the objects of a repository with git, if there are many; raise GitFailure."""
    git(["gc", "--auto", "--quiet"], cwd=repository.top, config=_SETTINGS)


class Tidying:
    """A thread that tidies the repository that a function returns, every ten minutes."""

    def __init__(self, repository: Callable[[], Repository]) -> None:
        self._repository = repository
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, name="versioner-tidying", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, at once unless git is at work."""
        self._halt.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        while not self._halt.wait(_EVERY_SECONDS):
            try:
                tidy(self._repository())
            except VersionerError as error:
                _LOG.warning("the repository was not tidied: %s", error.message)
