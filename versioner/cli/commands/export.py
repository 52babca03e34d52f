"""versioner export: the registry as Parquet, CSV, JSON Lines or SQLite."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from versioner.cli.params import examples_epilog, output_option, repo_option, rev_option

if TYPE_CHECKING:
    from versioner.git.repository import Repository

__all__ = ["export"]

# Those of export/run.py, which only the command itself imports.
_FORMATS: Final = ("parquet", "csv", "jsonl", "sqlite")
_KEYS: Final = (
    "format, folder, revision, since, written, unchanged, removed, bytes, rows (deployments, "
    "versions, running, environments, products)"
)


def _month(_ctx: click.Context, _parameter: click.Parameter, text: str) -> str:
    if text and not re.fullmatch(r"[12][0-9]{3}-(?:0[1-9]|1[0-2])", text):
        raise click.UsageError(f"--since {text} is not a month: for example, --since 2026-01")
    return text


def _given(_ctx: click.Context, _parameter: click.Parameter, format_: str | None) -> str:
    if format_ is None:
        raise click.UsageError(f"give a format: --format {' or --format '.join(_FORMATS)}")
    return format_


@click.command(
    epilog=examples_epilog(
        "versioner export --format parquet lake",
        "versioner export --format csv --since 2026-01 tables",
        "versioner export --format sqlite --rev v2026.11 out",
        keys=_KEYS,
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), default=None, callback=_given,
    help="Parquet by product and month (needs pyarrow), CSV, JSON Lines, or one SQLite file.",
)  # fmt: skip
@click.option(
    "--since", metavar="YYYY-MM", default="", callback=_month,
    help="Leave out the deployments that began before this month.",
)  # fmt: skip
@rev_option
@output_option
@repo_option
def export(
    folder: Path, format_: Any, since: str, rev: str | None, output: str, repo: str | None
) -> None:
    """Export the registry for other tools, such as DuckDB, Spark or a spreadsheet.

    DIR is new, empty, or the folder of an earlier export. Only files whose content changed are
    written again, and those of deleted products are removed; DIR then has what an export into a
    new folder would have. Files that no export wrote are never touched. Several formats may
    share a folder.

    The tables are deployments, versions, running, environments and products; exporting.md in the
    documentation describes each column.
    """
    from versioner.cli.output import Progress, show
    from versioner.cli.registry import find_registry, read_registry
    from versioner.export.run import export_registry
    from versioner.registry.reader_version import reader_version
    from versioner.reporting.exports import exported_json, exported_text
    from versioner.resources import schemas_dir

    repository = find_registry(repo, rev)
    _refuse_inside(folder, repository)
    registry = read_registry(repository, rev)
    with Progress("Exporting") as progress:
        report = export_registry(
            registry,
            folder,
            format_,
            since=since,
            reader=reader_version(Path(__file__).resolve().parents[2], schemas_dir()),
            progress=progress.advance,
        )
    shown = exported_json if output == "json" else exported_text
    show(shown(report, folder, revision=registry.revision, since=since))


def _refuse_inside(folder: Path, repository: Repository) -> None:
    """Raise a usage error for a folder among the registry's own files, or in its git directory."""
    from versioner import layout

    own = [repository.common_dir]
    if repository.work_tree is not None:
        own.append(repository.work_tree / layout.ROOT)
    found = folder.resolve()
    for each in own:
        if found.is_relative_to(each.resolve()):
            raise click.UsageError(f"{folder} is inside {each}: give a folder outside of it")
