"""The registry that the tools read and write: a folder, or a temporary clone of a URL."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from versioner import layout
from versioner.errors import FilesChanged
from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
from versioner.git.journal import has_journal
from versioner.git.repository import open_repository
from versioner.mcp.answers import Answer
from versioner.query.gate.may_ship import OpenRegistry
from versioner.query.times.text import seconds_between
from versioner.registry.config import no_registry
from versioner.registry.index import open_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from versioner.editing.session import EditResult
    from versioner.git.repository import Repository
    from versioner.mcp.answers import Page
    from versioner.registry.index import RegistryIndex
    from versioner.registry.records import Registry
    from versioner.remote.partial_clone import PartialClone
    from versioner.remote.url import Remote

    class HasEdit(Protocol):
        """A result of an operation that says what was edited, and more."""

        @property
        def edited(self) -> EditResult:
            """Return what was edited."""

    _Result = TypeVar("_Result", bound=HasEdit)

__all__ = ["ReadRegistry", "RegistrySource"]

_TRIES: Final = 4
# How old what was fetched from a URL may be, in seconds.
_FRESH_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class ReadRegistry:
    """A registry that is open for one call, at a moment."""

    source: OpenRegistry
    registry: Registry
    now: str

    @property
    def index(self) -> RegistryIndex:
        """Return the index, for questions that need no whole registry."""
        return self.source.index

    def answer(self, result: dict[str, Any], page: Page | None = None) -> Answer:
        """Return an answer from what was read; `page` is a part of a list in it."""
        return Answer(
            result,
            at=self.now,
            commit=self.source.snapshot.revision,
            problems=len(self.registry.errors),
            next_cursor=page.next_cursor if page is not None else None,
        )


class RegistrySource:
    """The registry at a path or a URL, opened for one call at a time.

    Of a path, the current files are read; of a bare repository its tip. Of a URL, a temporary
    clone is kept until `close`, and brought up to date where it is older than ten seconds. `clock`
    returns the current moment; `after_commit` is called with the commits that were made in a
    folder.
    """

    def __init__(
        self,
        place: Path | Remote,
        *,
        clock: Callable[[], str],
        after_commit: Callable[[Repository, str | None], None] = lambda _repository, _commit: None,
    ) -> None:
        self._place = place
        self._clock = clock
        self._after_commit = after_commit
        self._lock = RLock()
        self._stack = ExitStack()
        self._clone: PartialClone | None = None
        self._fetched: tuple[Repository, str] | None = None

    def close(self, wait_seconds: float = -1) -> None:
        """Remove the temporary clone, if there is one; wait for a call that is under way.

        After `wait_seconds` nothing is removed; -1 waits for as long as the call takes.
        """
        if not self._lock.acquire(timeout=wait_seconds):
            return
        try:
            self._stack.close()
            self._clone = self._fetched = None
        finally:
            self._lock.release()

    @property
    def now(self) -> str:
        """Return the current moment."""
        return self._clock()

    @contextmanager
    def reading(self) -> Iterator[ReadRegistry]:
        """Open the registry for one call; raise UsageFault where there is none."""
        with self._lock, ExitStack() as stack:
            repository = self._repository()
            yield self._opened(repository, stack)

    def _opened(self, repository: Repository, stack: ExitStack) -> ReadRegistry:
        for _ in range(_TRIES - 1):
            # Another process may change files while they are read.
            with suppress(FilesChanged):
                return self._read(repository, stack)
        return self._read(repository, stack)

    def _read(self, repository: Repository, stack: ExitStack) -> ReadRegistry:
        snapshot = snapshot_of_work_tree(repository)
        if layout.CONFIG not in snapshot.selected_entries(()):
            raise no_registry("on this branch")
        index = stack.enter_context(open_index(repository, snapshot))
        source = OpenRegistry(repository, snapshot, index)
        return ReadRegistry(source, index.registry(), self._clock())

    def edit(self, operation: Callable[[Repository], _Result]) -> _Result:
        """Edit the registry, and return the result; at a URL the commit is pushed."""
        from versioner.remote.url import Remote

        with self._lock:
            if isinstance(self._place, Remote):
                return self._edit_remote(self._place, operation)
            repository = self._repository()
            result = operation(repository)
            self._after_commit(repository, result.edited.commit)
            return result

    def _edit_remote(self, remote: Remote, operation: Callable[[Repository], _Result]) -> _Result:
        from versioner.editing.remote import edit_remotely

        results: list[_Result] = []

        def edit(repository: Repository) -> EditResult:
            results.append(operation(repository))
            return results[-1].edited

        edit_remotely(remote, edit)
        self._fetched = None
        return results[-1]

    def _repository(self) -> Repository:
        from versioner.remote.url import Remote

        if isinstance(self._place, Remote):
            return self._fetched_clone(self._place)
        repository = open_repository(self._place)
        if has_journal(repository.common_dir):
            from versioner.git.transaction import recover

            recover(repository)
        return repository

    def _fetched_clone(self, remote: Remote) -> Repository:
        from versioner.editing.remote import fetch_registry
        from versioner.remote.partial_clone import partial_clone

        now = self._clock()
        if self._fetched is not None and seconds_between(self._fetched[1], now) < _FRESH_SECONDS:
            return self._fetched[0]
        if self._clone is None:
            self._clone = self._stack.enter_context(partial_clone(remote))
        self._fetched = fetch_registry(self._clone), now
        return self._fetched[0]
