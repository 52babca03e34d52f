"""The index: what a sparse checkout leaves out, submodules, line ends, times of written files."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from versioner.git.object_format import TreeEntry, hash_bytes
from versioner.git.process import git, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from versioner.git.repository import Repository

__all__ = [
    "SUBMODULE",
    "files_left_out",
    "paths_in_crlf",
    "release_index",
    "sizes_of",
    "store_stats",
]

_LEFT_OUT: Final = "S"
SUBMODULE: Final = 0o160000
_DRAFT: Final = "versioner-index"
# As many paths as an argument list surely takes.
_ARGUMENTS: Final = 100
# The mark of a file that is left out needs version 3 of the index or a newer one.
_PLAIN_VERSION: Final = 2
# The first version in which a path is stored as what differs from the path before it.
_SHORT_PATHS_VERSION: Final = 4
# An entry is these bytes with times and the like, the id, the flags and the path.
_STAT_BYTES: Final = 40
_HEADER_BYTES: Final = 12
_LONGEST_IN_FLAGS: Final = 0xFFF
_EXTENDED: Final = 0x40
# From this number of paths on, it takes less time to look at all entries than for each path.
_FEW: Final = 100


def files_left_out(top: Path, git_dir: Path) -> dict[str, TreeEntry]:
    """Return the entries of a work tree's index that git leaves out of the work tree, by path.

    These are marked `skip-worktree`, as a sparse checkout does. Costs no process where there
    are none.
    """
    if not _may_leave_out(git_dir):
        return {}
    return {path: entry for tag, path, entry in _entries(top, []) if tag == _LEFT_OUT}


def paths_in_crlf(top: Path, paths: Sequence[str]) -> set[str]:
    """Return those of some paths that git writes to the work tree with CRLF, and stores with LF.

    The attributes `text` and `eol` decide, and without them `core.autocrlf`. No filter runs.
    """
    from versioner.git.config import is_true, value_of

    auto = is_true(top, "core.autocrlf")
    usual = "crlf" if os.name == "nt" else "lf"
    named = value_of(top, "core.eol").lower()
    explicit = (named if named in ("lf", "crlf") else usual) == "crlf"
    asked = paths if len(paths) <= _ARGUMENTS else []
    args = ["--literal-pathspecs", "ls-files", "-z", "--eol", "--cached", "--others", "--", *asked]
    found = set()
    for line in git(args, cwd=top).decode("utf-8", "surrogateescape").split("\0")[:-1]:
        ends, _, path = line.partition("\t")
        stored, _, *attributes = ends.split()
        if _is_crlf(stored, attributes, auto=auto, explicit=explicit):
            found.add(path)
    return found.intersection(paths)


def _is_crlf(stored: str, attributes: Sequence[str], *, auto: bool, explicit: bool) -> bool:
    """Return whether git converts a file, from what `ls-files --eol` prints of it."""
    text = attributes[0].removeprefix("attr/") if attributes else ""
    if text == "-text" or "eol=lf" in attributes or text == "eol=lf":
        return False
    # Where git only guesses that a file is text, it leaves one alone that is stored with CRLF.
    if text in ("", "text=auto") and stored not in ("i/lf", "i/none", "i/"):
        return False
    return auto or "eol=crlf" in attributes or (text != "" and explicit)


def sizes_of(repo: Repository, ids: Sequence[str]) -> dict[str, int]:
    """Return the sizes of those objects that the repository has, by id."""
    asked = "".join(f"{name}\n" for name in ids).encode("ascii")
    args = ["cat-file", "--batch-check=%(objectname) %(objectsize)"]
    lines = run(args, cwd=repo.top, stdin=asked).stdout.decode("ascii", "replace").splitlines()
    pairs = (line.split(" ") for line in lines)
    return {name: int(size) for name, size in pairs if size.isdigit()}


def _entries(top: Path, paths: Sequence[str]) -> Iterator[tuple[str, str, TreeEntry]]:
    args = ["--literal-pathspecs", "ls-files", "-z", "-t", "--stage", "--", *paths]
    for line in git(args, cwd=top).decode("utf-8", "surrogateescape").split("\0")[:-1]:
        head, _, path = line.partition("\t")
        tag, mode, name, _ = head.split()
        yield tag, path, TreeEntry(int(mode, 8), name)


def _may_leave_out(git_dir: Path) -> bool:
    try:
        descriptor = os.open(git_dir / "index", os.O_RDONLY)
    except OSError:
        return False
    try:
        version = int.from_bytes(os.read(descriptor, 8)[4:], "big")
    finally:
        os.close(descriptor)
    # A split index has its marks in another file.
    return version > _PLAIN_VERSION or (git_dir / "info" / "sparse-checkout").exists()


def store_stats(top: Path, git_dir: Path, ids: Mapping[str, str]) -> None:
    """Write the times and sizes of files into the index, where they are unknown after a write.

    `ids` are the blob ids of the paths, which the files have. git then sees without reading them
    that they are unchanged, as `git diff-files` and `git diff-index` need. Does nothing where
    another process has the index locked or has changed it.
    """
    with suppress(OSError):
        index = git_dir / "index"
        before, data = index.stat(), bytearray(index.read_bytes())
        stats = {path: (top / path).lstat() for path in ids}
        if _with_stats(data, ids, stats):
            _replace(git_dir, before, bytes(data))


def _with_stats(
    data: bytearray, ids: Mapping[str, str], stats: Mapping[str, os.stat_result]
) -> bool:
    """Change the entries of paths in the bytes of an index; return whether any was changed."""
    changed = False
    known = _positions(data, len(next(iter(ids.values()))) // 2) if len(ids) > _FEW else {}
    for path, name in ids.items():
        encoded, blob = path.encode("utf-8", "surrogateescape"), bytes.fromhex(name)
        at = known.get((encoded, blob)) if known else _position(data, encoded, blob)
        if at is not None and stat.S_ISREG(stats[path].st_mode):
            for offset, value in _fields(stats[path]):
                data[at + offset : at + offset + 4] = (value & 0xFFFFFFFF).to_bytes(4, "big")
            changed = True
    if changed:
        many = len(bytes.fromhex(next(iter(ids.values()))))
        # With index.skipHash there is no checksum.
        if any(data[-many:]):
            name = "sha256" if many == 32 else "sha1"
            data[-many:] = bytes.fromhex(hash_bytes(memoryview(data)[:-many], name))
    return changed


def _positions(data: bytearray, id_bytes: int) -> dict[tuple[bytes, bytes], int]:
    """Return where each entry begins, by path and id; none for an index with shortened paths."""
    found: dict[tuple[bytes, bytes], int] = {}
    if int.from_bytes(data[4:8], "big") >= _SHORT_PATHS_VERSION:
        return found
    at = _HEADER_BYTES
    for _ in range(int.from_bytes(data[8:12], "big")):
        flags = at + _STAT_BYTES + id_bytes
        start = flags + (4 if data[flags] & _EXTENDED else 2)
        end = data.index(0, start)
        found[bytes(data[start:end]), bytes(data[at + _STAT_BYTES : flags])] = at
        # One to eight zero bytes follow, up to a multiple of eight.
        at += (end - at + 8) // 8 * 8
    return found


def _position(data: bytearray, path: bytes, name: bytes) -> int | None:
    """Return where the entry of a path begins, None where there is none that is sure."""
    short = int.from_bytes(data[4:8], "big") >= _SHORT_PATHS_VERSION
    wanted = name + min(len(path), _LONGEST_IN_FLAGS).to_bytes(2, "big")
    wanted += b"" if short else path + b"\0"
    at = data.find(wanted)
    if at < 0:
        # In a split index, an entry in place of a shared one has no path.
        short, wanted = False, name + bytes(3)
        at = data.find(wanted)
    if at < _HEADER_BYTES + _STAT_BYTES or data.find(wanted, at + 1) >= 0:
        return None
    if short and not path.endswith(_end_of_path(data, at + len(wanted))):
        return None
    return at - _STAT_BYTES


def _end_of_path(data: bytearray, at: int) -> bytes:
    """Return what an entry has of its path, after a number of variable length."""
    # All bytes of the number but the last have the high bit.
    while data[at] & 0x80:
        at += 1
    return bytes(data[at + 1 : data.index(0, at + 1)])


def _fields(found: os.stat_result) -> Iterator[tuple[int, int]]:
    """Yield the fields of an entry as (offset, value); git's mode is not one of them."""
    posix = os.name == "posix"
    yield 0, found.st_ctime_ns // 1_000_000_000
    yield 4, found.st_ctime_ns % 1_000_000_000
    yield 8, found.st_mtime_ns // 1_000_000_000
    yield 12, found.st_mtime_ns % 1_000_000_000
    # git on Windows has none of these.
    yield 16, found.st_dev if posix else 0
    yield 20, found.st_ino if posix else 0
    yield 28, found.st_uid if posix else 0
    yield 32, found.st_gid if posix else 0
    yield 36, found.st_size


def _replace(git_dir: Path, before: os.stat_result, data: bytes) -> None:
    """Replace an index that is as it was `before`; raise OSError where git has it locked.

    git's lock file is a second name of a file of this tool, so that `release_index` can remove
    it if this process is killed. The index keeps its time: git then reads each file that was
    written since, and no change that a user made meanwhile is missed.
    """
    index, lock, draft = (git_dir / name for name in ("index", "index.lock", _DRAFT))
    draft.unlink(missing_ok=True)
    try:
        draft.write_bytes(data)
        draft.chmod(stat.S_IMODE(before.st_mode))
        os.utime(draft, ns=(before.st_atime_ns, before.st_mtime_ns))
        os.link(draft, lock)
        now = index.stat()
        if (now.st_ino, now.st_mtime_ns, now.st_size) == (
            before.st_ino,
            before.st_mtime_ns,
            before.st_size,
        ):
            lock.replace(index)
        else:
            lock.unlink()
    finally:
        draft.unlink(missing_ok=True)


def release_index(git_dir: Path) -> None:
    """Remove the lock on an index that a killed process of this tool left."""
    draft, lock = git_dir / _DRAFT, git_dir / "index.lock"
    with suppress(OSError):
        if draft.samefile(lock):
            lock.unlink()
