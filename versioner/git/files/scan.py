"""The kinds, sizes, ids and bytes of the files of a work tree.

Files that a sparse checkout leaves out are read from the index. Files that git writes with CRLF
have LF here, as in a commit. Links, FIFOs and the like are reported, never followed or opened.
"""

from __future__ import annotations

import os
import stat
from functools import cached_property
from typing import TYPE_CHECKING, AnyStr, Final

from versioner.errors import OperationFailed
from versioner.git.files.attributes import ATTRIBUTES
from versioner.git.files.entries import FileEntry, below, entry_of
from versioner.git.files.tracked import TrackedFiles, mode_of
from versioner.git.index import SUBMODULE, paths_in_crlf, sizes_of
from versioner.git.object_format import hash_object
from versioner.git.objects import contents_of, reading
from versioner.git.process import printable
from versioner.git.state import MAX_FILE_BYTES, read_regular
from versioner.git.worktree import file_state, kind_of_mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from versioner.git.files.entries import EntryKind
    from versioner.git.files.tracked import Records
    from versioner.git.object_format import TreeEntry
    from versioner.git.repository import Repository

__all__ = ["WorkTreeFiles"]

# Files that were read to be known are kept in memory up to this size, and read again beyond it.
_KEPT_BYTES: Final = 64 * 1024 * 1024
_PRODUCTS: Final = "registry/products/"
_ESCAPES: Final = "surrogateescape"
_ATTRIBUTES: Final = ATTRIBUTES.encode("ascii")


class WorkTreeFiles:
    """The files of a work tree."""

    def __init__(self, repo: Repository, top: Path) -> None:
        self._repo = repo
        self._top = top
        self._tracked = TrackedFiles(repo, top)
        self._bytes: dict[str, bytes] = {}
        self._kept = 0
        # The ids of files that were not read, or not kept; and of these the files that are as
        # in the index in their mode, too.
        self._ids: dict[str, str] = {}
        self._same: set[str] = set()
        self._unkept: set[str] = set()
        # Those with CRLF: git's configuration says what they are in a commit.
        self._with_crlf: set[str] = set()

    @cached_property
    def left_out(self) -> dict[str, TreeEntry]:
        """Return the index's entries of files that are left out of the work tree."""
        # What was written to such a path by hand is in the work tree.
        return {
            path: entry
            for path, entry in self._tracked.left_out.items()
            if not os.path.lexists(self._top / path)
        }

    @property
    def tracked(self) -> TrackedFiles:
        """Return the files that git's index knows."""
        return self._tracked

    def is_doubtful(self, folder: str) -> bool:
        """Return whether a file in a directory was read that may be another one in a commit."""
        odd = (*self._with_crlf, *self._unkept)
        return any(path.startswith(f"{folder}/") for path in odd)

    def folders(self, folder: str) -> set[str]:
        """Return the names of the directories in a directory; none where it is not one."""
        found = _lstat(self._top, folder)
        if found is None or not stat.S_ISDIR(found.st_mode):
            return set()
        return {item.name for item in _scan(str(self._top / folder)) if _is_folder(item)}

    def below(self, under: str, without: str = "") -> dict[str, FileEntry]:
        """Return everything below a directory (and at it, unless a directory) by path.

        Directories in the directory `without` are passed over.
        """
        found = dict(self._walk(under, without))
        for path in self._convert(found):
            data = self._bytes[path]
            found[path] = found[path]._replace(size=len(data), id=self._hash(data))
        if self._tracked.rules.converts:
            self._set_sizes(found)
        return dict(sorted({**self._entries_left_out(under, without), **found}.items()))

    def trees_of_unchanged(
        self, folder: str, names: Iterable[str], known: Mapping[str, Mapping[str, FileEntry]] | None
    ) -> dict[str, str]:
        """Return the tree ids of directories in `folder` that are as the index's entries.

        `known` are their entries by name, where these are known.
        """
        trees = self._tracked.trees_below(folder)
        there = {name: trees[name] for name in names if name in trees}
        records = self._tracked.below(folder) if there else {}
        found = {}
        for name, tree in there.items():
            path = f"{folder}/{name}"
            if known is None:
                count = self._count(
                    os.fsencode(self._top / path), path.encode("utf-8", _ESCAPES), records
                )
            else:
                entries = known.get(name, {})
                count = len(entries) if self._same.issuperset(entries) else -1
            if count == tree.size:
                found[name] = tree.id
        return found

    def read(self, path: str) -> bytes | None:
        """Return a regular file's bytes, or None."""
        if path not in self._bytes:
            state = file_state(self._top, path)
            if state.kind == "file" and path not in self._ids and b"\r\n" in state.data:
                # The index says whether this is how git writes the file.
                self.below(path)
            if path in self._bytes:
                pass
            elif path in self._ids:
                # The bytes are not kept, because a command that reads all files would have all
                # of them in memory. The id assures that a second read returns the same bytes.
                return self._as_known(path, state.data)
            elif state.kind == "file":
                self._bytes[path] = state.data
                self._convert([path])
            elif state.kind == "absent":
                self.read_left_out([path])
        return self._bytes.get(path)

    def read_left_out(self, paths: Iterable[str]) -> None:
        """Read those files that are left out of the work tree, together."""
        left_out = self.left_out
        wanted = {
            path: left_out[path].id
            for path in paths
            if path in left_out and left_out[path].is_file and path not in self._bytes
        }
        if wanted:
            with reading(self._repo) as reader:
                self._bytes |= contents_of(reader, wanted)

    def _as_known(self, path: str, data: bytes) -> bytes:
        """Return the bytes of a file whose id is known, from the data that it has now."""
        wanted = self._ids[path]
        for each in (data, data.replace(b"\r\n", b"\n")):
            if self._hash(each) == wanted:
                return each
        if path in self._unkept:
            raise OperationFailed(
                f"{printable(path)} was changed while it was read", hint="run the command again"
            )
        # The file was changed meanwhile, or git converts it in another way.
        with reading(self._repo) as reader:
            return contents_of(reader, {path: wanted})[path]

    def _entries_left_out(self, under: str, without: str) -> dict[str, FileEntry]:
        chosen = {
            path: each
            for path, each in self.left_out.items()
            if below(path, under) and not _is_in_folder_of(path, without)
        }
        sizes = sizes_of(self._repo, [each.id for each in chosen.values()]) if chosen else {}
        return {
            path: entry_of(each.mode, each.id, sizes.get(each.id, 0))
            for path, each in chosen.items()
        }

    def _set_sizes(self, found: dict[str, FileEntry]) -> None:
        """Set the sizes of unread files to those in a commit, where line ends may differ."""
        unread = [path for path in found if path in self._ids and path not in self._unkept]
        sizes = sizes_of(self._repo, [self._ids[path] for path in unread]) if unread else {}
        for path in unread:
            if (size := sizes.get(self._ids[path])) is not None:
                found[path] = found[path]._replace(size=size)

    def _convert(self, paths: Iterable[str]) -> set[str]:
        """Convert those files to LF that git writes with CRLF; return their paths."""
        candidates = [path for path in paths if b"\r\n" in self._bytes.get(path, b"")]
        self._with_crlf.update(candidates)
        found = paths_in_crlf(self._top, candidates) if candidates else set()
        for path in found:
            self._bytes[path] = self._bytes[path].replace(b"\r\n", b"\n")
        return found

    def _walk(self, under: str, without: str) -> Iterator[tuple[str, FileEntry]]:
        there = _lstat(self._top, under) if under else self._top.lstat()
        if there is None:
            return
        # The few files beside the products are read anyway.
        records = {} if without else self._tracked.below(under)
        if not stat.S_ISDIR(there.st_mode):
            yield under, self._entry(under, there, self._tracked.at(under))
            return
        pending = [(under, records)]
        while pending:
            folder, records = pending.pop()
            items = _scan(str(self._top / folder))
            if self._is_submodule(folder, items, under):
                yield folder, entry_of(SUBMODULE, "", 0)
                continue
            if any(item.name == ATTRIBUTES for item in items) and folder.startswith(_PRODUCTS):
                records = {}
            for item in items:
                path = f"{folder}/{item.name}" if folder else item.name
                if not _is_folder(item):
                    yield path, self._entry(path, item.stat(follow_symlinks=False), records)
                elif without and folder == without:
                    if self._is_empty_submodule(path) or self._is_repository(path):
                        yield path, entry_of(SUBMODULE, "", 0)
                elif path != ".git":
                    pending.append((path, records))

    def _is_submodule(self, folder: str, items: list[os.DirEntry[str]], under: str) -> bool:
        # In a clone without its submodules, each of them is an empty folder.
        if not items:
            return self._tracked.is_submodule(folder)
        # A repository inside the registry is a submodule, or looks like one.
        if folder == under and not folder.startswith(_PRODUCTS):
            return False
        return any(item.name.lower() == ".git" for item in items) and self._is_repository(folder)

    def _is_empty_submodule(self, folder: str) -> bool:
        return self._tracked.is_submodule(folder) and not _scan(str(self._top / folder))

    def _is_repository(self, folder: str) -> bool:
        # Asked for each product; faster than a path that is not there.
        return os.access(f"{self._top}/{folder}/.git", os.F_OK)

    def _entry(self, path: str, found: os.stat_result, records: Records) -> FileEntry:
        kind: EntryKind
        if kind_of_mode(found.st_mode) != "file":
            kind = "link" if stat.S_ISLNK(found.st_mode) or stat.S_ISDIR(found.st_mode) else "other"
            return FileEntry(kind, found.st_size, None, 0)
        if found.st_size > MAX_FILE_BYTES:
            return FileEntry("file", found.st_size, None)
        record = records.get(path.encode("utf-8", _ESCAPES))
        mode = self._tracked.rules.mode(found, record)
        if record is not None and self._tracked.is_unchanged(record, found):
            self._ids[path] = name = self._tracked.id_of(record)
            if mode_of(record) == mode:
                self._same.add(path)
            return FileEntry("file", found.st_size, name, mode)
        data = self._content(path)
        name = self._hash(data)
        self._kept += len(data)
        if self._kept <= _KEPT_BYTES or b"\r\n" in data:
            self._bytes[path] = data
        else:
            self._ids[path] = name
            self._unkept.add(path)
        return FileEntry("file", len(data), name, mode)

    def _content(self, path: str) -> bytes:
        target = self._top / path
        try:
            return read_regular(target)[0]
        except OSError as error:
            raise OperationFailed(
                f"cannot read {printable(str(target))}: {error.strerror}"
            ) from error

    def _count(self, folder: bytes, path: bytes, records: Records) -> int:
        """Return how many files are in a directory, all as in the index; else -1."""
        total, prefix = 0, path + b"/"
        get, is_same = records.get, self._tracked.is_same
        for item in _scan(folder):
            name = item.name
            record = get(prefix + name)
            if record is None:
                plain = name.lower() != b".git" and _is_folder(item)
                count = self._count(item.path, prefix + name, records) if plain else -1
                if count < 0:
                    return -1
                total += count
            elif name == _ATTRIBUTES or not is_same(record, item.stat(follow_symlinks=False)):
                return -1
            else:
                total += 1
        return total

    def _hash(self, data: bytes) -> str:
        return hash_object("blob", data, self._repo.object_format)


def _lstat(top: Path, path: str) -> os.stat_result | None:
    """Return the state of a path; None where a parent is not a directory, or nothing is there."""
    target, found = top, None
    for part in path.split("/"):
        if found is not None and not stat.S_ISDIR(found.st_mode):
            return None
        target = target / part
        try:
            found = target.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise OperationFailed(
                f"cannot read {printable(str(target))}: {error.strerror}"
            ) from error
    return found


def _is_folder(item: os.DirEntry[AnyStr]) -> bool:
    # A junction is a link between directories on Windows (Python 3.12 recognizes it).
    is_junction = getattr(item, "is_junction", bool)
    return item.is_dir(follow_symlinks=False) and not is_junction()


def _scan(folder: AnyStr) -> list[os.DirEntry[AnyStr]]:
    try:
        with os.scandir(folder) as items:
            return list(items)
    except OSError as error:
        raise OperationFailed(
            f"cannot read {printable(os.fsdecode(folder))}: {error.strerror}"
        ) from error


def _is_in_folder_of(path: str, without: str) -> bool:
    return bool(without) and path.startswith(f"{without}/") and "/" in path[len(without) + 1 :]
