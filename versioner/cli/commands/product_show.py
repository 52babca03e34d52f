"""versioner product list, show and history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from versioner.cli.commands.completion import product_names
from versioner.cli.params import examples_epilog, output_option, repo_option, rev_option

if TYPE_CHECKING:
    from versioner.git.history import CommitInfo
    from versioner.git.repository import Repository
    from versioner.registry.records import ProductRecord, Registry
    from versioner.reporting.products import ProductView

__all__ = ["history", "list_", "show_"]

_KEYS: Final = (
    "name, title, description, lifecycle, team, versions and deployments (how many), "
    "last_deployed_at, running: {ENVIRONMENT: version}"
)


@click.command(
    "list", epilog=examples_epilog("versioner product list", keys=f"an array of {{{_KEYS}}}.")
)
@output_option
@rev_option
@repo_option
def list_(output: str, rev: str | None, repo: str | None) -> None:
    """List the products."""
    from versioner.cli.output import show, terminal_layout
    from versioner.cli.registry import load_from
    from versioner.reporting.products import products_json, products_text

    registry = load_from(repo, rev)
    show(
        products_json(registry) if output == "json" else products_text(terminal_layout(), registry)
    )


@click.command(
    "show",
    short_help="Show one product.",
    epilog=examples_epilog(
        "versioner product show user-service",
        keys=f"{_KEYS}, links, depends_on, needed_by, aliases, extra_metadata, drifting, "
        "cells: {ENVIRONMENT: as a cell of `status`}, problems (number of errors found).",
    ),
)
@click.argument("name", shell_complete=product_names)
@output_option
@rev_option
@repo_option
def show_(name: str, output: str, rev: str | None, repo: str | None) -> None:
    """Show one product: its description, where it runs, its latest versions and deployments."""
    from versioner.cli.output import show, terminal_layout
    from versioner.cli.registry import load_from, reference_time
    from versioner.query.times import age_text
    from versioner.reporting.products import product_json, product_text

    registry = load_from(repo, rev)
    view = _view(registry, registry.resolve(name), reference_time(registry, rev))
    if output == "json":
        show(product_json(view, problems=len(registry.errors)))
        return
    ages = {
        cell.environment: age_text(cell.age_seconds) if cell.since else ""
        for cell in view.row.cells
    }
    show(product_text(terminal_layout(), view, ages=ages))


def _view(registry: Registry, record: ProductRecord, now: str) -> ProductView:
    from versioner.query.matrix import matrix
    from versioner.query.selectors import dependents, former_names
    from versioner.query.versions import list_versions
    from versioner.reporting.products import ProductView

    return ProductView(
        record=record,
        row=matrix(registry, now=now, products=[record.name]).rows[0],
        versions=list_versions(record),
        aliases=tuple(former_names(registry).get(record.name, ())),
        needed_by=tuple(dependents(registry)[record.name]),
    )


@click.command(
    short_help="Show the commits that changed a product.",
    epilog=examples_epilog(
        "versioner product history user-service",
        keys="an array of {commit, at, author, subject}.",
    ),
)
@click.argument("name", shell_complete=product_names)
@click.option(
    "--limit", type=click.IntRange(min=0), default=30, show_default=True, metavar="N",
    help="Show at most N commits, newest first; 0 shows all.",
)  # fmt: skip
@output_option
@rev_option
@repo_option
def history(name: str, limit: int, output: str, rev: str | None, repo: str | None) -> None:
    """Show the commits that changed a product, also under former names or after a deletion."""
    from versioner.cli.output import show, terminal_layout
    from versioner.cli.registry import find_repository, read_registry
    from versioner.reporting.products import history_json, history_text

    repository = find_repository(repo)
    registry = read_registry(repository, rev, products=(), quiet=True)
    names = _names_of(registry, repository, name)
    commits = _commits(repository, names, limit, rev)
    if output == "json":
        show(history_json(commits))
    else:
        show(history_text(terminal_layout(), names[0], commits))


def _names_of(registry: Registry, repository: Repository, name: str) -> list[str]:
    """Return the product's name and its old ones; a deleted product has a history as well."""
    if name in registry.deleted:
        return [name]
    from versioner.cli.registry import read_registry
    from versioner.query.selectors import former_names

    product = read_registry(repository, registry.revision, products=[name], quiet=True)
    current = product.resolve(name).name
    return [current, *former_names(registry).get(current, ())]


def _commits(
    repository: Repository, names: list[str], limit: int, rev: str | None
) -> list[CommitInfo]:
    from versioner.git.history import log_of
    from versioner.layout import product_dir

    found = {
        commit.id: commit
        for name in names
        for commit in log_of(repository, product_dir(name), limit or None, rev=rev)
    }
    newest = sorted(found.values(), key=lambda each: each.at, reverse=True)
    return newest[: limit or None]
