"""versioner format: rewrite files in their canonical form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioner.cli.params import clone_option, examples_epilog

if TYPE_CHECKING:
    from versioner.editing.format import FormatResult
    from versioner.git.repository import Repository

__all__ = ["format_"]

_WOULD_CHANGE = 3
_UNREADABLE = 4


@click.command(
    "format",
    epilog=examples_epilog(
        "versioner format", "versioner format --check registry/products/user-service"
    ),
)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@click.option("--check", is_flag=True, help="Change nothing; exit with 3 if a file would change.")
@clone_option
def format_(paths: tuple[str, ...], check: bool, repo: str | None) -> int:
    """Rewrite files in their canonical form; their meaning and comments stay the same.

    Without PATH, all files of the registry. With the PATH `schemas`, the repository's copies of
    the schemas are replaced by the tool's. Exit code 4 means that a file could not be read; it
    is left unchanged.
    """
    from versioner.cli.output import show
    from versioner.cli.registry import find_repository
    from versioner.reporting.edits import formatted_text, unformatted_text

    done = _format(find_repository(repo), paths, check=check)
    show(formatted_text(done, check=check))
    for file in done.unformatted:
        click.echo(unformatted_text(file), err=True)
    if done.unformatted:
        return _UNREADABLE
    return _WOULD_CHANGE if check and done.changed else 0


def _format(repository: Repository, paths: tuple[str, ...], *, check: bool) -> FormatResult:
    from versioner.cli.output import Progress
    from versioner.cli.paths import is_named, repository_paths
    from versioner.editing.format import format_registry

    named = repository_paths(repository, paths, ())
    with Progress("Formatting") as progress:
        return format_registry(
            repository,
            wanted=lambda path: not paths or is_named(path, named),
            schemas=any(each.split("/")[0] == "schemas" for each in named),
            check=check,
            progress=progress.advance,
        )
