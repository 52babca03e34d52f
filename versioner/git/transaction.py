"""Lock a repository for one write, with an interrupted earlier write completed first."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from versioner.git.identity import ask_settings
from versioner.git.journal import has_journal
from versioner.git.lock import WAIT_SECONDS, WriteLock
from versioner.git.objects import OpenRepository
from versioner.git.repository import reread
from versioner.git.session import LockedRepository, WriteSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.git.config import Setting
    from versioner.git.repository import Repository

__all__ = ["recover", "transaction"]


@contextmanager
def transaction(
    repo: Repository, *, wait: float = WAIT_SECONDS, settings: list[Setting] | None = None
) -> Iterator[LockedRepository]:
    """Take the write lock, and yield the repository as it is now.

    Waits up to `wait` seconds for another writer, then raises OperationFailed that names it.
    Inside a transaction this yields the repository of the outer one. `settings` say who commits,
    where the caller knows them (`identity`).
    """
    if isinstance(repo, LockedRepository):
        yield repo
        return
    with WriteLock(repo.common_dir, wait) as lock:
        session = WriteSession(lock, repo.reader if isinstance(repo, OpenRepository) else None)
        try:
            locked = LockedRepository(reread(repo), session)
            if has_journal(repo.common_dir):
                # An interrupted write is rare, and the module would slow down each start.
                from versioner.git.recovery import complete

                complete(locked)
                locked = reread(locked)
            session.known_settings = settings
            if settings is None:
                # git answers while the caller decides what to write.
                session.settings = ask_settings(locked, session.pass_fds)
            yield locked
        finally:
            session.close()


def recover(repo: Repository) -> None:
    """Complete a write that was interrupted, if there is one and this user may write."""
    if has_journal(repo.common_dir) and os.access(repo.common_dir, os.W_OK):
        with transaction(repo):
            pass
