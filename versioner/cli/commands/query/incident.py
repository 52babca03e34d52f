"""versioner incident: everything that changed in the hours before a moment."""

from __future__ import annotations

import click

from versioner.cli.commands.completion import environment_names
from versioner.cli.params import examples_epilog, repo_option, rev_option

__all__ = ["incident"]


@click.command(
    epilog=examples_epilog(
        "versioner incident",
        "versioner incident --at 2026-11-22T09:45:00Z --hours 6",
        "versioner incident --at 'yesterday 14:30' -e production -o markdown",
        keys="at, since, hours, environments, changes: {at, kind (deployment, rollback, "
        "undeployment, failure, void, decision, drift, rule), environment, text}, problems "
        "(number of errors found).",
    )
)
@click.option(
    "--at",
    metavar="TIME",
    help="The moment of the incident: RFC 3339, 2h (2 hours ago), or a day (its end). Default: "
    "now, or the time of the commit of --rev.",
)
@click.option(
    "--hours",
    type=click.IntRange(1, 24 * 366),
    default=24,
    show_default=True,
    metavar="N",
    help="What changed in the N hours before it.",
)
@click.option(
    "--environment",
    "-e",
    "environments",
    multiple=True,
    metavar="NAME",
    shell_complete=environment_names,
    help="Only this environment, with rules and decisions; may be given several times.",
)
@click.option(
    "--output",
    "-o",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="The output format. The JSON keys are stable.",
)
@rev_option
@repo_option
def incident(
    at: str | None, hours: int, environments: tuple[str, ...], output: str, rev: str | None,
    repo: str | None,
) -> None:  # fmt: skip
    """Show everything that changed in the hours before a moment, in one list to paste.

    Deployments, undeployments, failures, what was declared a mistake, decisions about versions and
    requests, changes of rules, and what was observed to differ: production first, the latest first.
    What the site hides is not in markdown, which is passed on.
    """
    from versioner.cli.output import show, terminal_layout
    from versioner.cli.params import read_for
    from versioner.cli.registry import (
        find_registry,
        hidden_from,
        read_index,
        reference_time,
        warn_of_errors,
    )
    from versioner.query.incident import grouped, hours_before
    from versioner.query.times.text import end_of_today, parse_moment
    from versioner.query.today.index_source import IndexSource, changes_of_rules
    from versioner.query.today.report import production_of
    from versioner.reporting.query import incident as report

    repository = find_registry(repo, rev)
    index = read_index(repository, rev)
    registry = index.registry()
    warn_of_errors(registry.errors)
    now = reference_time(registry, rev)
    with read_for("--at"):
        until = parse_moment(at, now, end=True, field="at") if at else now
    since = hours_before(until, hours)
    names = [str(registry.environment(each)["name"]) for each in environments]
    source = IndexSource(index, registry, now, hidden_from(registry, output))
    end = until if at else end_of_today(now)
    changes = [*source.changes(since, end), *changes_of_rules(repository, registry, since, end)]
    groups = grouped(changes, production_of(source), names)
    moment = report.Moment(until, since, hours, tuple(names))
    if output == "text":
        show(report.incident_text(terminal_layout(), groups, moment))
    elif output == "markdown":
        show(report.incident_markdown(groups, moment))
    else:
        show(report.incident_json(groups, moment, problems=len(registry.errors)))
