"""The seal of the index: what its files were when this tool last wrote them.

The seal has the size, times and number of the database and of its write-ahead log, and a checksum
of each block of the database. Where size and times are as they were, nothing else wrote to the
files. Else the blocks are compared: a file that was cut, overwritten or exchanged is not used.
"""

from __future__ import annotations

import json
import os
import zlib
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from versioner.backoff import Backoff
from versioner.errors import OperationFailed
from versioner.git.state import read_regular, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Seal", "pages_in_log"]

_BLOCK: Final = 64 * 1024
_NUMBER: Final = "I"
_WAL_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_TICK_SECONDS: Final = 0.001
_TICKS_SECONDS: Final = 0.02


def stat_of(path: Path) -> list[int]:
    """Return what tells whether a file was written to; an empty list where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return []
    if not found.st_size and path.name.endswith("-wal"):
        return []
    # SQLite sets the owner of the log whenever root opens it, which changes its ctime. The parts
    # of the log have checksums of their own.
    changed = found.st_mtime_ns if path.name.endswith("-wal") else found.st_ctime_ns
    return [found.st_size, found.st_mtime_ns, changed, found.st_ino]


@dataclass
class Seal:
    """The state of the database `path`; `mixed`: a part of the log is in the database already."""

    database: list[int] = field(default_factory=list)
    log: list[int] = field(default_factory=list)
    log_header: str = ""
    mixed: bool = False
    blocks: array[int] = field(default_factory=lambda: array(_NUMBER))

    @classmethod
    def read(cls, path: Path) -> Seal | None:
        """Return the seal of a database, None where there is none that can be read."""
        with suppress(OperationFailed, OSError, ValueError, TypeError, RecursionError):
            data = read_regular(_file(path))[0]
            checksum, _, sealed = data.partition(b"\n")
            if int(checksum) == zlib.crc32(sealed):
                text, _, blocks = sealed.partition(b"\n")
                database, log, header, mixed = json.loads(text)
                return cls(database, log, header, mixed, array(_NUMBER, blocks))
        return None

    @staticmethod
    def remove(path: Path) -> None:
        """Remove the seal: until the next one, the database is not used."""
        _file(path).unlink(missing_ok=True)

    def write(self, path: Path, pages: Iterable[int] | None, page_size: int) -> None:
        """Seal a database after a write; `pages` (from 1) are those written, None for all.

        Raises OSError, also where the database was removed meanwhile.
        """
        if pages is None:
            self.blocks = array(_NUMBER, _checksums(path))
        else:
            self._update_blocks(path, {(page - 1) * page_size // _BLOCK for page in pages})
        wal = path.with_name(path.name + "-wal")
        self.log_header = _header(wal)
        # A file that is written to in the same tick of the clock after this has the same times.
        tick = Backoff(_TICK_SECONDS, growth=1.0, limit=_TICKS_SECONDS)
        while True:
            self.database, self.log = stat_of(path), stat_of(wal)
            if not self.database:
                raise FileNotFoundError(f"{path} was removed while it was written")
            sealed = self._as_bytes()
            write_whole(_file(path), b"%d\n%s" % (zlib.crc32(sealed), sealed))
            last = max(self.database[2], *self.log[2:3], 0)
            if _file(path).lstat().st_mtime_ns > last or tick.is_over:
                return
            tick.pause()

    def is_unbroken(self, path: Path) -> bool:
        """Return whether nothing was written to the database and its log since."""
        wal = path.with_name(path.name + "-wal")
        return bool(self.database) and [stat_of(path), stat_of(wal)] == [self.database, self.log]

    def has_same_content(self, path: Path) -> bool:
        """Return whether the database has the content that was sealed.

        Its log may have grown: each of its parts has a checksum, and SQLite uses none that is
        wrong.
        """
        wal = path.with_name(path.name + "-wal")
        found = stat_of(path)
        if not found or found[0] != (self.database or [0])[0]:
            return False
        if stat_of(wal) != self.log and (self.mixed or _header(wal) != self.log_header):
            return False
        return array(_NUMBER, _checksums(path)) == self.blocks

    def _as_bytes(self) -> bytes:
        fields = [self.database, self.log, self.log_header, self.mixed]
        return json.dumps(fields).encode() + b"\n" + self.blocks.tobytes()

    def _update_blocks(self, path: Path, numbers: Iterable[int]) -> None:
        size = path.stat().st_size
        count = -(-size // _BLOCK)
        known = len(self.blocks)
        self.blocks = self.blocks[:count] + array(_NUMBER, [0]) * (count - known)
        with path.open("rb") as file:
            for number in {*numbers, *range(max(0, known - 1), count)}:
                if number < count:
                    file.seek(number * _BLOCK)
                    self.blocks[number] = zlib.crc32(file.read(_BLOCK))


def pages_in_log(path: Path, page_size: int) -> set[int]:
    """Return the numbers of the pages in the log of a database."""
    found = set[int]()
    wal = path.with_name(path.name + "-wal")
    with suppress(FileNotFoundError), wal.open("rb") as file:
        file.seek(_WAL_HEADER)
        while len(frame := file.read(_FRAME_HEADER)) == _FRAME_HEADER:
            found.add(int.from_bytes(frame[:4], "big"))
            file.seek(page_size, os.SEEK_CUR)
    return found


def _file(path: Path) -> Path:
    return path.with_suffix(".seal")


def _header(wal: Path) -> str:
    with suppress(OSError), wal.open("rb") as file:
        return file.read(_WAL_HEADER).hex()
    return ""


def _checksums(path: Path) -> Iterable[int]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield zlib.crc32(block)
