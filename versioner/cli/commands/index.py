"""versioner index: make the index, or compare it with the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioner.cli.params import examples_epilog, output_option, repo_option

if TYPE_CHECKING:
    from versioner.git.repository import Repository
    from versioner.registry.index.check import IndexDifference

__all__ = ["index"]

_DIFFERENT = 3


@click.command(
    epilog=examples_epilog(
        "versioner index",
        "versioner index --check",
        keys="products, events and deployments; with --check an array of {product, why}, where an "
        "empty product means the index as a whole.",
    )
)
@click.option(
    "--check",
    is_flag=True,
    help="Compare the index with the files, and change nothing; exit code 3 if they differ.",
)
@output_option
@repo_option
def index(check: bool, output: str, repo: str | None) -> int:
    """Make the index of a clone, or bring it up to date.

    Each command that reads the registry does this by itself; the first one in a fresh clone takes
    longer. The index is in the git directory. Deleting it costs time only.
    """
    from versioner.cli.registry import find_repository

    repository = find_repository(repo)
    return _check(repository, output) if check else _make(repository, output)


def _make(repository: Repository, output: str) -> int:
    from versioner.cli.output import show
    from versioner.cli.registry import open_registry_index, take_registry_snapshot
    from versioner.reporting.terminal import as_json
    from versioner.reporting.text import count

    found = open_registry_index(repository, take_registry_snapshot(repository))
    counts = found.counts()
    if output == "json":
        show(as_json(counts._asdict()))
    else:
        show(
            f"the index has {count(counts.products, 'product')}, "
            f"{count(counts.events, 'event')}, {count(counts.deployments, 'deployment')}"
        )
    return 0


def _check(repository: Repository, output: str) -> int:
    from versioner.cli.output import Progress, show
    from versioner.cli.registry import take_registry_snapshot
    from versioner.registry.index import index_store
    from versioner.registry.index.check import index_differences
    from versioner.reporting.terminal import as_json

    snapshot = take_registry_snapshot(repository)
    with Progress("Comparing products") as progress:
        found = list(index_differences(index_store(repository), snapshot, progress.advance))
    if output == "json":
        show(as_json([each._asdict() for each in found]))
    elif found:
        show("\n".join(map(_line, found)))
    else:
        show("the index is what the files say")
    return _DIFFERENT if found else 0


def _line(difference: IndexDifference) -> str:
    what = f'product "{difference.product}"' if difference.product else "the index"
    return f"{what}: {difference.why}"
