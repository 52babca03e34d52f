"""Files that this tool keeps in the git directory, and files that are written by rename."""

from __future__ import annotations

import errno
import json
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import OperationFailed
from versioner.git.process import printable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "MAX_FILE_BYTES",
    "keep_json",
    "read_json",
    "read_regular",
    "state_dir",
    "state_file",
    "sync_folder",
    "write_json",
    "write_whole",
]

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
# A million events take 50 MB in the list of the commits that recorded them.
_JSON_LIMIT: Final = 1024 * 1024 * 1024

_READ: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
# Some network file systems cannot sync a folder.
_NO_SYNC: Final = (errno.EINVAL, errno.ENOTSUP)


def state_dir(common_dir: Path) -> Path:
    """Return the tool's folder in the git directory; create it where it is missing."""
    folder = common_dir / "versioner"
    try:
        folder.mkdir(exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise OperationFailed(f"cannot write to {common_dir}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise OperationFailed(f"{folder} is not a folder", hint="remove it and try again")
    return folder


def state_file(common_dir: Path, name: str) -> Path:
    """Return the path of one of the tool's files in the git directory."""
    return common_dir / "versioner" / name


def read_regular(path: Path | str, *, limit: int = MAX_FILE_BYTES) -> tuple[bytes, int]:
    """Return the bytes and the mode of a regular file.

    Raises OSError, and OperationFailed for anything but a regular file of at most `limit` bytes.
    """
    descriptor = os.open(path, _READ)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OperationFailed(f"{printable(str(path))} is not a regular file")
        if found.st_size > limit:
            raise OperationFailed(
                f"{printable(str(path))} is larger than {limit // 1024 // 1024} MiB",
                hint="no file of a registry may be that large",
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit + 1), found.st_mode
    finally:
        os.close(descriptor)


def read_json(path: Path) -> Any:
    """Return the value in a JSON file, None where there is no such file or it cannot be read."""
    with suppress(OperationFailed, OSError, ValueError, RecursionError):
        return json.loads(read_regular(path, limit=_JSON_LIMIT)[0])
    return None


def write_json(path: Path, value: Any, *, sync: bool = False) -> None:
    """Write a value as a JSON file, and the folder that it is in; raise OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(value, separators=(",", ":")).encode("ascii"), sync=sync)


def keep_json(path: Path, value: Any) -> None:
    """Write a JSON file that only saves time later: do nothing where that is not possible."""
    with suppress(OSError):
        write_json(path, value)


def write_whole(
    path: Path, data: bytes, *, draft: Path | None = None, mode: int = 0, sync: bool = False
) -> None:
    """Write a file under a temporary name, then rename it; raise OSError.

    Other processes see the old file or the new one, never a part. `draft` is the temporary
    name, by default one beside the file. `mode` are the file's permissions, by default those
    that the umask leaves. With `sync` the file and its name are on the disk at the return.
    """
    draft = draft or path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, _CREATE, mode or 0o666), "wb") as file:
            file.write(data)
            if mode:
                draft.chmod(mode)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    if sync:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk, where the system can do that."""
    if os.name != "posix":  # pragma: no cover
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        # The folder may be written to, but not listed.
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)
