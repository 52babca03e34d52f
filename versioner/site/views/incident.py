"""The page Incident: everything that changed in the hours before a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from versioner.layout import month_of
from versioner.query.incident import GROUP_TITLES, grouped, hours_before, incident_line
from versioner.query.today.happenings import earliest_beginning
from versioner.query.today.report import production_of
from versioner.rules.times import utc_text
from versioner.site.incident_months import changes_in, months_of_changes
from versioner.site.urls import INCIDENT, TODAY, changes_document
from versioner.site.views.parts.layout import View, frame
from versioner.site.views.parts.report_source import source_of
from versioner.site.wording import count, moment_text

if TYPE_CHECKING:
    from versioner.site.context import SiteContext

__all__ = ["incident_view"]

# Without a script, the page is about so many hours before the last commit.
_HOURS: Final = 24
_CHOICES: Final = (2, 6, 24, 72)
# A page without a script shows no more; the others are on other pages.
_SHOWN: Final = 300


def incident_view(context: SiteContext) -> View:
    """Return the view of the page: the hours before the last commit, and what a script needs."""
    until = _next_minute(context.now)
    since = hours_before(until, _HOURS)
    months = months_of_changes(context)
    first, last = month_of(earliest_beginning(since)), month_of(until)
    found = [
        each
        for month in months
        if first <= month <= last
        for each in changes_in(context, month)
        if since <= each.at <= until
    ]
    production = production_of(source_of(context))
    every = grouped(found, production)
    lines = sum(len(group.changes) for group in every)
    left, groups = _SHOWN, []
    for group in every:
        shown = [incident_line(each) for each in group.changes[: max(0, left)]]
        left -= len(shown)
        if shown:
            groups.append({"title": group.title, "lines": shown})
    return {
        "frame": frame(
            context,
            INCIDENT,
            "Incident",
            section=INCIDENT,
            script="incident",
            description=f"{context.title}: what changed in the hours before a moment.",
            current=True,
            zone="UTC",
        ),
        "hours": _HOURS,
        "choices": [{"hours": each, "text": count(each, "hour")} for each in _CHOICES],
        "until": until,
        "until_text": moment_text(until),
        "number": count(lines, "change"),
        "groups": groups,
        "more": max(0, lines - _SHOWN),
        "environments": [
            {"name": name, "title": context.environment_title(name)}
            for name, document in context.environments.items()
            if not document.get("retired")
        ],
        "production": " ".join(production),
        "titles": "|".join(GROUP_TITLES),
        "months": " ".join(months),
        "documents": context.link(INCIDENT, changes_document("MONTH")),
        "today": context.link(INCIDENT, TODAY),
        "command": "versioner incident --at TIME",
    }


def _next_minute(at: str) -> str:
    """Return the first whole minute at a moment or after it: a field for times has no seconds."""
    moment = datetime.fromisoformat(at)
    whole = moment.replace(second=0)
    return utc_text(whole if whole == moment else whole + timedelta(minutes=1))
