"""The state of one transaction: its lock, its readers, and the repository under the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.git.objects import ObjectReader, OpenRepository
from versioner.git.process import finish

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Self

    from versioner.git.config import Setting
    from versioner.git.lock import WriteLock
    from versioner.git.objects import TreeView
    from versioner.git.repository import Repository

__all__ = ["LockedRepository", "WriteSession"]


class WriteSession:
    """The lock of one transaction, and the git processes that it keeps running.

    `index_input` is the file that `git update-index` reads its input from, `empty` the folder
    that it runs in. `settings` is the process that prints who commits, started early
    (`identity`), and `known_settings` what it prints, where the caller has that. `author` is the
    name and the address of the author of its commits, where that is somebody else than git's
    configuration says. `before_move` is called with the branch and its new commit before the
    branch moves.
    """

    def __init__(self, lock: WriteLock, reader: ObjectReader | None = None) -> None:
        self.lock = lock
        self._lent = reader
        self.index_input = lock.folder / "index-info"
        self.empty = lock.folder / "empty"
        self.settings: subprocess.Popen[bytes] | None = None
        self.known_settings: list[Setting] | None = None
        self.author: tuple[str, str] | None = None
        self.before_move: Callable[[str, str], None] | None = None
        self._readers: dict[Path, ObjectReader] = {}
        self._views: dict[tuple[Path, str | None], TreeView] = {}

    @property
    def pass_fds(self) -> Sequence[int]:
        """Return the descriptors that git's processes inherit: those of the lock."""
        return self.lock.inherited

    def reader(self, cwd: Path) -> ObjectReader:
        """Return the reader of objects, and of the index of one work tree."""
        if self._lent is not None:
            return self._lent
        if cwd not in self._readers:
            self._readers[cwd] = ObjectReader(cwd, self.pass_fds)
        return self._readers[cwd]

    def view(self, cwd: Path, revision: str | None) -> TreeView:
        """Return the view of a commit that the transaction shares; it reads a directory once."""
        key = cwd, revision
        if key not in self._views:
            self._views[key] = self.reader(cwd).view(revision)
        return self._views[key]

    def take_settings(self) -> subprocess.Popen[bytes] | list[Setting] | None:
        """Return what says who commits: settings, or the process that prints them."""
        if self.known_settings is not None:
            return self.known_settings
        settings, self.settings = self.settings, None
        return settings

    def close(self) -> None:
        """End the processes; the next reader sees the index as it is then."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()
        self._views.clear()
        if self.settings is not None:
            finish(self.settings)
            self.settings = None


class LockedRepository(OpenRepository):
    """A repository under its write lock, as it is now (`transaction.transaction`)."""

    session: WriteSession

    def __new__(cls, repository: Repository, session: WriteSession) -> Self:
        """Return a repository under the lock of `session`."""
        locked = super(OpenRepository, cls).__new__(cls, *repository)
        locked.session = session
        return locked

    @property
    def reader(self) -> ObjectReader:
        """Return the session's reader for the folder that git runs in."""
        return self.session.reader(self.top)

    def view(self) -> TreeView:
        """Return the session's view of the tip's files."""
        return self.session.view(self.top, self.tip)
