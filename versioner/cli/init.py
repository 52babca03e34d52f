"""versioner init: start a registry."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from versioner.cli import clock

__all__ = ["init"]


@click.command(epilog="Example: versioner init deployments --title 'Acme deployments'")
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option("--title", default="", help="The registry's title (default: Deployments).")
@click.option("--example", is_flag=True, help="Fill it with the sample registry.")
@click.option("--branch", default="main", show_default=True, help="A new repository's branch.")
def init(directory: Path, title: str, example: bool, branch: str) -> None:
    """Start a new registry: configuration, environments, schemas, editor files, workflows."""
    from versioner.operations.initialise import initialise

    made = initialise(directory, title=title, example=example, branch=branch, now=clock.now())
    click.echo(f"started a registry in {directory}: {len(made.paths)} files in one commit")
    for path in made.kept:
        click.echo(f"  kept your own {path}")
    cd = "" if directory == Path() else f"cd {shlex.quote(str(directory))} && "
    click.echo("next:")
    click.echo(
        f"  {cd}versioner track deployment --product NAME --environment staging --version 1.0.0"
    )
    click.echo("  versioner status")
