"""versioner product list, show and history."""

from __future__ import annotations

from typing import Final

import click

from versioner.cli.commands.completion import product_names
from versioner.cli.params import (
    examples_epilog,
    list_output_option,
    output_option,
    repo_option,
    rev_option,
)

__all__ = ["history", "list_", "show_"]

_KEYS: Final = (
    "name, title, description, lifecycle, team, versions and deployments (how many), "
    "last_deployed_at, running: {ENVIRONMENT: version}"
)


@click.command(
    "list",
    epilog=examples_epilog(
        "versioner product list",
        "versioner product list --deleted",
        keys=f"an array of {{{_KEYS}}}; with --deleted, of {{name, deleted_at, deleted_by, "
        "last_commit (the one before the deletion)}.",
    ),
)
@click.option("--deleted", is_flag=True, help="List the deleted products, latest first.")
@list_output_option
@rev_option
@repo_option
def list_(deleted: bool, output: str, rev: str | None, repo: str | None) -> None:
    """List the products."""
    from versioner.cli.output import show_list
    from versioner.cli.registry import load_from
    from versioner.reporting.query import products as report

    registry = load_from(repo, rev, products=() if deleted else None)
    if deleted:
        show_list(
            output,
            text=lambda layout: report.deleted_text(layout, registry),
            json=lambda: report.deleted_json(registry),
            listing=lambda: report.deleted_listing(registry),
        )
        return
    show_list(
        output,
        text=lambda layout: report.products_text(layout, registry),
        json=lambda: report.products_json(registry),
        listing=lambda: report.products_listing(registry),
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
    from versioner.cli.registry import (
        find_registry,
        read_registry,
        read_some_products,
        reference_time,
    )
    from versioner.reporting.query.products import product_json, product_text, product_view

    repository = find_registry(repo, rev)
    if rev is None:
        registry = read_some_products(repository, [name], has_dependents=True)
    else:
        registry = read_registry(repository, rev)
    view = product_view(registry, registry.resolve(name), now=reference_time(registry, rev))
    if output == "json":
        show(product_json(view, problems=len(registry.errors)))
    else:
        show(product_text(terminal_layout(), view))


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
@list_output_option
@rev_option
@repo_option
def history(name: str, limit: int, output: str, rev: str | None, repo: str | None) -> None:
    """Show the commits that changed a product, also under former names or after a deletion."""
    from versioner.cli.output import show_list
    from versioner.cli.registry import find_repository, read_registry
    from versioner.query.product_history import names_of, product_history
    from versioner.reporting.query.products import history_json, history_listing, history_text

    repository = find_repository(repo)
    registry = read_registry(repository, rev, products=(), quiet=True)
    if name not in registry.deleted:
        # Reading refuses the name of a deleted product, which has a history all the same.
        registry = read_registry(repository, registry.revision, products=[name], quiet=True)
    names = names_of(registry, name)
    commits = product_history(repository, names, limit=limit, rev=rev)
    show_list(
        output,
        text=lambda layout: history_text(layout, names[0], commits),
        json=lambda: history_json(commits),
        listing=lambda: history_listing(commits),
    )
