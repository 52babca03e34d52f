"""Find the remote that --repo names: a URL, a bare repository, or the remote of a clone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from versioner.errors import UsageFault
from versioner.remote.url import TOKEN, Remote, address_of, is_url

if TYPE_CHECKING:
    from versioner.git.repository import Repository

__all__ = [
    "find_remote",
    "find_remote_or_repository",
    "remote_at",
    "remote_at_url",
]


def remote_at(named: str | None) -> Remote | None:
    """Return the remote that --repo names by its URL; None where it names a folder, or nothing."""
    return remote_at_url(named) if named and is_url(named) else None


def remote_at_url(url: str) -> Remote:
    """Return the remote at a URL, with the token from the environment; UsageFault if invalid."""
    return address_of(url, os.environ.get(TOKEN, ""))._replace(memory=_memory())


def _memory() -> Path | None:
    """Return the folder for cached data about remotes; None if the user has no cache."""
    home, cache = os.environ.get("HOME", ""), os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):  # noqa: PTH117 -- before there is a path at all
        cache = f"{home}/.cache" if home and Path(home).is_dir() else ""
    return Path(cache, "versioner", "remotes") if cache else None


def find_remote(named: str | None) -> Remote:
    """Return the remote that --repo names, or the remote of the clone that it names.

    A bare repository, as on a server, is its own remote. Raises UsageFault if a clone has none.
    """
    from versioner.git.repository import open_repository

    at_url = remote_at(named)
    if at_url is not None:
        return at_url
    repository = open_repository(Path(named) if named else Path.cwd())
    remote = _remote_of_clone(repository)
    if remote is None:
        raise UsageFault(
            "this clone has no remote, so it has no inbox",
            hint="give the URL of the registry with --repo, or add a remote (`git remote add`)",
        )
    return remote


def find_remote_or_repository(named: str | None) -> Repository | Remote:
    """Return the remote at a URL or of a clone; else the repository itself, which is its own."""
    from versioner.git.repository import open_repository

    at_url = remote_at(named)
    if at_url is not None:
        return at_url
    repository = open_repository(Path(named) if named else Path.cwd())
    if repository.work_tree is None:
        return repository
    return _remote_of_clone(repository) or repository


def _remote_of_clone(repository: Repository) -> Remote | None:
    """Return the remote of a clone, or the bare repository itself; None where a clone has none."""
    from versioner.recording.local import remote_of_ephemeral_clone

    if repository.work_tree is None:
        return Remote(str(repository.git_dir))
    found = remote_of_ephemeral_clone(repository, None, os.environ.get(TOKEN, ""))
    return found[0] if found is not None else None
