"""Convert the files and folders on a command line to paths of the repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from versioner.errors import NotFound, UsageFault

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from versioner.git.repository import Repository

__all__ = ["is_named", "repository_paths"]


def repository_paths(
    repository: Repository, given: Sequence[str], known: Collection[str]
) -> list[str]:
    """Return given paths relative to the repository's top, "" for the top itself.

    Given paths are relative to the current folder; in a bare repository, to its top. Raises
    NotFound for a path that is neither on disk nor in `known`, UsageFault for one outside.
    """
    return [_repository_path(repository, path, known) for path in given]


def is_named(path: str, named: Collection[str]) -> bool:
    """Return whether a path is one of the named paths, or inside one."""
    return any(not each or path == each or path.startswith(f"{each}/") for each in named)


def _repository_path(repository: Repository, given: str, known: Collection[str]) -> str:
    top = repository.work_tree
    if top is None:
        path = Path(os.path.normpath(given))
    else:
        # Links in the folder are followed, but not a link that is the file itself.
        target = Path(os.path.normpath(Path.cwd() / given))
        path = Path(os.path.relpath(Path(os.path.realpath(target.parent)) / target.name, top))
        if target == Path(target.anchor) or os.path.realpath(target) == os.path.realpath(top):
            path = Path(os.path.relpath(os.path.realpath(target), top))
    if path.is_absolute() or path.parts[:1] == ("..",):
        raise UsageFault(f"{given} is outside this repository", hint="give paths in the registry")
    found = "" if path == Path() else path.as_posix()
    on_disk = top is not None and os.path.lexists(top / path)
    if not on_disk and not any(is_named(each, [found]) for each in known):
        raise NotFound(f"{given} does not exist", hint="give a file or folder of the registry")
    return found
