"""The feed of days: one entry for each of the last days on which anything was deployed."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from versioner.layout import month_of
from versioner.query.today.report import days_until, happened_in
from versioner.query.today.sentences import long_day, text_of
from versioner.query.today.words import sections_of, summary_of
from versioner.site.exports.feeds import atom_feed, entry_id, origin_of
from versioner.site.exports.xml import attribute, markup
from versioner.site.urls import TODAY, TODAY_FEED, relative
from versioner.site.views.parts.report_source import source_of
from versioner.site.views.today import report_of_days, writer_of

if TYPE_CHECKING:
    from versioner.query.today.model import TodayReport
    from versioner.site.context import SiteContext

__all__ = ["days_feed"]

_DAYS: Final = 14
_SHOWN: Final = 30


def days_feed(context: SiteContext) -> bytes:
    """Return the feed; what fails, waits or is stuck belongs to no past day and is left out."""
    last = report_of_days(context, 1).report.period.last
    source, zone = source_of(context), context.zone
    reports = [
        happened_in(source, days_until(zone.later(last, -number), zone), zone)
        for number in range(_DAYS)
    ]
    found = [each for each in reports if not each.is_quiet]
    updated = max((_updated(each) for each in found), default="1970-01-01T00:00:00Z")
    origin = origin_of(context)
    entries = [_entry(context, each, origin) for each in found]
    title = f"{context.title}: day by day"
    return atom_feed(context, TODAY_FEED, title, TODAY, updated, entries).encode("utf-8")


def _updated(report: TodayReport) -> str:
    parts = (report.rolled_back, report.removed, report.void)
    times = [each.at for own in parts for each in own]
    times += [each.last.at for each in report.reached]
    times += [each.happening.at for each in report.failed]
    return max([*times, report.period.since])


def _entry(context: SiteContext, report: TodayReport, origin: str) -> str:
    writer = writer_of(context, report)
    parts = [f"<p>{escape(summary_of(report, writer))}</p>"]
    for section in sections_of(report, writer):
        found = [text_of(each) for group in section.groups for each in group.sentences]
        lines = "".join(f"<li>{escape(each)}</li>" for each in found[:_SHOWN])
        more = f"<li>and {len(found) - _SHOWN:,} more</li>" if len(found) > _SHOWN else ""
        parts.append(f"<h3>{escape(section.title)}</h3><ul>{lines}{more}</ul>")
    day, page = report.period.last, _page(context, report)
    href = context.base_url + page if context.base_url else relative(TODAY_FEED, page)
    return "".join(
        (
            f"<entry><id>{entry_id('day', origin, day)}</id>",
            f"<title>{markup(long_day(day))}</title>",
            f"<updated>{_updated(report)}</updated>",
            f'<link rel="alternate" type="text/html" href="{attribute(href)}"/>',
            f'<summary type="text">{markup(summary_of(report, writer))}</summary>',
            f'<content type="html">{markup("".join(parts))}</content></entry>',
        )
    )


def _page(context: SiteContext, report: TodayReport) -> str:
    month = month_of(report.period.since)
    pages = [each.path for each in context.deployment_links if each.month == month]
    return pages[-1] if pages else TODAY
