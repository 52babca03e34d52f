"""versioner today: what happened in a day or a week, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioner.cli.params import examples_epilog, repo_option, rev_option

if TYPE_CHECKING:
    from versioner.query.today.report import LatestReport
    from versioner.query.today.sentences import Writer
    from versioner.registry.records import Registry

__all__ = ["today"]


@click.command(
    epilog=examples_epilog(
        "versioner today",
        "versioner today --week --team payments",
        "versioner today --since 2026-11-20 -o markdown",
        "versioner today -o html > today.html",
        keys="team, asked: {first_day, last_day}, first_day, last_day, since, until, time_zone, "
        "title, summary, reached, redeployed, rolled_back, removed, void, failed, failing, "
        "waiting, requests, closed, stuck, ready, others, sections: [{name, title, groups: [{team, "
        "sentences}]}], problems (number of errors found); each as api/v1/today.json of the site "
        "has it.",
    )
)
@click.option("--week", is_flag=True, help="The seven days that end with this one.")
@click.option(
    "--since",
    metavar="TIME",
    help="The time from TIME until now: 2026-11-20, monday, 3d (3 days ago), or RFC 3339.",
)
@click.option("--team", metavar="NAME", help="Only the products of this team.")
@click.option(
    "--output",
    "-o",
    type=click.Choice(["text", "json", "markdown", "html"]),
    default="text",
    show_default=True,
    help="The output format; html is a mail in one file. The JSON keys are stable.",
)
@rev_option
@repo_option
def today(
    week: bool, since: str | None, team: str | None, output: str, rev: str | None, repo: str | None
) -> None:
    """Show in sentences what happened today: deployments, rollbacks, failures, what waits.

    By team: what reached production, what was taken back, what failed and still fails, what is
    stuck and with whom, what is in progress or needs approvals. Days are those of site.time_zone.
    What the site hides is not in markdown and html, which are passed on.
    Where nothing happened, the last day with a deployment is shown. With --rev, the day is that of
    the commit.
    """
    from versioner.cli.output import show, terminal_layout
    from versioner.cli.registry import (
        find_registry,
        hidden_from,
        read_index,
        reference_time,
        warn_of_errors,
    )
    from versioner.query.derived.owners import products_of_team
    from versioner.query.times.zones import zone_of
    from versioner.query.today.index_source import IndexSource
    from versioner.query.today.report import latest_report, report_since
    from versioner.query.today.sentences import Writer

    if week and since:
        raise click.UsageError("--week and --since exclude each other.")
    index = read_index(find_registry(repo, rev), rev)
    registry = index.registry()
    warn_of_errors(registry.errors)
    now = reference_time(registry, rev)
    zone = zone_of(registry)
    source = IndexSource(index, registry, now, hidden_from(registry, output))
    products = products_of_team(registry.products.values(), team) if team else None
    if since:
        found = report_since(
            source, _moment(since, now), zone, now=now, products=products, team=team or ""
        )
    else:
        days = 7 if week else 1
        found = latest_report(source, zone, now=now, days=days, products=products, team=team or "")
    period = found.report.period
    writer = Writer(zone, (period.first, period.last), now)
    if output == "html":
        show(_mail(found, writer, registry, now))
        return
    from versioner.query.today.words import quiet_text
    from versioner.reporting.query import today as report

    quiet = quiet_text(found)
    if output == "text":
        show(report.today_text(terminal_layout(), found, writer, quiet))
    elif output == "markdown":
        show(report.today_markdown(found, writer, quiet))
    else:
        show(report.today_json(found, writer, problems=len(registry.errors)))


def _moment(since: str, now: str) -> str:
    from versioner.cli.params import read_for
    from versioner.query.times.text import parse_moment

    with read_for("--since"):
        return parse_moment(since, now, field="since")


def _mail(found: LatestReport, writer: Writer, registry: Registry, now: str) -> str:
    from versioner.registry.checks.settings import site_url
    from versioner.resources import site_templates_dir
    from versioner.site.rendering.render import Renderer
    from versioner.site.urls import TODAY
    from versioner.site.views.parts.mail import MAIL_TEMPLATE, mail_of

    site = site_url(registry)
    view = mail_of(
        found,
        writer,
        site_title=registry.title,
        site=f"{site}{TODAY}" if site else "",
        as_of=f"{now[:10]} {now[11:16]} UTC",
    )
    return Renderer(site_templates_dir()).render(MAIL_TEMPLATE, view).decode("utf-8").rstrip()
