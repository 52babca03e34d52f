"""What earlier exports wrote into a folder: a manifest, and a journal of the present export.

The manifest is replaced whole at the end of an export. Until then each change is a line of the
journal: before files of a part are written or removed, and after. So a killed export leaves a
record of every file that may be its own, and the next one writes those files again.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.errors import OperationFailed
from versioner.export.tables import TABLES
from versioner.git.process import printable
from versioner.git.state import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["DRAFT", "JOURNAL", "MANIFEST", "FileState", "Manifest", "Part"]

MANIFEST: Final = ".versioner-export.json"
JOURNAL: Final = ".versioner-export.journal"
# The beginning of the names of files that are not complete yet.
DRAFT: Final = ".versioner-export.part"
_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
_FORMAT: Final = "versioner-export/1"

_TABLE: Final = f"(?:{'|'.join(TABLES)})"
_OURS: Final = re.compile(
    rf"{_TABLE}(?:/product=[a-z0-9-]+)?(?:/month=[0-9]{{4}}-[0-9]{{2}})?/part-0\.parquet"
    rf"|{_TABLE}\.(?:csv|jsonl)|registry\.sqlite"
)


class FileState(NamedTuple):
    """What a file had when it was written: a hash of its content, its size, its rows."""

    digest: str = ""
    size: int = -1
    rows: int = 0


# A file that an export began to write or to remove.
_UNKNOWN: Final = FileState()


@dataclass(slots=True)
class Part:
    """The files that are written together, by path; `key` is that of what they were made from."""

    key: str = ""
    files: dict[str, FileState] = field(default_factory=dict)


class Manifest:
    """The parts in an export's folder, by format and name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: dict[str, dict[str, Part]] = {}
        self._changed = False
        self._cut = False
        self._read()

    def part(self, format_: str, name: str) -> Part:
        """Return a part, an empty one where there is none."""
        return self._parts.get(format_, {}).get(name) or Part()

    def names(self, format_: str) -> list[str]:
        """Return the names of the parts of a format."""
        return sorted(self._parts.get(format_, ()))

    def begin(self, format_: str, name: str, paths: Iterable[str]) -> None:
        """Note that these files of a part may be written or removed from now on."""
        self._note("begin", format_, name, sorted(paths))

    def end(self, format_: str, name: str, part: Part) -> None:
        """Note what a part has now; one without a key and files is forgotten."""
        self._note("end", format_, name, part.key, part.files)

    def close(self) -> None:
        """Replace the manifest by the present state, and remove the journal; raise OSError."""
        if self._changed or not (self._folder / MANIFEST).exists():
            draft = self._folder / f"{DRAFT}-manifest"
            write_whole(self._folder / MANIFEST, self._bytes(), draft=draft)
        (self._folder / JOURNAL).unlink(missing_ok=True)

    def _note(self, *entry: Any) -> None:
        self._changed = True
        line = json.dumps(entry, separators=(",", ":")) + "\n"
        start, self._cut = "\n" if self._cut else "", False
        with os.fdopen(os.open(self._folder / JOURNAL, _APPEND, 0o666), "w") as journal:
            journal.write(start + line)
        self._apply(entry)

    def _apply(self, entry: Any) -> None:
        word, format_, name, *rest = entry
        parts = self._parts.setdefault(format_, {})
        if word == "begin":
            part = parts.setdefault(name, Part())
            part.key = ""
            part.files.update(dict.fromkeys(_checked(rest[0]), _UNKNOWN))
        elif word == "end":
            key, files = rest
            parts[name] = Part(key, _states(files))
            if not files and not key:
                del parts[name]

    def _read(self) -> None:
        path = self._folder / MANIFEST
        try:
            found: Any = {"format": _FORMAT}
            if path.exists():
                found = json.loads(path.read_bytes())
            if found["format"] != _FORMAT:
                raise ValueError
            for format_, parts in found.get("parts", {}).items():
                self._parts[format_] = {
                    name: Part(str(part["key"]), _states(part["files"]))
                    for name, part in parts.items()
                }
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise OperationFailed(
                f"{printable(str(path))} is not a list of an export's files",
                hint="remove the folder, or give another one",
            ) from None
        self._read_journal()

    def _read_journal(self) -> None:
        with suppress(FileNotFoundError):
            lines = (self._folder / JOURNAL).read_bytes().split(b"\n")
            # The last line of a killed export may be cut.
            self._cut = lines[-1] != b""
            self._changed = True
            for line in lines:
                with suppress(ValueError, TypeError, AttributeError):
                    self._apply(json.loads(line))

    def _bytes(self) -> bytes:
        parts = {
            format_: {
                name: {"key": part.key, "files": dict(sorted(part.files.items()))}
                for name, part in sorted(named.items())
            }
            for format_, named in sorted(self._parts.items())
        }
        whole = {"format": _FORMAT, "parts": parts}
        return (json.dumps(whole, separators=(",", ":")) + "\n").encode("ascii")


def _states(files: Mapping[str, Any]) -> dict[str, FileState]:
    _checked(files)
    return {
        path: FileState(str(digest), int(size), int(rows))
        for path, (digest, size, rows) in files.items()
    }


def _checked(paths: Iterable[str]) -> Iterable[str]:
    """Return paths; raise ValueError for one that no export writes."""
    # The file is not trusted: what it lists may be removed.
    if not all(isinstance(path, str) and _OURS.fullmatch(path) for path in paths):
        raise ValueError
    return paths
