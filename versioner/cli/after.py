"""What follows a commit of the tool's own, where `hooks install` asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioner.errors import VersionerError

if TYPE_CHECKING:
    from versioner.repository.location import Repository

__all__ = ["after_commit"]


def after_commit(repository: Repository, commit: str | None) -> None:
    """Build the site where the clone's hooks do so; a failure of it is a warning."""
    # One look at one file, before anything is imported: `track` comes through here.
    if commit is None or not (repository.common_dir / "versioner" / "hooks.json").exists():
        return
    from versioner.cli.publishing import build
    from versioner.operations.hooks import site_after_commit

    out = site_after_commit(repository)
    if out is None:
        return
    try:
        build(repository, out=out, rev=commit)
    except (VersionerError, OSError) as error:
        click.echo(f"warning: recorded, but the site was not built: {error}", err=True)
