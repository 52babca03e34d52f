"""versioner hooks: install git hooks in a clone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from versioner import layout
from versioner.cli.params import NounGroup, repo_option
from versioner.cli.registry import find_repository, take_snapshot
from versioner.registry.config import no_registry
from versioner.reporting.terminal import clean

if TYPE_CHECKING:
    from versioner.git.repository import Repository

__all__ = ["hooks"]


@click.group(cls=NounGroup, epilog="Example: versioner hooks install")
def hooks() -> None:
    """Install git hooks in this clone."""


@hooks.command(epilog="Example: versioner hooks install --out ../site")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="The folder of the site that is built after a commit (default: _site, ignored by git).",
)
@repo_option
def install(out: Path | None, repo: str | None) -> None:
    """Install hooks that check the registry before a commit, and build the site after it."""
    from versioner.setup.hooks import install_hooks
    from versioner.site.output import claim

    repository = find_repository(repo)
    if layout.CONFIG not in take_snapshot(repository).selected_entries(()):
        raise no_registry("in this repository")
    target = (out or (repository.work_tree or Path()) / "_site").absolute()
    # A folder that no site can be built into is refused before anything is installed.
    claim(target)
    # -P: Python does not import a folder named versioner in the clone.
    command = [sys.executable, "-P", "-m", "versioner"]
    done = install_hooks(repository, command=command, out=target)
    for name in done.installed:
        click.echo(f"installed {done.directory / name}")
    for name, line in done.kept:
        click.echo(f"kept your own {done.directory / name}; add this line to it:")
        click.echo(f"  {clean(line)}")
    _build_first(repository, target)


def _build_first(repository: Repository, out: Path) -> None:
    """Build the site once: the folder then has the mark that later builds look for."""
    from versioner.cli.errors import report_warning
    from versioner.cli.output import publish_with_progress
    from versioner.errors import VersionerError

    if repository.tip is None:
        return
    try:
        publish_with_progress(repository, repository.tip, out)
    except (VersionerError, OSError) as error:
        report_warning(error, "installed, but the first site was not built: ")
