"""Fetch the history of some files into the temporary clone that a command has open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.git.process import git
from versioner.remote.partial_clone import open_clone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.git.repository import Repository

__all__ = ["fetch_file_history"]


def fetch_file_history(repository: Repository, paths: Sequence[str]) -> bool:
    """Fetch all commits of the branch, and each state that some files and folders ever had.

    Returns False, and fetches nothing, where the repository is no temporary clone of a remote.
    Raises RemoteFailure.
    """
    clone = open_clone(repository.git_dir)
    if clone is None or repository.branch is None or repository.tip is None:
        return False
    clone.fetch_history(repository.branch)
    args = ["log", "--full-history", "--raw", "--no-abbrev", "--no-renames", "--format="]
    listed = git([*args, repository.tip, "--", *paths], cwd=clone.folder).decode("utf-8", "replace")
    # `:100644 100644 OLD NEW M<tab>path`
    ids = {name for line in listed.splitlines() if line[:1] == ":" for name in line.split()[2:4]}
    wanted = sorted(name for name in ids if name.strip("0"))
    query = "".join(f"{name}\n" for name in wanted).encode("ascii")
    checked = git(["cat-file", "--batch-check"], cwd=clone.folder, stdin=query).decode("ascii")
    clone.fetch_objects(
        line.split()[0] for line in checked.splitlines() if line.endswith(" missing")
    )
    return True
