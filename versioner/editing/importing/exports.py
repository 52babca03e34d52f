"""The exports of other systems: which one a file is, and what their readers share."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, cast

from versioner.editing.importing.options import SHAPES, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.editing.importing.options import SourceRow

__all__ = [
    "ExportReader",
    "ExportRow",
    "export_of",
    "objects_in",
    "reader_of",
    "repository_of",
    "text_of",
    "version_of",
]

_MODULES: Final = {shape: shape.partition("-")[0] for shape in SHAPES}
# A tag that names a version; any other name may be a branch, whose content changes.
_TAG: Final = re.compile(r"(?:refs/tags/)?(v?[0-9]+(?:\.[0-9]+)+[0-9A-Za-z.+_-]*)")
_SHORT: Final = 8


class ExportRow(NamedTuple):
    """One event of an export: its fields, and the object that they are read from."""

    place: Place
    fields: dict[str, Any]
    values: Mapping[str, Any]
    fault: str = ""


class ExportReader(Protocol):
    """The module that reads one system's export."""

    # The meaning of the system's words of status; "-" for those that are no event.
    WORDS: Mapping[str, str]

    def is_one(self, values: Mapping[str, Any]) -> bool:
        """Return whether an object is one of this export."""

    def read(self, rows: Sequence[SourceRow]) -> Iterator[ExportRow]:
        """Yield the events that the objects of a file tell of."""


def reader_of(shape: str) -> ExportReader:
    """Return the reader of an export by the name of its format."""
    return cast("ExportReader", import_module(f"versioner.editing.importing.{_MODULES[shape]}"))


def export_of(values: Mapping[str, Any]) -> str:
    """Return the format of the export that an object is from, "" for none that is known."""
    return next((shape for shape in SHAPES if reader_of(shape).is_one(values)), "")


def text_of(values: Any, *keys: str) -> str:
    """Return the text at the first of some paths that has one, "" for none."""
    for path in keys:
        found = values
        for key in path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, str) and found.strip():
            return found.strip()
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
    return ""


def objects_in(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; an empty list for any other value."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def version_of(ref: str, sha: str, *, is_tag: bool = False) -> dict[str, str]:
    """Return the version and source of a deployed ref: a tag, else the commit's first digits.

    This is what `track` detects, so that recorded and imported versions are the same.
    """
    tag = _TAG.fullmatch(ref)
    if is_tag or tag is not None or ref.startswith("refs/tags/"):
        version, branch = tag[1] if tag else ref.removeprefix("refs/tags/"), ""
    elif sha:
        version, branch = sha[:_SHORT], "" if sha.startswith(ref) else ref
    else:
        version, branch = ref, ""
    return {"version": version, "scm_sha": sha, "scm_branch": branch.removeprefix("refs/heads/")}


def repository_of(path: str) -> dict[str, str]:
    """Return the repository `owner/name`, and the product that its name stands for."""
    return {"scm_repository": path, "product": path.rpartition("/")[2]} if path else {}
