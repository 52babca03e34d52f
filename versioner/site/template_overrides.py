"""The registry's own templates and assets, in the folder `site_templates/`.

The folder is at the top of the repository, beside `registry/`. A template in it replaces the
tool's template of the same name, and may extend it as `versioner:<name>`. The files in its
`assets/` are published too. Only regular files are read, through a snapshot, so that no symbolic
link leads out of the repository and `--rev` uses the templates of that revision.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from versioner.errors import ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.git.files.entries import FileEntry
    from versioner.git.snapshot import Snapshot

__all__ = ["FOLDER", "NO_OVERRIDES", "Overrides", "overrides_of"]

FOLDER: Final = "site_templates"

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_BYTES_MOST: Final = 2 * 1024 * 1024
_FILES_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Overrides:
    """The registry's own templates by name, and its assets by path on the site."""

    templates: Mapping[str, str] = field(default_factory=dict)
    assets: Mapping[str, bytes] = field(default_factory=dict)


NO_OVERRIDES: Final = Overrides()


def overrides_of(snapshot: Snapshot) -> Overrides:
    """Return the overrides in a snapshot; raise ValidationFailed for an unusable file."""
    entries = snapshot.entries(FOLDER)
    if len(entries) > _FILES_MOST:
        raise ValidationFailed(f"{FOLDER}/ has more than {_FILES_MOST} files")
    for path, entry in entries.items():
        _check(path, entry)
    templates: dict[str, str] = {}
    assets: dict[str, bytes] = {}
    for path, content in snapshot.read_many(entries).items():
        name = path.removeprefix(f"{FOLDER}/")
        if name.startswith("assets/"):
            assets[name] = content
        else:
            templates[name] = _text(path, content)
    return Overrides(templates, assets)


def _check(path: str, entry: FileEntry) -> None:
    if entry.kind != "file":
        raise ValidationFailed(
            f"{path!a} is a link or another special file, and is not read",
            hint="put the file itself there",
        )
    if entry.size > _BYTES_MOST:
        raise ValidationFailed(f"{path!a} is larger than {_BYTES_MOST // 1024 // 1024} MiB")
    if not _NAME.fullmatch(path.removeprefix(f"{FOLDER}/")):
        raise ValidationFailed(
            f"{path!a} cannot be the name of a template",
            hint="use letters, digits, dots, hyphens and underscores",
        )


def _text(path: str, content: bytes) -> str:
    try:
        return content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValidationFailed(f"{path}:{line}: the template is not UTF-8") from error
