"""Read git objects through one `cat-file --batch` process."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import GitFailure, NotFound, OperationFailed, quoted
from versioner.git.object_format import TreeEntry, parse_tree
from versioner.git.process import command, environment, failure, printable, run, unstartable
from versioner.git.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import IO, Any, Self

    Supply = Callable[[Sequence[str]], None]

__all__ = [
    "GitObject",
    "ObjectReader",
    "OpenRepository",
    "TreeView",
    "contents_of",
    "find_commit",
    "list_tree",
    "missing",
    "read_blobs",
    "reading",
    "tip_view",
]

_TYPES: Final = (b"blob", b"tree", b"commit", b"tag")
# Small enough for any pipe buffer, so that a write never blocks before the answers are read.
_BATCH_BYTES: Final = 4000
_KINDS: Final = {0o120000: "a symbolic link", 0o160000: "a submodule", 0o40000: "a directory"}


class GitObject(NamedTuple):
    """One object."""

    id: str
    type: str
    data: bytes


class ObjectReader:
    """A running git process that reads objects by any name that git understands.

    A name may be an id, `REV:PATH` or `:PATH` (the index as it was at the first such name).
    `supply` fetches objects that a partial clone does not have, by their ids.
    """

    def __init__(
        self, cwd: Path, pass_fds: Sequence[int] = (), supply: Supply | None = None
    ) -> None:
        self._cwd = cwd
        self._pass_fds = pass_fds
        self._supply = supply
        self._process: subprocess.Popen[bytes] | None = None

    def find(self, names: Sequence[str]) -> Iterator[GitObject | None]:
        """Yield the object of each name, in order; None where there is none."""
        for batch in _batches(names):
            asked, answers = self._streams()
            try:
                asked.write("".join(f"{name}\n" for name in batch).encode("utf-8", _ESCAPES))
                asked.flush()
            except OSError as error:
                raise self._broken(batch[0]) from error
            for name in batch:
                yield self._answer(answers, name)

    def find_one(self, name: str) -> GitObject | None:
        """Return one object, or None."""
        return next(iter(self.find([name])))

    def find_or_fetch(self, ids: Sequence[str]) -> Iterator[GitObject | None]:
        """Yield objects by id, in order; those that a partial clone does not have are fetched."""
        found = list(self.find(ids))
        missing_ids = [name for name, each in zip(ids, found, strict=True) if each is None]
        if missing_ids and self._supply is not None:
            self._supply(missing_ids)
            fetched = dict(zip(missing_ids, self.find(missing_ids), strict=True))
            found = [each or fetched[name] for name, each in zip(ids, found, strict=True)]
        yield from found

    def view(self, revision: str | None) -> TreeView:
        """Return a view of the files of a commit."""
        return TreeView(self, revision)

    def note_written(self, objects: Iterable[GitObject]) -> None:
        """Take note of objects that were written now; a reader may keep them."""

    def close(self) -> None:
        """End the process; the next call starts another, which reads the index again."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            try:
                process.stdin.close()
            except OSError:
                process.kill()
        if process.stdout:
            process.stdout.close()
        process.wait()

    def _streams(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            try:
                self._process = subprocess.Popen(
                    command(["cat-file", "--batch"]),
                    cwd=self._cwd,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment(),
                    pass_fds=self._pass_fds,
                )
            except OSError as error:
                raise unstartable(error, self._cwd) from error
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None and answers is not None  # noqa: S101 - both are pipes
        return asked, answers

    def _answer(self, answers: IO[bytes], name: str) -> GitObject | None:
        header = answers.readline()
        if not header.endswith(b"\n"):
            raise self._broken(name)
        parts = header.split()
        if len(parts) != 3 or parts[1] not in _TYPES or not parts[2].isdigit():
            return None
        size = int(parts[2])
        data = answers.read(size + 1)
        if len(data) != size + 1:
            raise self._broken(name)
        return GitObject(parts[0].decode("ascii"), parts[1].decode("ascii"), data[:-1])

    def _broken(self, name: str) -> GitFailure:
        self.close()
        # The batch process reports no reason when it fails; the same request alone does.
        done = run(["cat-file", "-t", name], cwd=self._cwd)
        error = failure(["cat-file"], done.stderr)
        error.hint = error.hint or "`git fsck` reports what is damaged"
        return error


_ESCAPES: Final = "surrogateescape"


def _batches(names: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for name in names:
        if "\n" in name or "\0" in name:
            raise OperationFailed(f"{quoted(name)} is not a legal name of a revision")
        if batch and size + len(name) * 4 > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(name)
        size += len(name) * 4
    if batch:
        yield batch


@contextmanager
def reading(repo: Repository) -> Iterator[ObjectReader]:
    """Yield the reader of an open repository, or a new one that ends with the block."""
    if isinstance(repo, OpenRepository):
        yield repo.reader
        return
    reader = ObjectReader(repo.top)
    try:
        yield reader
    finally:
        reader.close()


class TreeView:
    """The files of one commit by path; each directory is read once.

    A missing object raises GitFailure: a damaged or partial clone must not look like an empty
    registry.
    """

    def __init__(self, reader: ObjectReader, revision: str | None) -> None:
        self._reader = reader
        self._revision = revision
        self._directories: dict[str, Mapping[str, TreeEntry] | None] = {}

    def entry(self, path: str) -> TreeEntry | None:
        """Return the entry at a path, or None."""
        parent, _, name = path.rpartition("/")
        return (self.directory(parent) or {}).get(name)

    def directory(self, path: str) -> Mapping[str, TreeEntry] | None:
        """Return a directory's entries by name; None where there is no such directory."""
        if path not in self._directories:
            self._directories[path] = self._read(path)
        return self._directories[path]

    def blocked_by(self, path: str) -> str | None:
        """Return the nearest parent of a path that is not a directory, or None."""
        parent = path.rpartition("/")[0]
        while parent and self.directory(parent) is None:
            if self.entry(parent) is not None:
                return parent
            parent = parent.rpartition("/")[0]
        return None

    def _read(self, path: str) -> Mapping[str, TreeEntry] | None:
        if self._revision is None:
            return None
        found = self._reader.find_one(f"{self._revision}:{path}")
        if found is not None and found.type == "tree":
            return parse_tree(found.data, len(found.id) // 2)
        name = self._root() if not path else self._below(path)
        if name is None:
            return None
        found = next(self._reader.find_or_fetch([name]))
        if found is None:
            raise missing(path or self._revision)
        return parse_tree(found.data, len(found.id) // 2)

    def _below(self, path: str) -> str | None:
        entry = self.entry(path)
        return entry.id if entry is not None and entry.is_tree else None

    def _root(self) -> str:
        """Return the id of a commit's tree, which a partial clone may not have."""
        commit = self._reader.find_one(f"{self._revision}^{{commit}}")
        if commit is None:
            raise missing(self._revision or "")
        return commit.data[5:].partition(b"\n")[0].decode("ascii")


class OpenRepository(Repository):
    """A repository with a running process that reads its objects."""

    _reader: ObjectReader

    def __new__(cls, repository: Repository, reader: ObjectReader) -> Self:
        """Return a repository whose objects `reader` reads."""
        opened = super().__new__(cls, *repository)
        opened._reader = reader
        return opened

    def _replace(self, **fields: Any) -> Self:
        changed = super()._replace(**fields)
        changed.__dict__.update(self.__dict__)
        return changed

    @property
    def reader(self) -> ObjectReader:
        """Return the reader of this repository."""
        return self._reader

    def view(self) -> TreeView:
        """Return a view of the tip's files."""
        return self.reader.view(self.tip)


def tip_view(repo: Repository, reader: ObjectReader) -> TreeView:
    """Return a view of the tip's files: in a transaction the one that all of it shares."""
    return repo.view() if isinstance(repo, OpenRepository) else TreeView(reader, repo.tip)


def find_commit(repo: Repository, rev: str) -> GitObject:
    """Return the commit of a revision in any of git's notations, or raise NotFound."""
    # The reader gets it on standard input, where a revision cannot be taken for an option.
    plain = rev.isprintable() and rev.strip() == rev and rev != ""
    with reading(repo) as reader:
        commit = reader.find_one(f"{rev}^{{commit}}") if plain else None
    if commit is None:
        hint = "name a branch, tag or commit"
        if (repo.common_dir / "shallow").exists():
            hint += "; this clone is shallow and may not have it: `git fetch --unshallow`"
        raise NotFound(f"there is no revision {quoted(rev)} in this repository", hint=hint)
    return commit


def missing(path: str) -> GitFailure:
    """Return the error for an object that the repository does not have."""
    return GitFailure(
        f"the repository does not have the object of {printable(path)}",
        hint="in a partial clone run `git fetch --refetch --no-filter`; `git fsck` reports damage",
    )


def read_blobs(repo: Repository, tip: str | None, paths: Iterable[str]) -> dict[str, bytes | None]:
    """Return the bytes of regular files at a commit, None for a path that is not there.

    Raises OperationFailed for a link, a directory or a submodule.
    """
    wanted = list(paths)
    with reading(repo) as reader:
        view = TreeView(reader, tip)
        ids = {path: _file_id(view, path) for path in wanted}
        there = {path: name for path, name in ids.items() if name is not None}
        return dict.fromkeys(wanted, None) | contents_of(reader, there)


def contents_of(reader: ObjectReader, ids: Mapping[str, str]) -> dict[str, bytes]:
    """Return the bytes of blobs by path, from their ids; raise GitFailure where one is missing."""
    contents: dict[str, bytes] = {}
    for path, found in zip(ids, reader.find_or_fetch(list(ids.values())), strict=True):
        if found is None:
            raise missing(path)
        contents[path] = found.data
    return contents


def _file_id(view: TreeView, path: str) -> str | None:
    entry = view.entry(path)
    if entry is None:
        blocker = view.blocked_by(path)
        if blocker is not None:
            raise OperationFailed(f"{printable(blocker)} is not a directory in the last commit")
        return None
    if not entry.is_file:
        what = _KINDS.get(entry.mode, "not a regular file")
        raise OperationFailed(
            f"{printable(path)} is {what} in the last commit",
            hint="a registry holds regular files only: remove it and commit that",
        )
    return entry.id


def list_tree(repo: Repository, tip: str | None, path: str) -> list[str]:
    """Return the sorted names in a directory at a commit; none where there is no directory."""
    with reading(repo) as reader:
        return sorted(TreeView(reader, tip).directory(path) or ())
