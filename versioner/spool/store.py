"""The spool: undelivered events, each in a file of its own until it is sent.

A file `<key>.json` has the event's line, and below it when and why it was spooled. A file
`<key>.refused` is an event that was sent and is not valid, or blocked: it is listed, and sent
again only on request.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import Ambiguous, InvalidInput, NotFound, OperationFailed
from versioner.git.state import sync_folder, write_whole
from versioner.secret_scanning import without_secrets
from versioner.spool.codec import (
    LINE_LIMIT,
    SpoolEntry,
    parse_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = [
    "Spool",
    "SpoolContents",
    "UnreadableFile",
    "make_private",
    "read_entry",
    "read_small",
    "write_entry",
]

QUEUE: Final = "queue"
_KEY: Final = "[0-9a-f]{32}"

# A shorter beginning of a key is taken for a mistake.
_SHORTEST: Final = 4
_WAITS: Final = ".json"
_REFUSED: Final = ".refused"
_NOTE_LIMIT: Final = 1000


class UnreadableFile(NamedTuple):
    """A file in the spool folder that is no event, and why it is not."""

    path: Path
    why: str


class SpoolContents(NamedTuple):
    """The events in a spool, oldest first, and its unreadable files."""

    entries: tuple[SpoolEntry, ...] = ()
    refused: tuple[SpoolEntry, ...] = ()
    unreadable: tuple[UnreadableFile, ...] = ()

    def named(self, keys: Iterable[str]) -> list[SpoolEntry]:
        """Return the entries of keys or their beginnings, each once; raise NotFound."""
        return list(dict.fromkeys(self._named(key) for key in keys))

    def _named(self, key: str) -> SpoolEntry:
        # A refused event may be waiting again, with the same key.
        by_key = {each.key: each for each in (*self.refused, *self.entries)}
        found = [by_key[each] for each in by_key if len(key) >= _SHORTEST and each.startswith(key)]
        if len(found) == 1:
            return found[0]
        if len(key) < _SHORTEST:
            what = f'the beginning of a key needs at least {_SHORTEST} characters, "{key}" has '
            what += str(len(key))
        elif found:
            raise Ambiguous(
                f'"{key}" names {len(found)} events',
                [f"{each.key}  {_what(each)}" for each in found],
                remedy="write more characters of one of these keys",
            )
        else:
            what = f'no event here has the key "{key}"'
        raise NotFound(what, hint="`versioner spool list` shows the keys, in full with `-o json`")


def _what(entry: SpoolEntry) -> str:
    document = entry.document
    event = document["event"]
    parts = (event.get("version"), event.get("environment"), event.get("status"))
    return ", ".join(str(each) for each in (document["product"], *parts) if each)


class Spool:
    """A spool folder, which is created, and must be the user's own, when an event is added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, entry: SpoolEntry) -> Path:
        """Write an entry to the disk, and return its file; raise OperationFailed."""
        return self._put(entry, _WAITS)

    def set_aside(self, entry: SpoolEntry, reason: str) -> Path:
        """Mark an entry as refused, so that it is not sent again; `reason` says why."""
        path = self._put(entry._replace(reason=reason), _REFUSED)
        self.drop(entry)
        return path

    def drop(self, entry: SpoolEntry) -> None:
        """Remove an entry that was delivered."""
        try:
            (self.folder / f"{entry.key}{_WAITS}").unlink(missing_ok=True)
        except OSError as error:
            raise OperationFailed(f"cannot remove {entry.key}: {_reason(error)}") from error

    def discard(self, entry: SpoolEntry) -> None:
        """Remove an entry, whether it waits or was refused."""
        self.drop(entry)
        try:
            (self.folder / f"{entry.key}{_REFUSED}").unlink(missing_ok=True)
        except OSError as error:
            raise OperationFailed(f"cannot remove {entry.key}: {_reason(error)}") from error

    def entries(self, repo: str | None = None) -> list[SpoolEntry]:
        """Return the waiting entries, oldest first; with `repo`, those for that registry."""
        return [each for each in self.contents().entries if repo is None or each.repo == repo]

    def contents(self) -> SpoolContents:
        """Return all events in the folder; other files are listed, and not touched."""
        found: dict[str, list[SpoolEntry]] = {_WAITS: [], _REFUSED: []}
        unreadable = []
        for name in self._names():
            path = self.folder / name
            match = re.fullmatch(rf"({_KEY})(\.json|\.refused)", name)
            if match is None:
                unreadable.append(UnreadableFile(path, "its name is not that of an event"))
                continue
            try:
                found[match[2]].append(read_entry(path, match[1]))
            except FileNotFoundError:
                # Another process has sent the event meanwhile.
                continue
            except (OSError, ValueError, InvalidInput) as error:
                unreadable.append(UnreadableFile(path, _reason(error)))
        return SpoolContents(tuple(found[_WAITS]), tuple(found[_REFUSED]), tuple(unreadable))

    def sweep(self, before: float) -> None:
        """Remove temporary files, last modified before a time, that killed processes left."""
        for name in _listed(self.folder):
            path = self.folder / name
            if not re.fullmatch(rf"{_KEY}\.(?:json|refused)\.\d+\.new", name):
                continue
            try:
                if path.lstat().st_mtime < before:
                    path.unlink()
            except OSError:
                continue

    def _names(self) -> Iterator[str]:
        for name in _listed(self.folder):
            if name != QUEUE and not name.endswith(".new"):
                yield name

    def _put(self, entry: SpoolEntry, ending: str) -> Path:
        make_private(self.folder)
        path = self.folder / f"{entry.key}{ending}"
        try:
            write_entry(path, entry, sync=True)
        except OSError as error:
            raise OperationFailed(
                f"cannot write the event to {self.folder}: {_reason(error)}",
                hint="free some space, or set VERSIONER_SPOOL to another folder",
            ) from error
        return path


def write_entry(path: Path, entry: SpoolEntry, *, sync: bool) -> None:
    """Write an entry's file atomically."""
    note = re.sub(r"[^\x20-\x7e]+", " ", without_secrets(entry.reason))[:_NOTE_LIMIT].strip()
    data = f"{entry.line}\n# {entry.kept_at} {note}\n".encode("ascii")
    write_whole(path, data, mode=0o600, sync=sync)


def read_entry(path: Path, key: str) -> SpoolEntry:
    """Read an entry's file; raise OSError, ValueError or InvalidInput if it is none."""
    text = read_small(path, LINE_LIMIT + 2 * _NOTE_LIMIT).decode("ascii")
    line, _, rest = text.partition("\n")
    note = re.match(r"# (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|) ([\x20-\x7e]*)\n", rest)
    entry = parse_line(line)
    return SpoolEntry(key, entry.line, note[1] if note else "", note[2] if note else "")


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OperationFailed(f"cannot read the spool {folder}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, UnicodeDecodeError):
        return "it is not ASCII"
    return str(error)


_OWN: int = -1 if sys.platform == "win32" else os.geteuid()


def make_private(folder: Path) -> None:
    """Create a folder that only its owner may enter; raise OperationFailed if that is not us."""
    try:
        if not folder.is_dir():
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(folder.parent)
        found, above = folder.lstat(), folder.parent.stat()
    except OSError as error:
        raise OperationFailed(f"cannot create the folder {folder}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise OperationFailed(f"{folder} is a link or a file, not a folder", hint=_ELSEWHERE)
    if _OWN == -1:  # pragma: no cover
        return
    # The owner of the parent folder, or a user who may write to it, could replace the folder.
    shared = above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX
    if found.st_uid != _OWN or above.st_uid not in (0, _OWN) or shared:
        raise OperationFailed(
            f"{folder} belongs to another user, or can be replaced by one", hint=_ELSEWHERE
        )
    if found.st_mode & 0o077:
        try:
            folder.chmod(0o700)
        except OSError as error:
            raise OperationFailed(
                f"cannot restrict access to {folder}: {error.strerror}"
            ) from error


_ELSEWHERE = "set VERSIONER_SPOOL to a folder of your own"


def read_small(path: Path, most: int) -> bytes:
    """Read a regular file of this user; raise OSError or ValueError if it is none."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:  # noqa: PTH123 -- of a descriptor
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is not a regular file")
        if _OWN not in (-1, found.st_uid):
            raise ValueError("it belongs to another user")
        if found.st_size > most:
            raise ValueError(f"it has {found.st_size:,} bytes")
        return file.read(most)
