"""The rules by which a file's stat data says that it is as git's index knows it.

They are git's own (`ie_match_stat`), but stricter: nanoseconds count, and the mark
`assume-unchanged` does not, so that no edit is hidden.
"""

from __future__ import annotations

import os
import stat
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.git.state import MAX_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from versioner.git.config import Setting

__all__ = ["SETTINGS", "StatRules", "is_left_out", "stat_rules"]

SETTINGS: Final = r"^core\.(trustctime|checkstat|filemode|autocrlf|eol)$"
_FIELDS: Final = struct.Struct(">10I")
_MODES: Final = {0o100000: 0o100644, 0o100100: 0o100755}
_SECOND: Final = 1_000_000_000
# A file that was written so shortly before the index may have been written again after git
# read it, with the same time: the clock of a file system has steps of up to 10 ms.
_STEP: Final = 50_000_000
# Where only seconds are known: FAT counts in steps of two.
_LONG_STEP: Final = 2 * _SECOND
_BITS: Final = 0xFFFFFFFF
_STAGE: Final = 0x3000
_EXTENDED: Final = 0x4000
# These two, in the first byte of the flags.
_SPECIAL: Final = 0x70
_INTENT_TO_ADD: Final = 0x2000
_SKIP_WORKTREE: Final = 0x4000
_POSIX: Final = os.name == "posix"
_FALSE: Final = ("false", "no", "off", "0", "")


class StatRules(NamedTuple):
    """What is compared: the time of change, the inode; whether a file's mode counts.

    `converts` is true where a file may have other line ends than in the commit.
    """

    ctime: bool = True
    whole: bool = True
    executable: bool = True
    converts: bool = False

    def comparison(self, written: int, id_bytes: int) -> Callable[[bytes, os.stat_result], bool]:
        """Return the function that says whether a file has the content that an entry names.

        `written` are the index's nanoseconds. A file as young as it may have changed since.
        """
        unpack, flags = _FIELDS.unpack_from, 40 + id_bytes
        whole, inodes, ctimes = self.whole, self.whole and _POSIX, self.whole and self.ctime

        def is_unchanged(record: bytes, found: os.stat_result) -> bool:
            ctime, ctime_ns, mtime, mtime_ns, _, inode, mode, _, _, size = unpack(record)
            # git writes no size for a file that it must look into.
            if size != found.st_size or not size or mode & 0o170000 != 0o100000:
                return False
            now, changed = found.st_mtime_ns, found.st_ctime_ns
            if whole and mtime_ns:
                moment, change, step = mtime * _SECOND + mtime_ns, ctime * _SECOND + ctime_ns, _STEP
            else:
                moment, change, step = mtime, ctime, _LONG_STEP
                now, changed = now // _SECOND & _BITS, changed // _SECOND & _BITS
            if now != moment or (ctimes and changed != change):
                return False
            if found.st_mtime_ns + step >= written:
                return False
            if inodes and found.st_ino & _BITS != inode:
                return False
            return not record[flags] & _SPECIAL or not _is_special(record, flags)

        return is_unchanged

    def whole_comparison(
        self, written: int, id_bytes: int
    ) -> Callable[[bytes, os.stat_result], bool]:
        """Return the function that says whether a file is as an entry, its mode included.

        It says so at once of a usual file, and asks `comparison` of others.
        """
        compare, unpack, flags = (
            self.comparison(written, id_bytes),
            _FIELDS.unpack_from,
            40 + id_bytes,
        )
        limit = written - _STEP
        is_usual = self == StatRules(converts=self.converts) and _POSIX

        def is_same(record: bytes, found: os.stat_result) -> bool:
            ctime, ctime_ns, mtime, mtime_ns, _, inode, mode, _, _, size = unpack(record)
            now = found.st_mtime_ns
            if (
                now == mtime * _SECOND + mtime_ns
                and found.st_ctime_ns == ctime * _SECOND + ctime_ns
                and found.st_size == size
                and found.st_ino & _BITS == inode
                and _MODES.get(found.st_mode & 0o170100) == mode
                and 0 < size <= MAX_FILE_BYTES
                and mtime_ns
                and now < limit
                and is_usual
                and not record[flags] & _SPECIAL
            ):
                return True
            usual = stat.S_ISREG(found.st_mode) and found.st_size <= MAX_FILE_BYTES
            return usual and self.mode(found, record) == mode and compare(record, found)

        return is_same

    def mode(self, found: os.stat_result, record: bytes | None) -> int:
        """Return git's mode of a regular file; `record` is its entry in the index."""
        if not self.executable:
            known = int.from_bytes(record[24:28], "big") if record is not None else 0
            return known if stat.S_ISREG(known) else 0o100644
        return 0o100755 if _POSIX and found.st_mode & 0o100 else 0o100644


def _is_special(record: bytes, at: int) -> bool:
    """Return whether an entry is one side of a conflict, or of a file that is not yet added."""
    flags = int.from_bytes(record[at : at + 2], "big")
    extended = int.from_bytes(record[at + 2 : at + 4], "big") if flags & _EXTENDED else 0
    return bool(flags & _STAGE or extended & _INTENT_TO_ADD)


def is_left_out(record: bytes, id_bytes: int) -> bool:
    """Return whether an entry has the mark `skip-worktree`."""
    extended = record[42 + id_bytes :]
    return bool(extended) and bool(int.from_bytes(extended, "big") & _SKIP_WORKTREE)


def stat_rules(settings: Iterable[Setting]) -> StatRules:
    """Return the rules that git's configuration sets."""
    values = {each.key.lower(): each.value.lower() for each in settings}
    ends = values.get("core.autocrlf", "false") not in _FALSE
    return StatRules(
        ctime=values.get("core.trustctime", "true") not in _FALSE,
        whole=values.get("core.checkstat") != "minimal",
        executable=values.get("core.filemode", "true") not in _FALSE,
        converts=ends or values.get("core.eol") == "crlf" or not _POSIX,
    )
