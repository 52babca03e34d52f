"""Open the index for a reader: compare it with the files, write what differs, read one state."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from versioner.errors import FilesChanged, NotFound, OperationFailed
from versioner.git.state import state_file
from versioner.registry.head import load_head
from versioner.registry.index.kept_answers import KeptAnswers
from versioner.registry.index.queries import RegistryIndex
from versioner.registry.index.reading import Rows
from versioner.registry.index.stale import stale_products
from versioner.registry.index.store import FAILURES, IndexStore, finish, private_database
from versioner.registry.index.wanted import Wanted
from versioner.registry.reader_version import reader_version
from versioner.registry.records import wanted_products
from versioner.resources import package_dir, schemas_dir

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator

    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.registry.index.wanted import Known

    Progress = Callable[[int, int], None]

__all__ = ["index_store", "open_index", "read_index"]

# How long a reader waits for a writer. A question about all products of a large registry waits for
# the process that makes the index, rather than make one of its own.
_WAIT_SECONDS: Final = 1.0
_WAIT_SECONDS_ALL: Final = 60.0

# What earlier releases kept in the git directory.
_OUTDATED: Final = (
    *("cache.sqlite", "cache.sqlite-wal", "cache.sqlite-shm", "cache.sqlite-journal"),
    "recorded.json",
)


def index_store(repository: Repository, *, past: bool = False) -> IndexStore:
    """Return the index of a repository's files, or with `past` that of its past revisions."""
    name = "index-past.sqlite" if past else "index.sqlite"
    path = state_file(repository.git_dir, name)
    memory = state_file(repository.common_dir, "reader.json")
    outdated = [state_file(repository.common_dir, each) for each in _OUTDATED]
    return IndexStore(path, reader_version(package_dir(), schemas_dir(), memory), outdated)


@contextmanager
def open_index(
    repository: Repository,
    snapshot: Snapshot,
    *,
    products: Collection[str] | None = None,
    past: bool = False,
    progress: Progress | None = None,
) -> Iterator[RegistryIndex]:
    """Open the index of a snapshot's products, or with `products` of those alone.

    Old names in `products` lead to new ones; NotFound is raised for an unknown one. With `past`,
    the snapshot is one of a past revision, for which a file of its own is used. `progress` is
    called with the number of products read and of all to read.

    All answers are of the state of the snapshot, whatever other processes write. Where the index
    cannot be written (a read-only folder, a full disk, a lock held for too long), the answers come
    from a temporary index that nobody else sees.
    """
    store = index_store(repository, past=past)
    with read_index(store, snapshot, products=products, progress=progress) as index:
        yield index


@contextmanager
def read_index(
    store: IndexStore,
    snapshot: Snapshot,
    *,
    products: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Iterator[RegistryIndex]:
    """Open an index that is at a path of its own, as `open_index` does."""
    kept = KeptAnswers(store.path.with_suffix(".kept"), store.reader)
    head = load_head(snapshot, kept)
    names = None
    if products is not None:
        names = wanted_products(products, snapshot.product_names(), head)
    wanted = Wanted.of(snapshot, head, names)
    with ExitStack() as stack:
        connection, known = _open(store, wanted, progress)
        (_, _, file), *_ = connection.execute("PRAGMA database_list")
        # A database without a file is of this process alone, and is copied with its memory.
        rows = Rows(connection, partial(_reopened, store, wanted, known) if file else None)
        stack.callback(rows.close)
        index = RegistryIndex(rows, wanted, known, kept)
        stack.callback(kept.write)
        for name in names or ():
            if name not in index.product_names:
                wanted_products([name], index.product_names, head)
                raise NotFound(f'there is no product "{name}"')
        yield index


def _open(
    store: IndexStore, wanted: Wanted, progress: Progress | None
) -> tuple[sqlite3.Connection, dict[str, Known]]:
    """Return a connection in a transaction whose state is as wanted, and the products in it."""
    with suppress(*FAILURES):
        connection = store.reading()
        if connection is not None:
            found = _as_wanted(connection, wanted)
            if found is not None:
                return connection, found
            connection.close()
    try:
        return _updated(store, wanted, progress)
    except FilesChanged:
        raise
    except FAILURES:
        pass
    for name in ("", ":memory:"):
        with suppress(*FAILURES):
            return _private(store, wanted, progress, name)
    return _private(store, wanted, progress, ":memory:")


def _reopened(store: IndexStore, wanted: Wanted, known: dict[str, Known]) -> sqlite3.Connection:
    """Return a connection of this process, in the state that another process reads."""
    with suppress(*FAILURES):
        found = store.reading()
        if found is not None and _as_wanted(found, wanted) == known:
            return found
    raise OperationFailed(
        "the registry changed, and its index was written again, while this command read it",
        hint="try again",
    )


def _as_wanted(connection: sqlite3.Connection, wanted: Wanted) -> dict[str, Known] | None:
    connection.execute("BEGIN")
    fresh, stale, surplus = stale_products(connection, wanted)
    if stale or surplus:
        return None
    return fresh


def _updated(
    store: IndexStore, wanted: Wanted, progress: Progress | None
) -> tuple[sqlite3.Connection, dict[str, Known]]:
    # A reader that finds the index as wanted imports nothing of what reads and checks files.
    from versioner.registry.index.update import fill, update_products

    with store.lock(_WAIT_SECONDS_ALL if wanted.every else _WAIT_SECONDS):
        connection = store.verified()
        if connection is not None and _is_mostly_stale(connection, wanted):
            connection.close()
            connection = None
        if connection is None:
            with store.making() as writer:
                fill(writer, wanted, progress)
            connection = store.reading()
        if connection is None:
            raise OSError("the index cannot be read")
        found = _as_wanted(connection, wanted)
        if found is None:
            connection.execute("ROLLBACK")
            with store.updating() as writer:
                _, stale, surplus = stale_products(writer, wanted)
                update_products(writer, wanted, stale, surplus, progress)
            found = _as_wanted(connection, wanted)
    if found is None:
        connection.close()
        raise OSError("the index does not have what was written")
    return connection, found


def _is_mostly_stale(connection: sqlite3.Connection, wanted: Wanted) -> bool:
    """Return whether an index made anew is there sooner than one that is brought up to date."""
    if not wanted.every:
        return False
    fresh, stale, _ = stale_products(connection, wanted)
    return len(stale) > len(fresh)


def _private(
    store: IndexStore, wanted: Wanted, progress: Progress | None, name: str
) -> tuple[sqlite3.Connection, dict[str, Known]]:
    from versioner.registry.index.update import fill

    connection = private_database(store.reader, name)
    connection.execute("BEGIN")
    fill(connection, wanted, progress)
    finish(connection)
    return connection, stale_products(connection, wanted)[0]
