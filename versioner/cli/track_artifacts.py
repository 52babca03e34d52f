"""The artifacts of an event, from `--artifact` and `--artifact-file`."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from versioner.errors import InvalidInput, UsageFault
from versioner.models.events import DEFAULT_ARTIFACT

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["read_artifacts"]

_NAME: Final = "[A-Za-z0-9][A-Za-z0-9._+/:-]{0,127}"
_DIGEST: Final = r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}"
_BARE: Final = {64: "sha256", 128: "sha512"}
# Bytes that are read at once.
_CHUNK: Final = 1 << 20
_RULE: Final = "a digest is sha256: and 64, or sha512: and 128 hexadecimal digits"


def read_artifacts(given: Iterable[str], files: Iterable[str]) -> dict[str, str]:
    """Return the digests of artifacts by name, in order of name.

    `given` are texts `[NAME=]DIGEST`, `files` are texts `[NAME=]PATH`. Raises InvalidInput for a
    text that has no digest, and for two digests of one name; UsageFault for a file that cannot be
    read.
    """
    found: dict[str, str] = {}
    pairs = [*map(_named_digest, given), *map(_file_digest, files)]
    for name, digest in pairs:
        if found.setdefault(name, digest) != digest:
            raise InvalidInput(
                f'the artifact "{name}" has two digests: {found[name][:19]}... and '
                f"{digest[:19]}...",
                field="artifacts",
                hint="give each artifact a name of its own: --artifact NAME=DIGEST",
            )
    return dict(sorted(found.items()))


def _named_digest(text: str) -> tuple[str, str]:
    """Return the name and the digest of `[NAME=]DIGEST`.

    The digest may be the end of an image reference: `ghcr.io/acme/shop@sha256:...`.
    """
    name, separator, value = text.strip().rpartition("=")
    digest = value.rpartition("@")[2].strip().lower()
    if re.fullmatch(_DIGEST, digest) is None:
        hint = _RULE
        if len(digest) in _BARE and re.fullmatch("[0-9a-f]+", digest):
            before = f"{name}=" if separator else ""
            hint = f"write {before}{_BARE[len(digest)]}:{digest}"
        raise InvalidInput(f'"{text[:60]}" has no digest', field="artifacts", hint=hint)
    return _check_name(name) if separator else DEFAULT_ARTIFACT, digest


def _file_digest(text: str) -> tuple[str, str]:
    """Return the name and the SHA-256 of `[NAME=]PATH`; the default name is that of the file."""
    name, separator, rest = text.partition("=")
    path = Path(text)
    if separator and re.fullmatch(_NAME, name.strip()) and not path.is_file():
        path = Path(rest)
    else:
        name = path.name
    return _check_name(name), f"sha256:{_sha256(path)}"


def _check_name(name: str) -> str:
    name = name.strip()
    if re.fullmatch(_NAME, name) is None:
        raise InvalidInput(
            f'"{name[:60]}" is not a legal name of an artifact',
            field="artifacts",
            hint="begin with a letter or digit, then letters, digits and . _ + - / : "
            "(give the name as NAME=...)",
        )
    return name


def _sha256(path: Path) -> str:
    # Only a regular file has an end for certain.
    if path.exists() and not path.is_file():
        raise UsageFault(f"--artifact-file {path}: this is not a file", hint="give a file's path")
    try:
        with path.open("rb") as file:
            # Not hashlib.file_digest, which Python 3.10 lacks: versioner.pyz runs there.
            digest = hashlib.sha256()
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
            return digest.hexdigest()
    except OSError as error:
        raise UsageFault(
            f"--artifact-file {path}: the file cannot be read: {error.strerror or error}",
            hint="record the event after the file is built, or leave the option out",
        ) from None
