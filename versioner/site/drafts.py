"""Files of a site that are made and not written yet: in memory, or on the disk where they are many.

Nothing is written into a site's folder before all of it is made.
"""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final

from versioner.site.output import write_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Drafts"]

_MEMORY_MOST: Final = 64 * 1024 * 1024


class Drafts:
    """The contents of files by path, in the order in which they were added."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_MEMORY_MOST)  # noqa: SIM115 -- as long as self
        self._sizes: list[tuple[str, int]] = []

    def add(self, path: str, content: bytes) -> None:
        """Add a file."""
        self._file.write(content)
        self._sizes.append((path, len(content)))

    def write(self, out: Path) -> int:
        """Write the files whose content differs into a folder; return how many these were."""
        self._file.seek(0)
        return sum(write_file(f"{out}/{path}", self._file.read(size)) for path, size in self._sizes)

    def close(self) -> None:
        """Drop the files."""
        self._file.close()
