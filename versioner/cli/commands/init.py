"""versioner init: create a registry, or add the files that an existing one lacks."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from versioner.cli import clock
from versioner.cli.params import examples_epilog

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["init"]

# A copy of setup.scaffold.FORGES, which a test compares: importing that module is slow.
_FORGES: Final = ("github", "gitlab", "gitea", "forgejo", "bitbucket", "none")
_NEXT: Final = {
    "github": "set the variable VERSIONER_PACKAGE, and Pages to GitHub Actions: see publish.yml",
    "gitlab": "set the variables that .gitlab/versioner.yml lists, and add a pipeline schedule",
    "gitea": "set the variable VERSIONER_PACKAGE: see .gitea/workflows/publish.yml",
    "forgejo": "set the variable VERSIONER_PACKAGE: see .forgejo/workflows/publish.yml",
}


def _folder(_ctx: click.Context, _parameter: click.Parameter, given: str) -> Path:
    """Return the given folder; raise UsageError for a URL, where no registry can be created."""
    from versioner.remote.url import is_url

    if is_url(given):
        raise click.UsageError(
            "a registry is created in a folder, not at a URL: give a folder, then push it "
            "(`git remote add origin URL`, `git push -u origin HEAD`)"
        )
    return Path(given)


@click.command(
    epilog=examples_epilog(
        "versioner init deployments --title 'Acme deployments' --forge gitlab",
        "versioner init --add-missing",
    )
)
@click.argument("directory", metavar="[DIR]", default=".", callback=_folder)
@click.option("--title", default="", help="The registry's title (default: Deployments).")
@click.option("--example", is_flag=True, help="Fill the registry with sample data.")
@click.option("--branch", default="main", show_default=True, help="The branch of a new repository.")
@click.option(
    "--forge",
    type=click.Choice(_FORGES),
    help="The forge to write workflows for (default: from the remote origin, else github).",
)
@click.option(
    "--add-missing",
    "complete",
    is_flag=True,
    help="In an existing registry: add the files that a new one would have; change none.",
)
def init(
    directory: Path, title: str, example: bool, branch: str, forge: str | None, complete: bool
) -> None:
    """Create a new registry: configuration, environments, schemas, editor files, workflows."""
    if complete:
        _complete(directory, forge or "")
        return
    from versioner.setup.init import initialise

    made = initialise(
        directory, title=title, example=example, branch=branch, forge=forge or "", now=clock.now()
    )
    click.echo(f"created a registry in {directory}: {len(made.paths)} files in one commit")
    _print_paths("kept the existing", made.kept)
    _print_paths("this is a new repository, separate from the enclosing one in", _around(directory))
    cd = "" if directory == Path() else f"cd {shlex.quote(str(directory))} && "
    click.echo("next:")
    click.echo(
        f"  {cd}versioner track deployment --product NAME --environment staging --version 1.0.0"
    )
    click.echo("  versioner status")
    if made.forge in _NEXT:
        click.echo(f"after the first push: {_NEXT[made.forge]}")


def _complete(directory: Path, forge: str) -> None:
    from versioner.setup.scaffold import add_missing

    found = add_missing(directory, forge=forge, now=clock.now())
    _print_paths("added", found.missing)
    _print_paths("differs from the file of a new registry, and is left as it is:", found.differing)
    if not found.missing and not found.differing:
        click.echo("no file is missing, and none differs from the file of a new registry")


def _around(directory: Path) -> list[str]:
    """Return the repository that encloses the new one: the user may not expect it."""
    within = directory.resolve()
    if not (within / ".git").exists():
        return []
    return [str(each) for each in within.parents if (each / ".git").exists()][:1]


def _print_paths(what: str, paths: Iterable[str]) -> None:
    for path in paths:
        click.echo(f"  {what} {path}")
