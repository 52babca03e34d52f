"""The pages Today and This week: what happened, in sentences, and what waits."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from versioner.query.today.report import latest_report
from versioner.query.today.sentences import Writer
from versioner.query.today.standing import standing_of
from versioner.query.today.words import quiet_text, report_title, sections_of, summary_of
from versioner.site.summaries.people import person_link
from versioner.site.urls import (
    DEPLOYMENTS,
    TODAY,
    TODAY_FEED,
    TODAY_MAIL,
    WEEK,
    request_page,
)
from versioner.site.views.parts.event_details import contacts
from versioner.site.views.parts.layout import View, frame
from versioner.site.views.parts.mail import mail_of
from versioner.site.views.parts.report_source import source_of
from versioner.site.views.products import title_of
from versioner.site.wording import count, moment_text, version_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.query.today.model import TodayReport
    from versioner.query.today.report import LatestReport
    from versioner.query.today.sentences import Part
    from versioner.query.today.standing import Standing
    from versioner.query.today.words import Group, Section
    from versioner.site.context import SiteContext

__all__ = ["mail_view", "report_of_days", "today_view", "writer_of"]

# The most sentences of a section that a page shows.
_SHOWN: Final = 150
_MARKS: Final = {
    "failed": "status-failed",
    "aborted": "status-aborted",
    "rollback": "status-rollback",
    "undeployed": "status-undeployed",
    "void": "status-unknown",
    "started": "status-started",
    "pending": "status-pending",
    "no result": "status-stale",
}
_DAYS: Final = {TODAY: 1, WEEK: 7}


@lru_cache(maxsize=2)
def report_of_days(context: SiteContext, days: int) -> LatestReport:
    """Return the report of the day of the last commit, or of several days to it."""
    source = source_of(context)
    standing = _standing(context)
    return latest_report(source, context.zone, now=context.now, days=days, standing=standing)


@lru_cache(maxsize=1)
def _standing(context: SiteContext) -> Standing:
    return standing_of(source_of(context), now=context.now)


def writer_of(context: SiteContext, report: TodayReport) -> Writer:
    """Return what words the names and times of a report have on the site."""
    return Writer(
        context.zone,
        (report.period.first, report.period.last),
        context.now,
        product=lambda name: title_of(context, name),
        environment=context.environment_title,
        version=version_text,
    )


def today_view(context: SiteContext, page: str) -> View:
    """Return the view of the page of the last day, or of the last week."""
    days = _DAYS[page]
    found = report_of_days(context, days)
    report = found.report
    title = "Today" if days == 1 else "This week"
    feed = {"title": "What happened, day by day", "href": context.link(page, TODAY_FEED)}
    return {
        "frame": frame(
            context,
            page,
            title,
            section=TODAY,
            script="today",
            description=f"{context.title}: what was deployed, what failed, what waits.",
            feeds=[feed],
            current=True,
            zone=context.zone.name,
        ),
        "title": title,
        "period": report_title(report),
        **_parts(context, page, found),
        "turns": [
            {"text": text, "href": context.link(page, target), "current": target == page}
            for target, text in ((TODAY, "Day"), (WEEK, "Week"))
        ],
        "links": [
            {"text": "All deployments", "href": context.link(page, DEPLOYMENTS)},
            {"text": "Feed", "href": feed["href"]},
            {"text": "As a mail", "href": context.link(page, TODAY_MAIL)},
        ],
    }


def mail_view(context: SiteContext) -> View:
    """Return the view of the mail of the last day.

    Its links are absolute; without an address of the site it has none.
    """
    found = report_of_days(context, 1)
    return mail_of(
        found,
        writer_of(context, found.report),
        site_title=context.title,
        site=context.base_url + TODAY if context.base_url else "",
        as_of=f"{moment_text(context.now)} UTC",
        href=lambda part: _address(context, _target(context, TODAY_MAIL, part)),
    )


def _address(context: SiteContext, href: str) -> str:
    return context.base_url + href.removeprefix("../") if context.base_url and href else ""


def _parts(context: SiteContext, page: str, found: LatestReport) -> View:
    report = found.report
    writer = writer_of(context, report)
    return {
        "quiet": quiet_text(found),
        "summary": summary_of(report, writer),
        "figures": _figures(report, writer),
        "sections": [_section(context, page, each) for each in sections_of(report, writer)],
    }


def _figures(report: TodayReport, writer: Writer) -> list[View]:
    back = len(report.rolled_back) + len(report.removed) + len(report.void)
    failed, stuck = len(report.failed), len(report.stuck)
    waits = len(report.waiting) + len(report.requests)
    target = (
        writer.place(report.production[0]).text if len(report.production) == 1 else "production"
    )
    return [
        _figure("reached", len(report.reached), f"reached {target}", ""),
        _figure("taken-back", back, "taken back", "status-rollback"),
        _figure("failed", failed, "failed", "status-failed"),
        _figure("waits", waits, "in progress or waiting", "status-started"),
        _figure("stuck", stuck, f"stuck for {count(report.policy.days, 'day')}", "status-drifting"),
    ]


def _figure(name: str, number: int, text: str, status_class: str) -> View:
    return {
        "href": f"#{name}" if number else "",
        "number": f"{number:,}",
        "text": text,
        "status_class": status_class if number else "",
    }


def _section(context: SiteContext, page: str, section: Section) -> View:
    left, groups = _SHOWN, []
    for group in section.groups:
        if left <= 0:
            break
        shown = group.sentences[:left]
        left -= len(shown)
        groups.append(_group(context, page, section, group, shown))
    return {
        "name": section.name,
        "title": section.title,
        "number": section.total,
        "groups": groups,
        "more": max(0, section.number - _SHOWN),
        "more_href": context.link(page, DEPLOYMENTS),
        "named": len(section.groups) > 1 or any(group.owner for group in section.groups),
    }


def _group(
    context: SiteContext,
    page: str,
    section: Section,
    group: Group,
    shown: Sequence[Sequence[Part]],
) -> View:
    return {
        "owner": group.owner or "No team",
        "contacts": _contacts(context, shown) if section.name in ("stuck", "failed") else [],
        "sentences": [[_part(context, page, part) for part in each] for each in shown],
    }


def _contacts(context: SiteContext, shown: Sequence[Sequence[Part]]) -> list[View]:
    """Return whom to ask about the products of a group, each once, without the team itself."""
    names = {part.about[0] for each in shown for part in each if part.role == "product"}
    found: dict[str, View] = {}
    for name in sorted(names):
        for each in contacts(context.registry.products[name], hidden=context.hidden):
            if each["label"] not in ("team", "owner"):
                found.setdefault(repr(each), each)
    return [*found.values()][:4]


def _part(context: SiteContext, page: str, part: Part) -> View:
    return {
        "text": part.text,
        "role": part.role,
        "href": _target(context, page, part),
        "at": part.about[0] if part.role == "time" else "",
        "status_class": _MARKS.get(part.about[0], "") if part.role == "mark" else "",
    }


def _target(context: SiteContext, page: str, part: Part) -> str:
    """Return the link from a page to what a part of a sentence names, "" for none."""
    if part.role == "product":
        return context.product(page, part.about[0])
    if part.role == "environment":
        return context.environment(page, part.about[0])
    if part.role == "version" and part.about:
        return source_of(context).row(page, *part.about)
    if part.role == "person":
        return person_link(context, page, part.about[0])
    if part.role == "request":
        return context.link(page, request_page(part.about[0]))
    return ""
