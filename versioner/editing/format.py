"""Rewrite the files of a work tree in their canonical form."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from versioner import layout
from versioner.errors import UsageFault, VersionerError
from versioner.git.files.worktree_snapshot import WorkTreeSnapshot
from versioner.git.index import paths_in_crlf
from versioner.git.lock import WriteLock
from versioner.git.state import state_dir
from versioner.git.worktree import file_state, replace_file
from versioner.registry.checks.warnings import drifted
from versioner.registry.config import no_registry
from versioner.serialization.format import format_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from versioner.git.repository import Repository
    from versioner.layout import Place
    from versioner.models import Changes

__all__ = ["FormatResult", "UnformattedFile", "format_registry"]


@dataclass(frozen=True, slots=True)
class UnformattedFile:
    """A file that could not be formatted, and the reason."""

    path: str
    message: str
    hint: str = ""


@dataclass(slots=True)
class FormatResult:
    """The files that changed (or would), those that could not be read, and the number of files."""

    files: int = 0
    changed: list[str] = field(default_factory=list)
    unformatted: list[UnformattedFile] = field(default_factory=list)


def format_registry(
    repository: Repository,
    *,
    wanted: Callable[[str], bool] = lambda path: True,
    schemas: bool = False,
    check: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> FormatResult:
    """Format the files for which `wanted` is true; with `check`, only list those that would change.

    With `schemas`, the repository's copies of the schemas are replaced by the tool's. A file that
    cannot be read stays unchanged. Commits nothing. Raises UsageFault for a bare repository.
    """
    top = repository.work_tree
    if top is None:
        raise UsageFault(
            "a bare repository has no files to format", hint="run it in a clone, and push"
        )
    done = FormatResult()
    # The lock prevents another writer from changing a log between reading and replacing it.
    with nullcontext() if check else WriteLock(repository.common_dir):
        snapshot = WorkTreeSnapshot(repository, top)
        if layout.CONFIG not in snapshot.entries():
            raise no_registry("in this repository")
        if schemas:
            copies = {path: data for path, data in drifted(snapshot).items() if wanted(path)}
            done.files += len(copies)
            _apply(copies, repository, done, check=check)
        places = dict(_places(snapshot, wanted))
        for count, (path, place) in enumerate(places.items(), 1):
            changes = _formatted(path, place, snapshot.read(path) or b"", done)
            if changes and not check and snapshot.is_left_out(path):
                done.unformatted.append(_left_out(path))
            else:
                _apply(changes, repository, done, check=check)
            if progress is not None:
                progress(count, len(places))
        done.files += len(places)
    return done


def _places(
    snapshot: WorkTreeSnapshot, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, Place]]:
    for path, entry in snapshot.entries().items():
        place = layout.place_of(path)
        if place is not None and entry.kind == "file" and wanted(path):
            yield path, place


def _left_out(path: str) -> UnformattedFile:
    return UnformattedFile(
        path,
        "this sparse checkout leaves the file out",
        f"git sparse-checkout add {path.rpartition('/')[0]}",
    )


def _formatted(path: str, place: Place, data: bytes, done: FormatResult) -> Changes:
    try:
        formatted = format_file(place.kind, data)
    except VersionerError as error:
        done.unformatted.append(UnformattedFile(path, error.message, error.hint))
        return {}
    return {} if formatted == data else {path: formatted}


def _apply(changes: Changes, repository: Repository, done: FormatResult, *, check: bool) -> None:
    top = repository.work_tree
    for path, data in changes.items():
        done.changed.append(path)
        if not check and top is not None and data is not None:
            state = file_state(top, path)
            if b"\r\n" in state.data and paths_in_crlf(top, [path]):
                data = data.replace(b"\n", b"\r\n")
            draft_dir = state_dir(repository.common_dir)
            replace_file(top, path, data, draft_dir=draft_dir, mode=state.mode)
