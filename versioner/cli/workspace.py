"""Open the registry that a command is about, and read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from versioner.errors import UsageFault
from versioner.repository.commits import recover
from versioner.repository.location import open_repository

if TYPE_CHECKING:
    from collections.abc import Collection

    from versioner.registry.records import Registry
    from versioner.repository.location import Opening, Repository
    from versioner.repository.snapshot import Snapshot

__all__ = ["find_repository", "read_registry", "take_snapshot"]


def find_repository(repo: str | None, opening: Opening | None = None) -> Repository:
    """Open the repository that --repo names, or the one around the current folder.

    A write that was killed half way is completed first. `opening` is the look for it, where one
    is under way.
    """
    if repo is not None and ("://" in repo or repo.startswith("git@")):
        raise UsageFault(
            f"this command needs a clone, and {repo.split('://')[0]}://… is a URL"
            if "://" in repo
            else "this command needs a clone, and that is a URL",
            hint="clone it, and name the folder with --repo",
        )
    if opening is not None:
        repository = opening.repository()
    else:
        repository = open_repository(Path(repo) if repo else Path.cwd())
    recover(repository)
    return repository


def take_snapshot(repository: Repository, rev: str | None = None) -> Snapshot:
    """Return the registry at a revision, or as the files are now (the tip where there are none)."""
    from versioner.repository.snapshot import snapshot_at
    from versioner.repository.worktree_snapshot import snapshot_of_work_tree

    return snapshot_of_work_tree(repository) if rev is None else snapshot_at(repository, rev)


def read_registry(
    repository: Repository,
    rev: str | None = None,
    *,
    products: Collection[str] | None = None,
    quiet: bool = False,
) -> Registry:
    """Load the registry for a looking command; its problems are told on stderr, in one line."""
    from versioner.cli.progress import Progress
    from versioner.registry.cache import ProductCache
    from versioner.registry.load import load_registry

    snapshot = take_snapshot(repository, rev)
    with (
        ProductCache(repository.common_dir / "versioner" / "cache.sqlite") as cache,
        Progress("Reading products") as progress,
    ):
        registry = load_registry(
            snapshot, products=products, cache=cache, progress=progress.advance
        )
    errors = sum(problem.severity == "error" for problem in registry.problems)
    if errors and not quiet:
        click.echo(
            f"warning: the registry has {errors} error{'s' * (errors > 1)}; what is shown leaves "
            "out what could not be read (`versioner validate` lists them)",
            err=True,
        )
    return registry
