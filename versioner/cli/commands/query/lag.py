"""versioner lag: the versions that are stuck before production."""

from __future__ import annotations

import click

from versioner.cli.commands.completion import environment_names, product_names
from versioner.cli.params import examples_epilog, list_output_option, repo_option, rev_option

__all__ = ["lag"]


@click.command(
    epilog=examples_epilog(
        "versioner lag",
        "versioner lag --team payments --days 0",
        "versioner lag --from staging --to production -o csv",
        keys="days, from, to, versions: [{product, team, version, environment, instance, since, "
        "days, target, running, running_since, commits_behind (0: not known), reasons: [{code, at, "
        "text}]}], problems (number of errors found).",
    )
)
@click.option(
    "--product", "-p", metavar="NAME", shell_complete=product_names, help="Only this product."
)
@click.option("--team", metavar="NAME", help="Only the products of this team.")
@click.option(
    "--days",
    type=click.IntRange(0, 36500),
    metavar="N",
    help="Stuck for N days or more (default: `lag.days` of registry.yaml, else 7); 0 lists all.",
)
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="NAME",
    shell_complete=environment_names,
    help="Stuck in this environment; may be given several times (default: those before).",
)
@click.option(
    "--to",
    "target",
    metavar="NAME",
    shell_complete=environment_names,
    help="Not in this environment (default: the last one of the type production).",
)
@list_output_option
@rev_option
@repo_option
def lag(
    product: str | None, team: str | None, days: int | None, sources: tuple[str, ...],
    target: str | None, output: str, rev: str | None, repo: str | None,
) -> None:  # fmt: skip
    """Show which versions are stuck before production, and why.

    A version is stuck where an environment before production has run it for some days, and
    production runs an older one, or none. The reasons are those that the registry knows: the
    product is deprecated, the version is blocked, production is closed, a request needs approvals.
    """
    from versioner.cli.output import show_list
    from versioner.cli.registry import find_registry, read_index, reference_time, warn_of_errors
    from versioner.query.derived.owners import products_of_team
    from versioner.query.lag import lag_policy, lags_of, policy_of
    from versioner.query.times.zones import zone_of
    from versioner.query.today.index_source import IndexSource
    from versioner.query.today.phrases import why_text
    from versioner.query.today.sentences import Writer
    from versioner.reporting.query import today as report

    index = read_index(find_registry(repo, rev), rev)
    registry = index.registry()
    warn_of_errors(registry.errors)
    now = reference_time(registry, rev)
    wanted = {registry.resolve(product).name} if product else {*registry.products}
    if team:
        wanted &= {*products_of_team(registry.products.values(), team)}
    policy = lag_policy(registry)
    if sources or target:
        policy = policy_of(registry, policy, sources, target)
    least = policy.days if days is None else days
    source = IndexSource(index, registry, now)
    found = [
        each
        for each in lags_of(registry, source.matrix, policy, now=now, requests=source.requests())
        if each.product in wanted and each.days >= least
    ]
    problems = len(registry.errors)
    zone = zone_of(registry)
    writer = Writer(zone, (zone.day(now), zone.day(now)), now)
    show_list(
        output,
        text=lambda layout: report.lag_text(
            layout, found, policy, least, [why_text(each, writer) for each in found]
        ),
        json=lambda: report.lag_json(found, policy, least, problems=problems),
        listing=lambda: report.lag_listing(found),
    )
