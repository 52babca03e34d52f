"""versioner diff: compare two environments, or two points in time."""

from __future__ import annotations

import click

from versioner.cli.commands.completion import environment_names, product_names
from versioner.cli.params import examples_epilog, list_output_option, repo_option, rev_option

__all__ = ["diff"]


@click.command(
    epilog=examples_epilog(
        "versioner diff staging production",
        "versioner diff production@2026-11-01 production",
        keys="a and b: {environment, at}; differences: {product, a and b: {version, since, "
        "deployment, mixed} or null, newer, between, compare_url, differs_since, "
        "instances: {instance, a, b}, commits: {added, removed} where they are known (`version "
        "changes` lists them)}; problems (number of errors found).",
    )
)
@click.argument("a", shell_complete=environment_names)
@click.argument("b", shell_complete=environment_names)
@click.option(
    "--product", "-p", metavar="NAME", shell_complete=product_names, help="Only this product."
)
@list_output_option
@rev_option
@repo_option
def diff(
    a: str, b: str, product: str | None, output: str, rev: str | None, repo: str | None
) -> None:
    """Compare two environments, or one environment at two points in time.

    A and B are environments, each with an optional point in time: production,
    production@2026-11-01, production@2026-11-01T10:00:00Z, production@7d, production@monday. A day
    without a time means its beginning, in UTC.
    """
    from versioner.cli.output import show_list
    from versioner.cli.params import read_for
    from versioner.cli.registry import load_from, reference_time
    from versioner.query.compare.environments import diff as compare
    from versioner.query.compare.environments import parse_environment_at
    from versioner.reporting.query.differences import diff_json, diff_listing, diff_text

    registry = load_from(repo, rev, products=None if product is None else [product])
    now = reference_time(registry, rev)
    with read_for("A and B"):
        sides = parse_environment_at(a, now), parse_environment_at(b, now)
    found = compare(registry, *sides, now=now, product=product)
    show_list(
        output,
        text=lambda layout: diff_text(layout, *sides, found),
        json=lambda: diff_json(*sides, found, problems=len(registry.errors)),
        listing=lambda: diff_listing(found),
    )
