"""Changes whose bytes are in a file, for a commit that is larger than the memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from versioner.errors import OperationFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["StoredChanges"]


class StoredChanges(Mapping[str, "bytes | None"]):
    """New files by path; each is read when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[str, tuple[int, int]] = {}
        self._size = 0
        self._file = (folder / "contents").open("w+b")

    def close(self) -> None:
        """Close the file, which its folder's owner removes."""
        self._file.close()

    def add(self, path: str, data: bytes) -> None:
        """Add a file; raise OperationFailed for a full disk."""
        try:
            self._file.seek(self._size)
            self._file.write(data)
        except OSError as error:
            raise self._failed(error) from error
        self._places[path] = (self._size, len(data))
        self._size += len(data)

    def __getitem__(self, path: str) -> bytes:
        start, length = self._places[path]
        try:
            self._file.seek(start)
            return self._file.read(length)
        except OSError as error:
            raise self._failed(error) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _failed(self, error: OSError) -> OperationFailed:
        return OperationFailed(
            f"cannot write the new logs to {self._folder}: {error.strerror}",
            hint="free space on the disk, or set TMPDIR to a folder on another one",
        )
