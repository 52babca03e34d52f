"""Answers that are kept in a small file in the git directory, each with the key of what it is from.

They follow from files that few commands change: those beside the products. An answer whose key is
another one, a file that is damaged or from another reader count as missing. Several processes may
write the file: each writes what it found, the last one stays.
"""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from versioner.errors import OperationFailed
from versioner.git.state import read_regular, write_whole

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KeptAnswers"]


class KeptAnswers:
    """The answers in the file `path`, those of the reader `reader`; `write` keeps new ones."""

    def __init__(self, path: Path, reader: str) -> None:
        self._path, self._reader = path, reader
        self._known = self._read()
        self._is_changed = False

    def get(self, name: str, key: str) -> Any | None:
        """Return an answer as JSON data, None where none is kept for this key."""
        found = self._known.get(name)
        return found[1] if found is not None and found[0] == key else None

    def put(self, name: str, key: str, answer: Any) -> None:
        """Keep an answer, in place of the one before."""
        self._known[name] = [key, answer]
        self._is_changed = True

    def write(self) -> None:
        """Write the file if an answer is new; a failure only costs time later."""
        if not self._is_changed:
            return
        text = json.dumps([self._reader, self._known], separators=(",", ":")).encode()
        with suppress(OSError, OperationFailed):
            write_whole(self._path, b"%d\n%s" % (zlib.crc32(text), text))

    def _read(self) -> dict[str, Any]:
        with suppress(OperationFailed, OSError, ValueError, TypeError, RecursionError):
            checksum, _, text = read_regular(self._path)[0].partition(b"\n")
            if int(checksum) == zlib.crc32(text):
                reader, known = json.loads(text)
                if reader == self._reader:
                    return dict(known)
        return {}
