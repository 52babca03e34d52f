"""The entries of an index file: versions 2, 3 and 4, whole or split."""

from __future__ import annotations

import os
import re
import stat
from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING, Final

from versioner.git.files.cached_trees import trees_below
from versioner.git.files.split_index import joined
from versioner.git.object_format import hash_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from versioner.git.files.cached_trees import CachedTree
    from versioner.git.files.split_index import Record

__all__ = ["IndexFile", "read_index"]

_HEADER: Final = 12
_STAT: Final = 40
_EXTENDED: Final = 0x4000
_STAGE: Final = 0x3000
_LONGEST: Final = 0xFFF
_PLAIN, _SHORT_PATHS = 2, 4
_BYTES_MOST: Final = 1024 * 1024 * 1024
_SUBMODULE: Final = b"\0\0\xe0\0"
_MODES: Final = frozenset({0o100644, 0o100755, 0o120000, 0o160000})
_DAMAGE: Final = (IndexError, ValueError, StopIteration)


class IndexFile:
    """An index whose checksum is right; `written` is its file's time in nanoseconds."""

    def __init__(self, data: bytes, written: int, id_bytes: int, folder: Path) -> None:
        self.written = written
        self.id_bytes = id_bytes
        self._data = data
        self._folder = folder
        self._version = int.from_bytes(data[4:8], "big")
        self._fixed = _STAT + id_bytes + 2

    def below(self, folder: bytes) -> dict[bytes, bytes]:
        """Return the entries in a directory by path."""
        prefix = folder + b"/"
        if self._is_searchable and "records" not in self.__dict__:
            return dict(self._search(prefix))
        start = bisect_left(self._paths, prefix)
        end = bisect_left(self._paths, folder + b"0", start)
        return {path: self.records[path] for path in self._paths[start:end]}

    @cached_property
    def submodules(self) -> set[bytes]:
        """Return the paths of submodules."""
        if not self._is_searchable:
            return {path for path, record in self.records.items() if record[24:28] == _SUBMODULE}
        found = set()
        at = self._data.find(_SUBMODULE)
        while at >= 0:
            path = at - 24 + self._fixed
            if self._begins_path(path):
                found.add(self._data[path : self._data.index(b"\0", path)])
            at = self._data.find(_SUBMODULE, at + 1)
        return found

    @property
    def may_leave_out(self) -> bool:
        """Return whether an entry can have the mark of a file that is left out."""
        return not self._is_searchable

    @cached_property
    def records(self) -> dict[bytes, bytes]:
        """Return all entries by path."""
        try:
            if self._is_searchable and (found := self._matched()):
                return found
            return dict(self._all())
        except _DAMAGE:
            return {}

    def trees_below(self, folder: str) -> dict[str, CachedTree]:
        """Return the trees of the directories in `folder` by name, those that are valid."""
        data = self._extension(b"TREE")
        try:
            return trees_below(data or b"", folder, self.id_bytes)
        except _DAMAGE:
            return {}

    @cached_property
    def _paths(self) -> list[bytes]:
        return list(self.records)

    @cached_property
    def _is_searchable(self) -> bool:
        """Return whether each path stands whole in the file, after flags of two bytes."""
        return self._version == _PLAIN and self._extension(b"link") is None

    def _search(self, prefix: bytes) -> Iterator[Record]:
        """Yield the entries whose path starts with `prefix`, which stand together."""
        data, fixed = self._data, self._fixed
        at = data.find(prefix)
        while at >= 0 and not self._begins_path(at):
            at = data.find(prefix, at + 1)
        while at >= 0 and data.startswith(prefix, at) and self._begins_path(at):
            end = data.index(b"\0", at)
            yield data[at:end], data[at - fixed : at]
            # An entry ends with one to eight zero bytes, so that its length is eightfold.
            at += fixed + end - at + 8 & ~7

    def _begins_path(self, at: int) -> bool:
        start = at - self._fixed
        if start < _HEADER or (start - _HEADER) % 8:
            return False
        length = int.from_bytes(self._data[at - 2 : at], "big") & _LONGEST
        mode = int.from_bytes(self._data[start + 24 : start + 28], "big")
        end = self._data.find(b"\0", at)
        return mode in _MODES and min(end - at, _LONGEST) == length

    def _matched(self) -> dict[bytes, bytes] | None:
        """Return all entries, found by a pattern; None where there are others."""
        # Where an entry begins with a zero byte, the paths are found in part: they are unknown.
        pattern = re.compile(rb"(?s)(.{%d})([^\0]+)\0{1,8}" % self._fixed)
        count = int.from_bytes(self._data[8:_HEADER], "big")
        found = {path: record for record, path in pattern.findall(self._data, _HEADER)[:count]}
        return found if len(found) == count else None

    def _all(self) -> Iterator[Record]:
        link = self._extension(b"link")
        own = [*self._walk()]
        shared = (link or b"")[: self.id_bytes]
        if not any(shared):
            return iter(own)
        base = _read(self._folder / f"sharedindex.{shared.hex()}", self.id_bytes)
        if base is None or not base[0].endswith(shared):
            return iter(())
        entries = [*IndexFile(*base, self.id_bytes, self._folder)._walk()]
        return joined((link or b"")[self.id_bytes :], entries, own)

    def _walk(self) -> Iterator[Record]:
        data, fixed, short = self._data, self._fixed, self._version >= _SHORT_PATHS
        at, path = _HEADER, b""
        for _ in range(int.from_bytes(data[8:_HEADER], "big")):
            start = at + fixed + 2 * (data[at + fixed - 2] >> 6 & 1)
            record = data[at:start]
            if short:
                cut, begin = _number(data, start)
                end = data.index(b"\0", begin)
                path = path[: len(path) - cut] + data[begin:end]
                at = end + 1
            else:
                end = data.index(b"\0", start)
                path = data[start:end]
                at += (end - at + 8) & ~7
            yield path, record

    def _extension(self, signature: bytes) -> bytes | None:
        """Return the bytes of an extension, None where there is none."""
        at = self._data.rfind(signature)
        while at >= 0 and not self._is_chained(at):
            at = self._data.rfind(signature, 0, at)
        if at < 0:
            return None
        return self._data[at + 8 : at + 8 + int.from_bytes(self._data[at + 4 : at + 8], "big")]

    def _is_chained(self, at: int) -> bool:
        """Return whether an extension is at a place: each leads to the next, to the checksum."""
        end = len(self._data) - self.id_bytes
        while at + 8 <= end and self._data[at : at + 4].isalpha():
            at += 8 + int.from_bytes(self._data[at + 4 : at + 8], "big")
        return at == end


def read_index(folder: Path, id_bytes: int) -> IndexFile | None:
    """Return the index of a git directory, None where it is missing, damaged or unknown."""
    read = _read(folder / "index", id_bytes)
    return None if read is None else IndexFile(*read, id_bytes, folder)


def _read(path: Path, id_bytes: int) -> tuple[bytes, int] | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _BYTES_MOST:
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read()
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return (data, found.st_mtime_ns) if _is_sound(data, id_bytes) else None


def _is_sound(data: bytes, id_bytes: int) -> bool:
    if len(data) < _HEADER + id_bytes or data[:4] != b"DIRC":
        return False
    if int.from_bytes(data[4:8], "big") not in (2, 3, 4):
        return False
    name = "sha256" if id_bytes == 32 else "sha1"
    written = data[-id_bytes:]
    # With index.skipHash there is no checksum.
    checked = memoryview(data)[:-id_bytes]
    return not any(written) or hash_bytes(checked, name) == written.hex()


def _number(data: Sequence[int], at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = (value + 1 << 7) + (data[at] & 0x7F)
    return value, at + 1
