"""The version of all that reads files into records: a part of the key of what is kept of them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner import IS_RECORDER, __version__
from versioner.git.state import keep_json, read_json
from versioner.resources import archive_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["reader_version"]

# Folders of the package that only read records, and those that hold no modules. What is read
# and kept does not depend on them.
_ABOVE: Final = frozenset(
    {
        "__pycache__", "cli", "delivery", "docs", "doctor", "editing", "export", "query",
        "recorder", "recording", "reporting", "rules", "server", "setup", "site", "spool",
    }
)  # fmt: skip


def reader_version(package: Path, schemas: Path, memory: Path | None = None) -> str:
    """Return a hash of all that can influence a record: the release, the schemas and the code.

    Between two releases the version stays the same and the code does not. Every module of the
    package counts, in any folder, except those of `_ABOVE`: so no new or moved module is left
    out. Two installations of the same files have the same version.

    `memory` is a file that has the result for the sizes and times of the files. With it, the
    files are read once, and the next call takes a millisecond or two.
    """
    if IS_RECORDER:
        return f"{__version__}-{_digest([archive_path().read_bytes()])[:16]}"
    found = sorted([*_modules(package, ""), *_schemas(schemas)])
    looks = _digest(f"{each.path} {each.size} {each.time}\n".encode() for each in found)
    known = read_json(memory) if memory is not None else None
    if isinstance(known, dict) and known.get("looks") == looks and "version" in known:
        return str(known["version"])
    content = _digest(
        part for each in found for part in (f"{each.path}\0".encode(), _content(each.place))
    )
    version = f"{__version__}-{content[:16]}"
    if memory is not None:
        keep_json(memory, {"looks": looks, "version": version})
    return version


class _File(NamedTuple):
    path: str
    place: str
    size: int
    time: int


def _modules(folder: str | Path, prefix: str) -> Iterator[_File]:
    """Yield the modules of a folder and its subfolders."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.name.endswith(".py"):
                found = entry.stat()
                yield _File(path, entry.path, found.st_size, found.st_mtime_ns)
            elif path not in _ABOVE and entry.is_dir():
                yield from _modules(entry.path, f"{path}/")


def _schemas(folder: Path) -> Iterator[_File]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".json"):
                found = entry.stat()
                path = f"schemas/{entry.name}"
                yield _File(path, entry.path, found.st_size, found.st_mtime_ns)


def _content(place: str) -> bytes:
    # Each part has its own length, so that no two sets of files run together to the same bytes.
    data = Path(place).read_bytes()
    return len(data).to_bytes(8, "big") + data


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256(__version__.encode())
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
