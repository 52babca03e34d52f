"""Which person a commit names as its author, and who commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import layout
from versioner.git.config import Setting
from versioner.git.identity import settings_of_committer
from versioner.git.objects import reading, tip_view
from versioner.registry.config import read_config

if TYPE_CHECKING:
    from versioner.git.repository import Repository
    from versioner.git.session import LockedRepository
    from versioner.server.writer.writes import Author

__all__ = ["KeptSettings", "set_author"]


class KeptSettings:
    """What git's configuration says of who commits, which is read again every ten seconds."""

    def __init__(self) -> None:
        self._until, self._settings = "", list[Setting]()

    def at(self, repository: Repository, now: str) -> list[Setting]:
        """Return the settings at a time (RFC 3339)."""
        # Up to the tens of seconds.
        until = now[:18]
        if not until or self._until != until:
            self._settings, self._until = settings_of_committer(repository), until
        return self._settings


def set_author(locked: LockedRepository, author: Author | None) -> None:
    """Make a person the author of the commits of a transaction, as `people:` allows."""
    locked.session.author = None
    if author is None:
        return
    with reading(locked) as reader:
        entry = tip_view(locked, reader).entry(layout.CONFIG)
    if entry is not None:
        locked.session.author = author.as_recorded(read_config(locked, entry.id))
