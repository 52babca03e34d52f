"""versioner import: import deployments from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from versioner.cli.params import clone_option, examples_epilog

if TYPE_CHECKING:
    from versioner.errors import InvalidInput

__all__ = ["import_"]


@click.command(
    "import",
    epilog=examples_epilog(
        "versioner import deployments.csv.gz --dry-run",
        "versioner import history.csv --map app=product --map env=environment --map when=at",
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--map", "mapping", multiple=True, metavar="COLUMN=FIELD",
    help="Read COLUMN as FIELD; extra_metadata.KEY stores it as metadata, artifacts.NAME as a "
    "digest, - ignores it.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would be imported; write nothing.")
@click.option("--skip-invalid", is_flag=True, help="Skip invalid rows, and import the others.")
@clone_option
def import_(
    file: Path, mapping: tuple[str, ...], dry_run: bool, skip_invalid: bool, repo: str | None
) -> None:
    """Import deployments from CSV, CSV.gz or JSON Lines, in one commit.

    Each column has the name of a field of events: product, at, environment, version, status
    (default completed), deployed_by, invoke_id and so on. If a row is invalid, nothing is
    imported, unless --skip-invalid is given. Importing the same file again adds nothing.
    """
    from versioner.cli import clock
    from versioner.cli.after_commit import after_commit
    from versioner.cli.output import Progress, show
    from versioner.cli.registry import find_repository
    from versioner.editing.imports import import_file
    from versioner.errors import InvalidInput
    from versioner.reporting.edits import imported_text

    repository = find_repository(repo)
    columns = _parsed(mapping)
    try:
        with Progress("Importing") as progress:
            imported = import_file(
                repository,
                file,
                mapping=columns,
                now=clock.now(),
                dry_run=dry_run,
                skip_invalid=skip_invalid,
                progress=progress.advance,
            )
    except InvalidInput as error:
        raise _with_rows_told(error) from None
    show(imported_text(imported, dry_run=dry_run))
    after_commit(repository, imported.commit)


def _with_rows_told(error: InvalidInput) -> InvalidInput:
    """Print the invalid rows, a line each, and return the error without them."""
    from versioner.reporting.terminal import clean

    error.message, *rows = error.message.split("\n")
    for row in rows:
        click.echo(clean(row), err=True)
    error.message = error.message.removesuffix(":")
    return error


def _parsed(mapping: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in mapping:
        column, equals, field = text.rpartition("=")
        if not equals or not column or not field:
            raise click.UsageError(
                f"--map {text} is not of the form COLUMN=FIELD: for example, --map app=product"
            )
        pairs[column] = field
    return pairs
