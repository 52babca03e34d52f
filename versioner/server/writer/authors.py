"""Which person a commit names as its author."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import layout
from versioner.git.objects import reading, tip_view
from versioner.registry.config import read_config

if TYPE_CHECKING:
    from versioner.git.session import LockedRepository
    from versioner.server.writer.writes import Author

__all__ = ["set_author"]


def set_author(locked: LockedRepository, author: Author | None) -> None:
    """Make a person the author of the commits of a transaction, as `people:` allows."""
    locked.session.author = None
    if author is None:
        return
    with reading(locked) as reader:
        entry = tip_view(locked, reader).entry(layout.CONFIG)
    if entry is not None:
        locked.session.author = author.as_recorded(read_config(locked, entry.id))
