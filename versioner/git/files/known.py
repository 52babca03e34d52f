"""What was last known of a work tree's files, kept with the stat data that shows that it holds.

git's index knows a file as unchanged, too, but must be read as a whole, with git's configuration.
A question about one product compares the stat data of that product's files alone.

A file is as it was if its time of change (ctime) is: each write sets it, and nobody can set it
back. A directory has the files that it had if the same is true of it, and it is the same one by its
number. A file or directory that was written so shortly before it was looked at that a later write
may have the same time is not kept. Neither is a product with
other things than regular files in it, nor one whose files git may convert, nor one that takes
files from git's index. A system without times of change (Windows) keeps nothing.
"""

from __future__ import annotations

import json
import os
import stat
import struct
import zlib
from array import array
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.errors import OperationFailed
from versioner.git.files.attributes import ATTRIBUTES, FOLDERS
from versioner.git.files.entries import FileEntry
from versioner.git.state import read_regular, state_file, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from versioner.git.repository import Repository

__all__ = ["KnownFiles", "Sighting"]

_FORMAT: Final = 2
_PRODUCTS: Final = "registry/products"
_HEAD: Final = "registry"
_LIMIT: Final = 1024 * 1024 * 1024
# Clocks of file systems have steps of up to 10 ms; where only seconds are known, FAT's of two.
_STEP: Final = 50_000_000
_LONG_STEP: Final = 2_000_000_000
_ESCAPES: Final = "surrogateescape"
# As `array("q")` writes them.
_NUMBER: Final = struct.Struct("q")
_PAIR: Final = struct.Struct("qq")


class Sighting(NamedTuple):
    """The directories (itself is "") and files in a directory, and their stat data."""

    folders: list[str]
    files: list[str]
    stats: bytes

    @property
    def text(self) -> bytes:
        """Return the paths as bytes: a directory ends with a slash, and all stand before files."""
        folders = [f"{path}/" for path in self.folders]
        return "\0".join([*folders, *self.files]).encode("utf-8", _ESCAPES)


class _Kept(NamedTuple):
    """What is kept of a directory: a tree id or entries, and where its paths and stats are."""

    value: Any
    start: int
    middle: int
    end: int
    checksum: int


class KnownFiles:
    """What is kept of the products of a work tree, and of the files beside them.

    `is_plain_index` is asked, if git's index is another one than it was, whether the work tree
    alone says which files there are: no file is in the index only, and no submodule.
    """

    def __init__(self, repo: Repository, top: Path, is_plain_index: Callable[[], bool]) -> None:
        self._path = state_file(repo.git_dir, "work-tree.known")
        self._top = str(top)
        git_dir, common = str(repo.git_dir), str(repo.common_dir)
        self._index = f"{git_dir}/index"
        self._settings = [f"{common}/config", f"{git_dir}/config.worktree"]
        self._settings += [f"{self._top}/{folder}{ATTRIBUTES}" for folder in FOLDERS]
        self._settings.append(f"{common}/info/{ATTRIBUTES.removeprefix('.git')}")
        self._kept: dict[str, _Kept] | None = None
        self._data = b""
        self._has_same_index = False
        self._is_plain_index = is_plain_index
        self._is_other_index_plain: bool | None = None

    def product_names(self) -> set[str] | None:
        """Return the names of the directories of products; None where some may be left out."""
        if not self._holds() or not self._has_folders():
            return None
        with suppress(OSError), os.scandir(f"{self._top}/{_PRODUCTS}") as items:
            return {item.name for item in items if item.is_dir(follow_symlinks=False)}
        return None

    def trees(self, names: Iterable[str]) -> dict[str, str]:
        """Return the tree ids of those products whose files are as they were."""
        if not self._holds() or not self._has_folders():
            return {}
        kept = self._loaded()
        return {
            name: kept[name].value
            for name in names
            if name in kept and self._is_same(kept[name], f"{self._top}/{_PRODUCTS}/{name}")
        }

    def trees_by_file(self, names: Iterable[str], file: str) -> dict[str, str]:
        """Return the tree ids of those products of which one file is as it was.

        There may be no such file: then there was none. Other files may have changed since.
        """
        if not self._holds() or not self._has_folders():
            return {}
        kept, path = self._loaded(), os.fsencode(file)
        return {
            name: kept[name].value
            for name in names
            if name in kept and self._has_same(kept[name], f"{self._top}/{_PRODUCTS}/{name}", path)
        }

    @property
    def is_of_other_index(self) -> bool:
        """Return whether what is kept holds, but git's index must be read to know that."""
        return self._holds() and not self._has_same_index

    def _holds(self) -> bool:
        """Return whether anything is kept that git's index does not contradict."""
        if not self._loaded():
            return False
        if not self._has_same_index and self._is_other_index_plain is None:
            self._is_other_index_plain = self._is_plain_index()
        return self._has_same_index or bool(self._is_other_index_plain)

    def head(self) -> dict[str, FileEntry] | None:
        """Return the entries beside the products; None where they are not known."""
        found = self._loaded().get("")
        if found is None or not self._holds() or not self._has_folders():
            return None
        products = f"{self._top}/{_PRODUCTS}"
        if not self._is_same(found, f"{self._top}/{_HEAD}"):
            return None
        # A repository in a product's directory stands for a submodule, which is named here.
        if any(os.access(f"{products}/{name}/.git", os.F_OK) for name in os.listdir(products)):  # noqa: PTH208 -- faster
            return None
        return {path: FileEntry("file", *fields) for path, *fields in found.value}

    def look(self, names: Iterable[str]) -> dict[str, Sighting]:
        """Return the sightings of products ("": of the files beside them) before they are read.

        Only what can be kept later is in it; there is nothing where nothing can be kept.
        """
        before = self._clock()
        if before is None or not self._has_folders():
            return {}
        found = {}
        for name in names:
            folder = f"{self._top}/{_PRODUCTS}/{name}" if name else f"{self._top}/{_HEAD}"
            seen = _look(folder, before, is_head=not name)
            if seen is not None:
                found[name] = seen
        return found

    def keep(self, found: Mapping[str, tuple[Any, Sighting]]) -> None:
        """Keep what was read after a sighting: a product's tree id, the entries beside them.

        What is kept of others stays, if git's settings are the same. A failure costs time only.
        """
        kept = self._loaded() if self._holds() else {}
        texts: list[bytes] = []
        header: dict[str, Sequence[Any]] = {}
        at = 0
        for name in sorted({*kept, *found}):
            if name in found:
                value, seen = found[name]
                paths = seen.text
                text, middle = paths + seen.stats, len(paths)
            else:
                value, start, middle, end, _ = kept[name]
                text, middle = self._data[start:end], middle - start
            header[name] = (value, at, at + middle, at + len(text), zlib.crc32(text))
            texts.append(text)
            at += len(text)
        self._write(header, texts)

    def _write(self, header: Mapping[str, Sequence[Any]], texts: Sequence[bytes]) -> None:
        whole = [_FORMAT, self._top, *self._key, header]
        text = json.dumps(whole, separators=(",", ":")).encode()
        start = b"%d %d\n" % (zlib.crc32(text), len(text))
        with suppress(OSError, OperationFailed):
            write_whole(self._path, b"".join([start, text, *texts]))

    def _loaded(self) -> dict[str, _Kept]:
        if self._kept is None:
            self._key = [_stats_or_none(self._index), list(map(_stats_or_none, self._settings))]
            self._kept = {}
            if os.name == "posix":
                with suppress(OperationFailed, OSError, ValueError, TypeError, RecursionError):
                    self._kept = self._read()
        return self._kept

    def _read(self) -> dict[str, _Kept]:
        data = read_regular(self._path, limit=_LIMIT)[0]
        start = data.index(b"\n") + 1
        checksum, length = map(int, data[:start].split())
        at = start + length
        text = data[start:at]
        if zlib.crc32(text) != checksum:
            return {}
        form, top, index, settings, header = json.loads(text)
        if [form, top, settings] != [_FORMAT, self._top, self._key[1]]:
            return {}
        self._data = data
        self._has_same_index = index == self._key[0]
        return {
            name: _Kept(value, at + first, at + middle, at + end, crc)
            for name, (value, first, middle, end, crc) in header.items()
        }

    def _is_same(self, kept: _Kept, folder: str) -> bool:
        text = self._data[kept.start : kept.end]
        if zlib.crc32(text) != kept.checksum:
            return False
        cut = kept.middle - kept.start
        known = text[:cut].decode("utf-8", _ESCAPES)
        folders, _, files = known.rpartition("/\0")
        with suppress(OSError, OverflowError, ValueError):
            found = _folder_stats(map(os.lstat, _whole_paths(folder, folders.split("/\0"))))
            found.extend(_file_stats(map(os.lstat, _whole_paths(folder, files.split("\0")))))
            return found.tobytes() == text[cut:]
        return False

    def _has_same(self, kept: _Kept, folder: str, file: bytes) -> bool:
        data, start, middle = self._data, kept.start, kept.middle
        if zlib.crc32(memoryview(data)[start : kept.end]) != kept.checksum:
            return False
        # The zero before the first file, behind the slash of the last directory.
        files = data.rfind(b"/\0", start, middle) + 1
        at = data.find(b"\0/%s\0" % file, files, middle)
        if at < 0 and data.endswith(b"\0/%s" % file, files, middle):
            at = middle - len(file) - 2
        with suppress(OSError, struct.error):
            own = os.lstat(folder)
            # The directory itself stands first, with two numbers, as each directory.
            if not files or (own.st_ctime_ns, own.st_ino) != _PAIR.unpack_from(data, middle):
                return False
            if at < 0:
                return True
            number = 2 * data.count(b"/\0", start, files + 1) + data.count(b"\0", files, at)
            (known,) = _NUMBER.unpack_from(data, middle + number * _NUMBER.size)
            return bool(known == os.lstat(f"{folder}/{os.fsdecode(file)}").st_ctime_ns)
        return False

    def _has_folders(self) -> bool:
        """Return whether the directories above are some, and not links to others."""
        with suppress(OSError):
            return all(
                stat.S_ISDIR(os.lstat(f"{self._top}/{folder}").st_mode)
                for folder in ("registry", _PRODUCTS)
            )
        return False

    def _clock(self) -> int | None:
        """Return the time of the file system, in nanoseconds; None where no file can be kept."""
        self._loaded()
        if os.name != "posix" or not self._path.parent.is_dir():
            return None
        probe = self._path.with_name(f"{self._path.name}.{os.getpid()}.clock")
        with suppress(OSError):
            try:
                probe.touch(exist_ok=False)
                return probe.lstat().st_mtime_ns
            finally:
                probe.unlink(missing_ok=True)
        return None


def _whole_paths(folder: str, paths: Sequence[str]) -> list[str]:
    # A million events are in 33,000 files: this is the fastest way to their paths.
    return (folder + f"\0{folder}".join(paths)).split("\0")


def _folder_stats(states: Iterable[os.stat_result]) -> array[int]:
    return array("q", [each for state in states for each in (state.st_ctime_ns, state.st_ino)])


def _file_stats(states: Iterable[os.stat_result]) -> array[int]:
    return array("q", [state.st_ctime_ns for state in states])


def _stats_or_none(path: str) -> list[int] | None:
    with suppress(OSError):
        found = os.lstat(path)
        return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]
    return None


def _look(folder: str, before: int, *, is_head: bool) -> Sighting | None:
    """Return the sighting of a directory; None where it has something that is not kept.

    With `is_head`, it is the one with the files beside the products.
    """
    folders: dict[str, os.stat_result] = {}
    files: dict[str, os.stat_result] = {}
    pending = [("", os.lstat(folder))]
    while pending:
        path, state = pending.pop()
        moments = (state.st_mtime_ns, state.st_ctime_ns)
        step = _STEP if any(moment % 1_000_000_000 for moment in moments) else _LONG_STEP
        if max(moments) + step >= before:
            return None
        if not stat.S_ISDIR(state.st_mode):
            if not stat.S_ISREG(state.st_mode):
                return None
            files[path] = state
            continue
        folders[path] = state
        with os.scandir(folder + path) as items:
            names = [*items]
        # An empty directory may be a submodule. The attributes above products are settings.
        if not names and not is_head:
            return None
        for item in names:
            if item.name.lower() == ".git" or (item.name == ATTRIBUTES and not is_head):
                return None
            if is_head and path == "/products" and item.is_dir(follow_symlinks=False):
                continue
            pending.append((f"{path}/{item.name}", item.stat(follow_symlinks=False)))
    stats = _folder_stats(folders.values())
    stats.extend(_file_stats(files.values()))
    return Sighting([*folders], [*files], stats.tobytes())
