"""versioner import: import deployments from a file, or from standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from versioner.cli.params import clone_option, examples_epilog, output_option

if TYPE_CHECKING:
    from typing import BinaryIO

    from versioner.editing.importing.options import ImportOptions
    from versioner.errors import InvalidInput

__all__ = ["import_"]

# Those of editing/importing/options.py, which only the command itself imports.
_FORMATS: Final = (
    *("csv", "tsv", "json", "jsonl"),
    *("github-deployments", "gitlab-deployments", "octopus-deployments", "argocd-applications"),
    *("vercel-deployments", "cdevents"),
)
# The progress is shown each time that so many rows are done.
_SHOWN: Final = 256
_KEYS: Final = (
    "dry_run, format, added, already_recorded, refused (line, message), skipped, without_status, "
    "doubtful_versions, near_names (kind, name, near), products, created, commit, branch, notes"
)


@click.command(
    "import",
    epilog=examples_epilog(
        "versioner import deployments.csv.gz --dry-run",
        "versioner import history.csv --map app=product --map env=environment --map when=at",
        "versioner import log.csv --time-format '%d.%m.%Y %H:%M' --time-zone Europe/Berlin",
        "versioner import runs.json --map environment.name=environment --set product=shop",
        "versioner import runs.csv --value status:OK=completed --value status:KO=failed",
        "gh api --paginate repos/acme/shop/deployments | "
        "versioner import - --format github-deployments",
        keys=_KEYS,
    ),
)
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), default=None,
    help="The format of FILE (default: by its name and its content).",
)  # fmt: skip
@click.option(
    "--map", "mapping", multiple=True, metavar="COLUMN=FIELD",
    help="Read COLUMN, or a nested key such as environment.name, as FIELD; extra_metadata.KEY "
    "stores it as metadata, - ignores it; the column * stands for all that have no field.",
)  # fmt: skip
@click.option(
    "--set", "constants", multiple=True, metavar="FIELD=VALUE",
    help="Give all rows this value of a field.",
)  # fmt: skip
@click.option(
    "--value", "values", multiple=True, metavar="FIELD:WORD=VALUE",
    help="Read WORD in a field as VALUE; the value - skips the rows with WORD.",
)  # fmt: skip
@click.option(
    "--time-format", "time_formats", multiple=True, metavar="FORMAT",
    help="How the times are written: a format of Python's strptime, epoch, epoch-ms or "
    "excel; several formats are tried in their order.",
)  # fmt: skip
@click.option(
    "--time-zone", metavar="ZONE", default="",
    help="The time zone of times that give none: Europe/Berlin, UTC, +01:00.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would be imported; write nothing.")
@click.option("--skip-invalid", is_flag=True, help="Skip invalid rows, and import the others.")
@output_option
@clone_option
def import_(
    file: Path,
    format_: str | None,
    mapping: tuple[str, ...],
    constants: tuple[str, ...],
    values: tuple[str, ...],
    time_formats: tuple[str, ...],
    time_zone: str,
    dry_run: bool,
    skip_invalid: bool,
    output: str,
    repo: str | None,
) -> None:
    """Import deployments from a table or from JSON, in one commit.

    FILE is CSV (with commas, semicolons or tabs), JSON or JSON Lines, with or without gzip;
    - is standard input. The answers of GitHub, GitLab, Octopus Deploy and Argo CD are
    recognized. In other files each column has the name of a field of events: product, at,
    environment, version, status (default completed), deployed_by, invoke_id and so on.

    If a row is invalid, nothing is imported, unless --skip-invalid is given. Importing the same
    rows again adds nothing, also with more columns.
    """
    from versioner.cli import clock
    from versioner.cli.after_commit import after_commit
    from versioner.cli.output import Progress, show
    from versioner.cli.registry import find_repository
    from versioner.editing.importing.options import ImportOptions
    from versioner.editing.imports import RowsRefused, import_file
    from versioner.reporting.imports import imported_json, imported_text

    repository = find_repository(repo)
    options = ImportOptions(
        format=format_ or "",
        mapping=_pairs("--map", mapping, "COLUMN=FIELD", "--map app=product"),
        constants=_pairs("--set", constants, "FIELD=VALUE", "--set environment=production"),
        values=_words(values),
        time_formats=time_formats,
        time_zone=time_zone,
    )
    report = imported_json if output == "json" else imported_text
    try:
        with Progress() as progress:
            imported = import_file(
                repository,
                _source(file, options),
                options=options,
                now=clock.now(),
                dry_run=dry_run,
                skip_invalid=skip_invalid,
                reading=lambda rows, done, size: progress.rate("Reading", done, size, rows),
                progress=lambda done, rows: (
                    progress.rate("Recording", done, rows, done) if done % _SHOWN == 0 else None
                ),
            )
    except RowsRefused as error:
        if output == "json":
            show(imported_json(error.result, dry_run=dry_run))
        raise _with_rows_told(error) from None
    show(report(imported, dry_run=dry_run))
    after_commit(repository, imported.commit)


def _source(file: Path, options: ImportOptions) -> Path | BinaryIO:
    """Return the file, or the bytes of standard input for `-`."""
    if str(file) != "-":
        return file
    if not options.format:
        raise click.UsageError("standard input has no name: add --format, for example --format csv")
    return sys.stdin.buffer


def _with_rows_told(error: InvalidInput) -> InvalidInput:
    """Print the invalid rows, a line each, and return the error without them."""
    from versioner.reporting.terminal import clean

    error.message, *rows = error.message.split("\n")
    for row in rows:
        click.echo(clean(row), err=True)
    error.message = error.message.removesuffix(":")
    return error


def _pairs(option: str, texts: tuple[str, ...], form: str, example: str) -> dict[str, str]:
    """Return the pairs of an option; a usage error for no pair, and for a key given twice."""
    pairs: dict[str, str] = {}
    for text in texts:
        # The name of a column may have an equals sign, and so may the value of a field.
        key, equals, value = text.rpartition("=") if option == "--map" else text.partition("=")
        if not equals or not key or not value:
            raise click.UsageError(
                f"{option} {text} is not of the form {form}: for example, {example}"
            )
        if pairs.setdefault(key, value) != value:
            raise click.UsageError(f"{option} {key} is given twice: {pairs[key]} and {value}")
    return pairs


def _words(texts: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """Return the values of words of fields."""
    words: dict[tuple[str, str], str] = {}
    for text in texts:
        start, equals, value = text.rpartition("=")
        field, colon, word = start.partition(":")
        if not equals or not colon or not field or not value:
            raise click.UsageError(
                f"--value {text} is not of the form FIELD:WORD=VALUE: for example, "
                "--value status:OK=completed"
            )
        if words.setdefault((field, word), value) != value:
            raise click.UsageError(f"--value {field}:{word} is given twice")
    return words
