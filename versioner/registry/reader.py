"""The version of all that reads files into records: a part of the key of what is kept of them."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

from versioner import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["reader_version"]

# Folders of the package that only read records, and those that hold no modules. What is read
# and kept does not depend on them.
_ABOVE: Final = frozenset(
    {
        "__pycache__", "cli", "delivery", "docs", "doctor", "editing", "export", "query",
        "recording", "reporting", "rules", "server", "setup", "site", "spool",
    }
)  # fmt: skip


def reader_version(package: Path, schemas: Path) -> str:
    """Return a hash of all that can influence a record: the release, the schemas and the code.

    Between two releases the version stays the same and the code does not. Every module of the
    package counts, in any folder, except those of `_ABOVE`: so no new or moved module is left
    out. Only the sizes and times of the modules are read, which takes a millisecond or two.
    """
    digest = hashlib.sha256(__version__.encode())
    for schema in sorted(schemas.glob("*.json")):
        digest.update(schema.read_bytes())
    for line in sorted(_module_lines(package, "")):
        digest.update(line.encode())
    return f"{__version__}-{digest.hexdigest()[:16]}"


def _module_lines(folder: str | Path, prefix: str) -> Iterator[str]:
    """Yield a line for each module of a folder and its subfolders: its path, size and time."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.name.endswith(".py"):
                found = entry.stat()
                yield f"{path} {found.st_size} {found.st_mtime_ns}\n"
            elif path not in _ABOVE and entry.is_dir():
                yield from _module_lines(entry.path, f"{path}/")
