"""Which remote a command is about: a URL, a bare repository, or the remote of a clone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from versioner.errors import UsageFault
from versioner.repository.address import TOKEN, Remote, address_of, is_url

if TYPE_CHECKING:
    from versioner.repository.location import Repository

__all__ = ["find_remote", "remote_at", "remote_behind"]


def remote_at(named: str | None) -> Remote | None:
    """Return the remote that --repo names by its URL; None where it names a folder, or nothing."""
    if named and is_url(named):
        return address_of(named, os.environ.get(TOKEN, ""))
    return None


def find_remote(named: str | None) -> Remote:
    """Return the remote that --repo names, or that stands behind the clone it names.

    A bare repository is one itself, as on the server it is pushed to. Raises UsageFault where a
    clone has no remote.
    """
    from versioner.repository.location import open_repository

    at_url = remote_at(named)
    if at_url is not None:
        return at_url
    repository = open_repository(Path(named) if named else Path.cwd())
    remote = remote_behind(repository)
    if remote is None:
        raise UsageFault(
            "this clone has no remote, so nothing can wait for it",
            hint="name the registry's URL with --repo, or add a remote (`git remote add`)",
        )
    return remote


def remote_behind(repository: Repository) -> Remote | None:
    """Return the remote of a clone, or the bare repository itself; None where a clone has none."""
    from versioner.operations.delivery import throw_away_remote

    if repository.work_tree is None:
        return Remote(str(repository.git_dir))
    found = throw_away_remote(repository, None, os.environ.get(TOKEN, ""))
    return found[0] if found is not None else None
