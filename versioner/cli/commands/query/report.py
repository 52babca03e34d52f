"""versioner site report: what happened in a time, as one file to keep, mail or print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioner.cli.params import clone_option, examples_epilog, rev_option

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from versioner.git.repository import Repository
    from versioner.query.compare.environments import Difference
    from versioner.query.matrix import Matrix
    from versioner.query.times.zones import Zone
    from versioner.query.today.model import TodayReport, TodaySource
    from versioner.registry.records import Registry
    from versioner.site.views.report import RuleException

__all__ = ["report"]


@click.command(
    short_help="Print a report of a time as one HTML file.",
    epilog=examples_epilog(
        "versioner site report --since 2026-10-01 > report.html",
        "versioner site report --since 2026-07-01 --until 2026-09-30 --team payments > q3.html",
    ),
)
@click.option(
    "--since",
    metavar="TIME",
    required=True,
    help="From TIME on: 2026-10-01, monday, 30d (30 days ago), or RFC 3339.",
)
@click.option("--until", metavar="TIME", help="Up to TIME; for a day: the end of that day.")
@click.option("--team", metavar="NAME", help="Only the products of this team.")
@rev_option
@clone_option
def report(
    since: str, until: str | None, team: str | None, rev: str | None, repo: str | None
) -> None:
    """Print a report of a period as one HTML file, which needs no server, network or script.

    What happened in sentences, the metrics with a picture of the weeks, what changed in each
    environment, what was deployed in spite of rules, and what runs at the end. It prints well. The
    same commit and times give the same bytes.
    """
    from versioner.cli.commands.query.metrics import period_of
    from versioner.cli.output import show
    from versioner.cli.registry import find_repository, read_index, reference_time, warn_of_errors
    from versioner.query.derived.owners import products_of_team
    from versioner.query.matrix import matrix
    from versioner.query.metrics.periods import Period
    from versioner.query.metrics.policy import metrics_policy
    from versioner.query.metrics.summary import ended_in
    from versioner.query.times.zones import zone_of
    from versioner.query.today.index_source import IndexSource
    from versioner.query.today.sentences import Writer
    from versioner.resources import site_templates_dir
    from versioner.site.privacy import hidden_fields
    from versioner.site.rendering.render import Renderer
    from versioner.site.views.report import REPORT_TEMPLATE, ReportContent, report_view

    repository = find_repository(repo)
    index = read_index(repository, rev)
    registry = index.registry()
    warn_of_errors(registry.errors)
    now = registry.commit_time or reference_time(registry, rev)
    first, last = period_of(since, until, now)
    last = min(last, now)
    every = registry.products
    names = products_of_team(every.values(), team) if team else sorted(every)
    hidden = hidden_fields(registry.config)
    zone = zone_of(registry)
    source = IndexSource(index, registry, now, hidden)
    happened = _happened(source, zone, (first, last), now, names if team else None, team or "")
    period = happened.period
    found = matrix(registry, now=now, at=None if last == now else last, products=names)
    content = ReportContent(
        title=registry.title,
        team=team or "",
        period=Period("", first, last),
        revision=registry.revision or "",
        happened=happened,
        writer=Writer(zone, (period.first, period.last), now),
        matrix=found,
        changed=_changed(registry, matrix(registry, now=now, at=first, products=names), found),
        ended=sorted(
            ended_in(
                map(every.__getitem__, names),
                metrics_policy(registry),
                since=first,
                until=last,
            ),
            key=lambda row: row.at,
        ),
        exceptions=_exceptions(repository, registry, (first, last), now, names, hidden),
        titles={
            name: str(document.get("title") or name)
            for name, document in registry.environments.items()
        },
    )
    page = Renderer(site_templates_dir()).render(REPORT_TEMPLATE, report_view(content))
    show(page.decode("utf-8").rstrip())


def _happened(
    source: TodaySource,
    zone: Zone,
    times: tuple[str, str],
    now: str,
    products: Collection[str] | None,
    team: str,
) -> TodayReport:
    """Return what happened in a time; what is so now is left out where it ends before."""
    from dataclasses import replace
    from datetime import date, datetime, timedelta

    from versioner.query.today.model import Period
    from versioner.query.today.report import report_of
    from versioner.rules.times import utc_text

    since, last = times
    until = utc_text(datetime.fromisoformat(last) + timedelta(seconds=1))
    days = zone.day(since), zone.day(last)
    number = (date.fromisoformat(days[1]) - date.fromisoformat(days[0])).days + 1
    period = Period(since, until, *days, max(1, number))
    found = report_of(source, period, zone, now=now, products=products, team=team)
    if last == now:
        return found
    return replace(found, failing=(), waiting=(), requests=(), closed=(), stuck=(), ready=())


def _changed(
    registry: Registry, before: Matrix, after: Matrix
) -> list[tuple[str, Sequence[Difference]]]:
    """Return by environment what runs otherwise at the end than at the begin."""
    from versioner.query.compare.environments import difference_of, instances_apart, step_between
    from versioner.query.versions.order import VersionOrder

    found: dict[str, list[Difference]] = {name: [] for name in after.compared}
    begun = {(row.product, cell.environment): cell for row in before.rows for cell in row.cells}
    for row in after.rows:
        for cell in row.cells:
            old = begun.get((row.product, cell.environment))
            if old is None or cell.environment not in found:
                continue
            if apart := instances_apart(old, cell):
                order = VersionOrder(registry.products[row.product])
                step = step_between(order, old.version, cell.version)
                found[cell.environment].append(difference_of(old, cell, apart, step, "", ""))
    return [*found.items()]


def _exceptions(
    repository: Repository,
    registry: Registry,
    times: tuple[str, str],
    now: str,
    names: Collection[str],
    hidden: Collection[str],
) -> list[RuleException] | None:
    """Return what was deployed in spite of rules, the newest first; None without rules."""
    from versioner.query.gate.rule_activity import rule_activity_in
    from versioner.site.views.report import RuleException

    overrides = [
        RuleException(
            event["at"], name, each.environment, each.version,
            tuple(rule["rule"] for rule in event["overrides"]),
            "" if "reason" in hidden else str(event["overrides"][0].get("reason", "")),
            True, event["id"] in _reviewed(registry, name),
        )
        for name in names
        for each in registry.products[name].deployments
        if each.void is None
        for event in each.events
        if event.get("overrides") and times[0] <= event["at"] <= times[1]
    ]  # fmt: skip
    if not registry.governance.rules and not overrides:
        return None
    broken = [
        RuleException(
            each.at, each.product, each.environment, each.version, (each.rule,), "", False, False
        )
        for each in rule_activity_in(repository, registry, now=now).violations
        if each.product in names and times[0] <= each.at <= times[1]
    ]
    return sorted([*overrides, *broken], key=lambda each: (each.at, each.product), reverse=True)


def _reviewed(registry: Registry, name: str) -> set[str]:
    decisions = registry.products[name].decisions
    return {each.event for each in decisions if each.decision == "override-reviewed"}
