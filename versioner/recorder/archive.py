"""The recorder as bytes: the same ones for the same files, on every machine and at any time."""

from __future__ import annotations

import hashlib
import io
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from versioner.errors import OperationFailed, UsageFault
from versioner.git.state import write_whole
from versioner.recorder.contents import bundled_versions, recorder_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CHECKSUM", "RECORDER", "MadeRecorder", "made_recorder", "write_recorder"]

# The names of the two files, wherever they are published.
RECORDER: Final = "versioner.pyz"
CHECKSUM: Final = f"{RECORDER}.sha256"

_SHEBANG: Final = b"#!/usr/bin/env python3\n"
# The first moment that the format has.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_MODE: Final = 0o100644
_EXECUTABLE: Final = 0o755
# The highest level takes three times as long, and saves 3 KB.
_LEVEL: Final = 6


class MadeRecorder(NamedTuple):
    """The bytes of the recorder, their SHA-256, and the packages in it with their versions."""

    data: bytes
    sha256: str
    packages: Mapping[str, str]

    def checksum(self, name: str = RECORDER) -> bytes:
        """Return the line that `sha256sum -c` reads."""
        return f"{self.sha256}  {name}\n".encode("ascii")


@cache
def made_recorder() -> MadeRecorder:
    """Return the recorder of this installation; raise OperationFailed where a package is missing.

    The bytes depend on the files alone: names, order, times and modes of the archive are fixed.
    """
    files = recorder_files()
    target = io.BytesIO()
    target.write(_SHEBANG)
    with ZipFile(target, "a") as archive:
        for path in sorted(files):
            entry = ZipInfo(path, _TIME)
            entry.create_system, entry.external_attr = _UNIX, _MODE << 16
            archive.writestr(entry, files[path], ZIP_DEFLATED, _LEVEL)
    data = target.getvalue()
    return MadeRecorder(data, hashlib.sha256(data).hexdigest(), bundled_versions())


def write_recorder(file: Path) -> MadeRecorder:
    """Write the recorder as an executable file, whole or not at all, and return it."""
    if file.exists() and not file.is_file():
        raise UsageFault(f"{file} is not a regular file", hint="give the path of a new file")
    if not file.parent.is_dir():
        raise UsageFault(f"there is no folder {file.parent}", hint="create it first")
    made = made_recorder()
    try:
        write_whole(file, made.data, mode=_EXECUTABLE)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OperationFailed(f"{file} cannot be written: {reason}") from error
    return made
