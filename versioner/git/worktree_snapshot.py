"""The registry's files in the work tree, with uncommitted changes.

Files that a sparse checkout leaves out are read from the index. Files that git writes with CRLF
have LF here, as in a commit. Links, FIFOs and the like are
reported, never followed or opened.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Final

from versioner.errors import OperationFailed
from versioner.git.index import (
    SUBMODULE,
    files_left_out,
    paths_in_crlf,
    sizes_of,
    submodules_at,
)
from versioner.git.object_format import hash_object
from versioner.git.objects import contents_of, reading
from versioner.git.process import printable
from versioner.git.snapshot import (
    FileEntry,
    below,
    entry_of,
    product_names_of,
    product_trees_of,
    selection_of,
    snapshot_at,
)
from versioner.git.state import MAX_FILE_BYTES, read_regular
from versioner.git.worktree import file_state, kind_of_mode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from versioner.git.object_format import TreeEntry
    from versioner.git.repository import Repository
    from versioner.git.snapshot import EntryKind, RevisionSnapshot

__all__ = ["WorkTreeSnapshot", "is_leftover_file", "snapshot_of_work_tree"]


def snapshot_of_work_tree(repo: Repository) -> WorkTreeSnapshot | RevisionSnapshot:
    """Return the files of the work tree, or for a bare repository those of its tip."""
    if repo.work_tree is not None:
        return WorkTreeSnapshot(repo, repo.work_tree)
    if repo.tip is None:
        raise OperationFailed(
            "the repository has no commit yet", hint="push a registry to it first"
        )
    return snapshot_at(repo, repo.tip)


class WorkTreeSnapshot:
    """The files of a work tree, with git's ids; each file is read once."""

    def __init__(self, repo: Repository, top: Path) -> None:
        self.revision: str | None = repo.tip
        self._repo = repo
        self._top = top
        self._time: str | None = None
        self._entries: dict[str, dict[str, FileEntry]] = {}
        self._bytes: dict[str, bytes] = {}
        self._index: dict[str, TreeEntry] | None = None

    @property
    def commit_time(self) -> str | None:
        """Return the time of the commit that is checked out."""
        if self._time is None and self.revision is not None:
            self._time = snapshot_at(self._repo, self.revision).commit_time
        return self._time

    def entries(self, under: str = "registry") -> Mapping[str, FileEntry]:
        """Return everything below a directory (and at it, unless a directory) by path."""
        if under not in self._entries:
            self._entries[under] = self._without_leftovers(under)
        return self._entries[under]

    def selected_entries(self, products: Collection[str]) -> Mapping[str, FileEntry]:
        """Return the entries of the registry, but of products only those of the named ones."""
        return selection_of(self.entries(), products)

    def product_names(self) -> set[str]:
        """Return the names of the directories in `registry/products`; one may have no files."""
        return product_names_of(self.entries())

    def product_trees(self, names: Collection[str] | None = None) -> Mapping[str, str | None]:
        """Return each product's tree id, which is the commit's where nothing is changed."""
        found: dict[str, FileEntry] = {}
        for name in names or ():
            found.update(self.entries(f"registry/products/{name}"))
        entries = self.entries() if names is None else found
        return product_trees_of(entries, self._repo.object_format)

    def read(self, path: str) -> bytes | None:
        """Return a regular file's bytes, or None."""
        if path not in self._bytes:
            state = file_state(self._top, path)
            if state.kind == "absent":
                self._read_left_out([path])
            elif state.kind == "file":
                self._bytes[path] = state.data
                self._convert([path])
        return self._bytes.get(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the bytes of those paths that are regular files."""
        wanted = list(paths)
        self._read_left_out(wanted)
        read = ((path, self.read(path)) for path in wanted)
        return {path: data for path, data in read if data is not None}

    def _without_leftovers(self, under: str) -> dict[str, FileEntry]:
        """Return the files without those that an editor left, unless they are committed."""
        there = dict(self._walk(under))
        for path in self._convert(there):
            data = self._bytes[path]
            name = hash_object("blob", data, self._repo.object_format)
            there[path] = there[path]._replace(size=len(data), id=name)
        found = dict(sorted({**self._entries_left_out(under), **there}.items()))
        leftovers = [path for path in found if is_leftover_file(path)]
        if leftovers:
            tip = self.revision
            committed = snapshot_at(self._repo, tip).entries(under) if tip is not None else {}
            for path in leftovers:
                if path not in committed:
                    del found[path]
        return found

    @property
    def _left_out(self) -> dict[str, TreeEntry]:
        """Return the index's entries of files that are left out of the work tree."""
        if self._index is None:
            # What was written to such a path by hand is in the work tree.
            self._index = {
                path: entry
                for path, entry in files_left_out(self._top, self._repo.git_dir).items()
                if not os.path.lexists(self._top / path)
            }
        return self._index

    def is_left_out(self, path: str) -> bool:
        """Return whether a file is in the index only, left out by a sparse checkout."""
        return path in self._left_out

    def _entries_left_out(self, under: str) -> dict[str, FileEntry]:
        chosen = {path: each for path, each in self._left_out.items() if below(path, under)}
        sizes = sizes_of(self._repo, [each.id for each in chosen.values()]) if chosen else {}
        return {
            path: entry_of(each.mode, each.id, sizes.get(each.id, 0))
            for path, each in chosen.items()
        }

    def _read_left_out(self, paths: Iterable[str]) -> None:
        ids = {
            path: self._left_out[path].id
            for path in paths
            if path in self._left_out and self._left_out[path].is_file
        }
        wanted = {path: name for path, name in ids.items() if path not in self._bytes}
        if wanted:
            with reading(self._repo) as reader:
                self._bytes |= contents_of(reader, wanted)

    def _convert(self, paths: Iterable[str]) -> set[str]:
        """Convert those files to LF that git writes with CRLF; return their paths."""
        candidates = [path for path in paths if b"\r\n" in self._bytes.get(path, b"")]
        found = paths_in_crlf(self._top, candidates) if candidates else set()
        for path in found:
            self._bytes[path] = self._bytes[path].replace(b"\r\n", b"\n")
        return found

    def _walk(self, under: str) -> Iterator[tuple[str, FileEntry]]:
        top = self._top / under if under else self._top
        parent = file_state(self._top, under) if under else None
        if parent is not None and parent.kind != "directory":
            if parent.kind != "absent":
                yield under, self._entry(top, under, top.lstat())
            return
        pending = [under]
        empty = []
        while pending:
            folder = pending.pop()
            items = _scan(self._top / folder)
            if not items:
                empty.append(folder)
            for item in items:
                path = f"{folder}/{item.name}" if folder else item.name
                if item.is_dir(follow_symlinks=False) and not _is_junction(item):
                    # A repository inside the registry is a submodule, or looks like one.
                    if (self._top / path / ".git").exists():
                        yield path, entry_of(SUBMODULE, "", 0)
                    elif path != ".git":
                        pending.append(path)
                else:
                    found = item.stat(follow_symlinks=False)
                    yield path, self._entry(self._top / path, path, found)
        # In a clone without its submodules, each of them is an empty folder.
        for path in submodules_at(self._top, empty):
            yield path, entry_of(SUBMODULE, "", 0)

    def _entry(self, target: Path, path: str, found: os.stat_result) -> FileEntry:
        kind: EntryKind
        if kind_of_mode(found.st_mode) != "file":
            kind = "link" if stat.S_ISLNK(found.st_mode) or stat.S_ISDIR(found.st_mode) else "other"
            return FileEntry(kind, found.st_size, None, 0)
        if found.st_size > MAX_FILE_BYTES:
            return FileEntry("file", found.st_size, None)
        try:
            data, _ = read_regular(target)
        except OSError as error:
            raise OperationFailed(
                f"cannot read {printable(str(target))}: {error.strerror}"
            ) from error
        self._bytes[path] = data
        mode = 0o100755 if os.name == "posix" and found.st_mode & 0o100 else 0o100644
        return FileEntry(
            "file", len(data), hash_object("blob", data, self._repo.object_format), mode
        )


def _is_junction(item: os.DirEntry[str]) -> bool:
    # A link between directories on Windows (Python 3.12 recognizes it).
    return bool(getattr(item, "is_junction", lambda: False)())


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            return list(items)
    except OSError as error:
        raise OperationFailed(f"cannot read {printable(str(folder))}: {error.strerror}") from error


# Files of vim, of Emacs, of merges and patches, of macOS and of Windows.
_LEFTOVERS: Final = (
    r".*\.sw[a-p]|.*~|4913|\.#.*|#.*#|.*\.orig|.*\.rej|\.DS_Store|(?i:thumbs\.db|desktop\.ini)"
)


def is_leftover_file(path: str) -> bool:
    """Return whether a file is one that editors leave (as in `starter/dot-gitignore`)."""
    return re.fullmatch(_LEFTOVERS, path.rpartition("/")[2]) is not None
