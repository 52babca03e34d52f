"""versioner hooks: git hooks for one clone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from versioner.cli.params import NounGroup, repo_option
from versioner.cli.registry import find_repository
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
    target = (out or (repository.work_tree or Path()) / "_site").absolute()
    # What no site could be built into is said before anything is installed.
    claim(target)
    # -P: a folder named versioner in the clone is not this tool.
    command = [sys.executable, "-P", "-m", "versioner"]
    done = install_hooks(repository, command=command, out=target)
    for name in done.installed:
        click.echo(f"installed {done.directory / name}")
    for name, line in done.kept:
        click.echo(f"kept your own {done.directory / name}; add this line to it:")
        click.echo(f"  {clean(line)}")
    _build_first(repository, target)


def _build_first(repository: Repository, out: Path) -> None:
    """Build the site now: from then on the folder is known to be one of ours."""
    from versioner.cli.commands.site import publish
    from versioner.cli.errors import report_warning
    from versioner.errors import VersionerError

    if repository.tip is None:
        return
    try:
        publish(repository, repository.tip, out)
    except (VersionerError, OSError) as error:
        report_warning(error, "installed, but the first site was not built: ")
