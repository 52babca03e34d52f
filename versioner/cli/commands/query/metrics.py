"""versioner metrics: how deployments go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from versioner.cli.commands.completion import environment_names, product_names
from versioner.cli.params import examples_epilog, list_output_option, repo_option, rev_option

if TYPE_CHECKING:
    from versioner.query.metrics.periods import Cut

__all__ = ["metrics", "period_of"]

_DEFAULT_PERIOD: Final = "90d"


@click.command(
    epilog=examples_epilog(
        "versioner metrics",
        "versioner metrics --team identity --since 2026-01-01 --by month",
        "versioner metrics --product user-service --environment production --deployments",
        keys="product, team, environment (what was asked for, or null); period: {name, since, "
        "until}; frequency: {count, rollbacks, redeployments}; lead_time and time_to_restore: {n, "
        "q1_seconds, median_seconds, q3_seconds}, lead_time.from_build (samples that begin with a "
        "build); change_failure_rate: {failed, changes, rate}; rework: {count, changes}; periods: "
        "the same for each week or month; problems (number of errors found).",
    )
)
@click.option(
    "--product", "-p", metavar="NAME", shell_complete=product_names, help="Only this product."
)
@click.option("--team", metavar="NAME", help="Only the products of this team.")
@click.option(
    "--environment",
    "-e",
    metavar="NAME",
    shell_complete=environment_names,
    help="Only this environment (default: all; lead times end in production).",
)
@click.option(
    "--since",
    metavar="TIME",
    default=_DEFAULT_PERIOD,
    show_default=True,
    help="Ended at or after TIME: 2026-11-01, monday, 30d (30 days ago), or RFC 3339.",
)
@click.option(
    "--until", metavar="TIME", help="Ended at or before TIME; for a day: the end of that day."
)
@click.option(
    "--by", type=click.Choice(["week", "month"]), help="Also by ISO week or by month (UTC)."
)
@click.option("--deployments", is_flag=True, help="List the deployments behind the figures.")
@list_output_option
@rev_option
@repo_option
def metrics(
    product: str | None, team: str | None, environment: str | None, since: str, until: str | None,
    by: Cut | None, deployments: bool, output: str, rev: str | None, repo: str | None,
) -> None:  # fmt: skip
    """Show how often deployments reach an environment, how fast, and how many fail.

    Frequency, lead time, change failure rate, time to restore and rework, over the deployments
    that ended in a period. `versioner/docs/metrics.md` defines each.
    """
    from versioner.cli.output import show_list
    from versioner.cli.registry import find_registry, read_index, reference_time, warn_of_errors
    from versioner.query.deployments import existing_names
    from versioner.query.derived.owners import products_of_team
    from versioner.query.metrics.policy import metrics_policy
    from versioner.query.metrics.summary import ended_in, report_of
    from versioner.reporting.query import metrics as report

    wanted = None if product is None else [product]
    index = read_index(find_registry(repo, rev), rev, products=wanted)
    errors = [each for each in index.problems() if each.severity == "error"]
    warn_of_errors(errors)
    first, last = period_of(since, until, reference_time(index.head, rev))
    product, environment = existing_names(index, product, environment)
    policy = metrics_policy(index.head)
    if environment is not None:
        policy = policy.in_environment(environment)
    names = index.product_names
    if team is not None:
        names = products_of_team(map(index.product, names), team)
    ended = ended_in(map(index.product, names), policy, since=first, until=last, done=index.forget)
    if deployments:
        rows = sorted(ended, key=lambda row: row.at)
        show_list(
            output,
            text=lambda layout: report.counted_text(layout, rows),
            json=lambda: report.counted_json(rows),
            listing=lambda: report.counted_listing(rows),
        )
        return
    found = report_of(ended, since=first, until=last, by=by)
    asked = {"product": product, "team": team, "environment": environment}
    show_list(
        output,
        text=lambda layout: report.metrics_text(layout, found, _subject(**asked)),
        json=lambda: report.metrics_json(found, asked, problems=len(errors)),
        listing=lambda: report.metrics_listing(found),
    )


def period_of(since: str, until: str | None, now: str) -> tuple[str, str]:
    """Return the first and the last second of the period; raise UsageFault where it is empty."""
    from versioner.cli.params import read_for
    from versioner.errors import UsageFault
    from versioner.query.times.text import end_of_today, parse_moment

    with read_for("--since"):
        first = parse_moment(since, now, field="since")
    with read_for("--until"):
        last = parse_moment(until, now, end=True, field="until") if until else end_of_today(now)
    if last < first:
        raise UsageFault(
            f"--until: the period ends at {last}, before it begins at {first}",
            hint="give a later --until, or an earlier --since",
        )
    return first, last


def _subject(product: str | None, team: str | None, environment: str | None) -> str:
    """Return what the figures are about, as a heading."""
    products = product or (f"products of {team}" if team else "all products")
    return f"{products} in {environment or 'all environments'}"
