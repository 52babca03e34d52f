"""Find the commit that recorded each event, in one pass over the history.

An event is one line of a log; the commit that first added a line with its id recorded it. What a
pass finds is kept in a database in the git directory: the next pass reads the new commits only,
and a reader asks for the events that it shows. Deleting the database costs time only.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.database import open_database, remove_database
from versioner.git.history import is_ancestor, is_shallow
from versioner.git.process import failure, start
from versioner.git.state import state_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from versioner.git.repository import Repository

__all__ = ["EventCommits", "RecordedBy", "recorded_events"]

_FORMAT: Final = 2
_LOGS: Final = "registry/products"
_ID: Final = re.compile(rb'[ {]id: "([A-Za-z0-9._:-]{1,128})"\}\r?$')
# A NUL marks the line of a commit: no line of a diff begins with one.
_COMMIT: Final = "%x00%H %ct %s"
_PRODUCT: Final = re.compile(rb'\+\+\+ "?b/registry/products/([^/\n]+)/')
# Another process that reads the same history has done the work at the end of the wait.
_WAIT_SECONDS: Final = 60
_BATCH: Final = 10_000
_FILE: Final = "recorded.sqlite"
_TABLES: Final = """
CREATE TABLE facts (format INTEGER, revision TEXT, origin TEXT);
CREATE TABLE commits (number INTEGER PRIMARY KEY, name TEXT, subject TEXT, at TEXT);
CREATE TABLE events (id TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID;
CREATE TABLE products (name TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID;
"""


class RecordedBy(NamedTuple):
    """The commit that recorded an event."""

    commit: str
    subject: str
    at: str


class _Known(NamedTuple):
    """The commit up to which the history is known, and the one at which the first pass ended."""

    revision: str
    origin: str


class EventCommits(Mapping[str, RecordedBy]):
    """The commits that recorded events, by event id; a reader asks for those that it needs."""

    def __init__(self, repo: Repository, revision: str) -> None:
        self._repo = repo
        self._revision = revision
        self._connection: sqlite3.Connection | None = None
        self._process = 0

    def some(self, ids: Iterable[str]) -> dict[str, RecordedBy]:
        """Return the commits of some events by event id; those that are not known are left out."""
        found = self._rows(
            "SELECT events.id, number FROM json_each(?) AS wanted"
            " JOIN events ON events.id = wanted.value",
            json.dumps([*ids]),
        )
        # A commit often recorded many events.
        commits = self._rows(
            "SELECT number, name, subject, at FROM json_each(?) AS wanted"
            " JOIN commits ON number = wanted.value",
            json.dumps([*{number for _, number in found}]),
        )
        by_number = {number: RecordedBy(*commit) for number, *commit in commits}
        return {event: by_number[number] for event, number in found}

    @property
    def origin(self) -> str:
        """Return a text that stays while an event that has a commit keeps it."""
        ((origin,),) = self._rows("SELECT origin FROM facts")
        return str(origin)

    def state_of(self, product: str) -> str:
        """Return a text that changes whenever the commits of a product's events may differ."""
        ((origin, name),) = self._rows(
            "SELECT origin, (SELECT commits.name FROM products JOIN commits USING (number)"
            " WHERE products.name = ?) FROM facts",
            product,
        )
        return f"{origin} {name or ''}"

    def __getitem__(self, event: str) -> RecordedBy:
        found = self._rows(
            "SELECT commits.name, subject, at FROM events JOIN commits USING (number)"
            " WHERE events.id = ?",
            event,
        )
        if not found:
            raise KeyError(event)
        return RecordedBy(*found[0])

    def __iter__(self) -> Iterator[str]:
        return iter([event for (event,) in self._rows("SELECT id FROM events")])

    def __len__(self) -> int:
        return int(self._rows("SELECT COUNT(*) FROM events")[0][0])

    def __bool__(self) -> bool:
        return bool(self._rows("SELECT 1 FROM events LIMIT 1"))

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with suppress(sqlite3.DatabaseError):
            return self._database().execute(query, values).fetchall()
        # A page of the file is damaged: the next build makes a new one.
        self._connection = _in_memory(self._repo, self._revision)
        with suppress(sqlite3.Error, OSError):
            _remove_damaged(_path(self._repo))
        return self._connection.execute(query, values).fetchall()

    def _database(self) -> sqlite3.Connection:
        # A connection belongs to the process that made it; a child makes its own.
        if self._connection is None or self._process != os.getpid():
            self._connection = _open(self._repo, self._revision)
            self._process = os.getpid()
        return self._connection


def recorded_events(repo: Repository, revision: str) -> EventCommits | dict[str, RecordedBy]:
    """Return the commit that recorded each event in the history of a revision, by event id.

    Returns nothing for a shallow clone, which has only a part of the history. The result is
    kept in the git directory, so that the next call reads the new commits only.
    """
    if is_shallow(repo):
        return {}
    commits = EventCommits(repo, revision)
    # Read the history now: a caller may do other work meanwhile.
    with closing(_open(repo, revision)):
        return commits


def _open(repo: Repository, revision: str) -> sqlite3.Connection:
    """Return a database of the history of a revision, in a transaction that reads."""
    path = _path(repo)
    with suppress(sqlite3.Error, OSError):
        return _opened(repo, revision, path)
    # A locked or damaged file, or a folder that cannot be written to, must not stop a build.
    with suppress(sqlite3.DatabaseError, OSError):
        _remove_damaged(path)
        return _opened(repo, revision, path)
    return _in_memory(repo, revision)


def _path(repo: Repository) -> Path:
    return state_file(repo.common_dir, _FILE)


def _in_memory(repo: Repository, revision: str) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _bring_up_to_date(repo, revision, connection)
    return connection


def _opened(repo: Repository, revision: str, path: Path) -> sqlite3.Connection:
    if path.is_symlink():
        path.unlink()
    connection = open_database(path, seconds=_WAIT_SECONDS, other_threads=True)
    try:
        if _known(connection).revision != revision:
            _bring_up_to_date(repo, revision, connection)
        connection.execute("BEGIN")
        if _known(connection).revision != revision:
            raise sqlite3.OperationalError("another process reads another history")
    except BaseException:
        connection.close()
        raise
    return connection


def _remove_damaged(path: Path) -> None:
    """Remove a file that is no database; raise sqlite3.Error or OSError where it is one."""
    try:
        with closing(sqlite3.connect(path, timeout=1)) as connection:
            sound = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        sound = False
    if sound:
        raise sqlite3.OperationalError("the file is sound")
    remove_database(path)


def _known(connection: sqlite3.Connection) -> _Known:
    with suppress(sqlite3.OperationalError):
        found = connection.execute("SELECT format, revision, origin FROM facts").fetchone()
        if found is not None and found[0] == _FORMAT:
            return _Known(str(found[1]), str(found[2]))
    return _Known("", "")


def _bring_up_to_date(repo: Repository, revision: str, connection: sqlite3.Connection) -> None:
    """Read the commits that are not known yet, in one transaction."""
    with _writing(connection):
        known = _known(connection)
        if known.revision == revision:
            return
        if not _is_within(repo, known.revision, revision):
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table'"
            ).fetchall():
                connection.execute(f'DROP TABLE "{name}"')
            for statement in filter(str.strip, _TABLES.split(";")):
                connection.execute(statement)
            known = _Known("", revision)
        _add(connection, _lines(repo, known.revision, revision))
        connection.execute("DELETE FROM facts")
        connection.execute(
            "INSERT INTO facts VALUES (?, ?, ?)", (_FORMAT, revision, known.origin)
        )  # fmt: skip


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _lines(repo: Repository, known: str, revision: str) -> Iterator[bytes]:
    """Yield the lines of the log of the commits that are not known yet, oldest first."""
    # In a work tree, git would read its attributes for a diff. This folder has none.
    elsewhere = repo.common_dir / "objects"
    place = [f"--git-dir={repo.common_dir}", f"--work-tree={elsewhere}"]
    args = [*place, *_log(known, revision)]
    with start(args, cwd=elsewhere) as process:
        for line in process.stdout or ():
            yield line.removesuffix(b"\n")
        wrong = process.stderr.read() if process.stderr is not None else b""
    if process.returncode != 0:
        raise failure(args, wrong.decode("utf-8", "replace"))


def _log(known: str, revision: str) -> list[str]:
    diff = ["-p", "-U0", "--text", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color"]
    since = [f"^{known}"] if known else []
    return [
        "log", "--topo-order", "--reverse", f"--format=tformat:{_COMMIT}", "--encoding=UTF-8",
        *diff, "--src-prefix=a/", "--dst-prefix=b/", revision, *since, "--", _LOGS,
    ]  # fmt: skip


def _add(connection: sqlite3.Connection, lines: Iterator[bytes]) -> None:
    events = _events(connection, lines)
    # The first commit counts: later ones move, format or redact.
    while batch := list(islice(events, _BATCH)):
        connection.executemany("INSERT OR IGNORE INTO events VALUES (?, ?)", batch)


def _events(connection: sqlite3.Connection, lines: Iterator[bytes]) -> Iterator[tuple[str, int]]:
    """Yield the events that commits add, each with the number of its commit.

    The commits, and the products whose logs they change, are added to the database.
    """
    number = connection.execute("SELECT COALESCE(MAX(number), 0) FROM commits").fetchone()[0]
    for line in lines:
        if line.startswith(b"+- {"):
            if found := _ID.search(line):
                yield found[1].decode("ascii"), number
        elif line.startswith(b"\0"):
            number += 1
            commit = _commit(line[1:].decode("utf-8", "replace"))
            connection.execute("INSERT INTO commits VALUES (?, ?, ?, ?)", (number, *commit))
        elif changed := _PRODUCT.match(line):
            product = changed[1].decode("utf-8", "replace")
            connection.execute("INSERT OR REPLACE INTO products VALUES (?, ?)", (product, number))


def _commit(line: str) -> RecordedBy:
    from datetime import UTC, datetime

    name, _, rest = line.partition(" ")
    seconds, _, subject = rest.partition(" ")
    at = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return RecordedBy(name, subject, at)


def _is_within(repo: Repository, known: str, revision: str) -> bool:
    if not re.fullmatch(r"[0-9a-f]{40,64}", known):
        return False
    return is_ancestor(repo, known, revision)
