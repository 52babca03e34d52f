"""Make a new repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.git.process import git
from versioner.git.repository import open_repository

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.git.repository import Repository

__all__ = ["create_repository"]


def create_repository(directory: Path, branch: str) -> Repository:
    """Make an empty repository in a directory that is there, on an unborn branch."""
    # The user's own template directory is theirs to use; nothing of a clone's is there yet.
    git(["init", "--quiet", f"--initial-branch={branch}", "--", "."], cwd=directory)
    return open_repository(directory)
