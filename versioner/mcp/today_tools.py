"""Tools that answer what happened lately: a day in sentences, an incident, what is stuck."""

from contextlib import AbstractContextManager
from typing import Annotated, Any

from pydantic import Field

from versioner.mcp.answers import Answer, page_of
from versioner.mcp.arguments import At, Cursor, Environment, Limit, Team
from versioner.mcp.source import ReadRegistry, RegistrySource
from versioner.query.derived.owners import products_of_team
from versioner.query.incident import Change, grouped, hours_before
from versioner.query.lag import lag_policy, lags_of
from versioner.query.times.text import end_of_today, parse_moment
from versioner.query.times.zones import zone_of
from versioner.query.today.document import lag_document
from versioner.query.today.index_source import IndexSource, changes_of_rules
from versioner.query.today.report import latest_report, production_of
from versioner.query.today.sentences import Writer, text_of
from versioner.query.today.words import quiet_text, report_title, sections_of, summary_of

__all__ = ["TodayTools"]

_Days = Annotated[int, Field(ge=1, le=31, description="The days that end with this one: 1 or 7.")]
_Waited = Annotated[
    int,
    Field(ge=-1, le=36500, description="Stuck for so many days or more; -1: as the registry says."),
]
_Hours = Annotated[int, Field(ge=1, le=8784, description="The hours before the moment.")]


class TodayTools:
    """The tools about what happened lately, and what is stuck."""

    def __init__(self, source: RegistrySource) -> None:
        self._source = source

    def _reading(self) -> AbstractContextManager[ReadRegistry]:
        return self._source.reading()

    def get_today(
        self, days: _Days = 1, team: Team = "", limit: Limit = 100, cursor: Cursor = ""
    ) -> Answer:
        """Return in sentences what happened today, or in some days to now, and what is open.

        What reached production, what was taken back, what failed, what is stuck and with whom.
        Where nothing happened, the last days with a deployment are told; `quiet` says so.
        """
        with self._reading() as read:
            zone = zone_of(read.registry)
            products = products_of_team(read.registry.products.values(), team) if team else None
            found = latest_report(
                _source(read), zone, now=read.now, days=days, products=products, team=team
            )
            period = found.report.period
            writer = Writer(zone, (period.first, period.last), read.now)
            sentences = [
                {"section": section.title, "team": group.owner or None, "text": text_of(each)}
                for section in sections_of(found.report, writer)
                for group in section.groups
                for each in group.sentences
            ]
            page = page_of(sentences, dict, limit=limit, cursor=cursor)
            result = {
                "title": report_title(found.report),
                "time_zone": zone.name,
                "quiet": quiet_text(found) or None,
                "summary": summary_of(found.report, writer),
                "sentences": page.items,
            }
            return read.answer(result, page)

    def get_stuck_versions(
        self, team: Team = "", days: _Waited = -1, limit: Limit = 50, cursor: Cursor = ""
    ) -> Answer:
        """Return the versions that are stuck before production, and why; longest first."""
        with self._reading() as read:
            registry, source = read.registry, _source(read)
            policy = lag_policy(registry)
            least = policy.days if days < 0 else days
            wanted = set(
                products_of_team(registry.products.values(), team) if team else registry.products
            )
            found = [
                each
                for each in lags_of(
                    registry, source.matrix, policy, now=read.now, requests=source.requests()
                )
                if each.product in wanted and each.days >= least
            ]
            page = page_of(found, lag_document, limit=limit, cursor=cursor)
            result = {"days": least, "to": policy.target or None, "versions": page.items}
            return read.answer(result, page)

    def get_incident_changes(
        self,
        at: At = "",
        hours: _Hours = 24,
        environment: Environment = "",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Answer:
        """Return everything that changed in the hours before a moment (now): what may be a cause.

        Deployments, undeployments, failures, mistakes, decisions, changes of rules, and what was
        observed to differ; production first, the latest first.
        """
        with self._reading() as read:
            until = parse_moment(at, read.now, end=True, field="at") if at else read.now
            end = until if at else end_of_today(read.now)
            since = hours_before(until, hours)
            names = [str(read.registry.environment(environment)["name"])] if environment else []
            source = _source(read)
            changes = [
                *source.changes(since, end),
                *changes_of_rules(read.source.repository, read.registry, since, end),
            ]
            groups = grouped(changes, production_of(source), names)
            rows = [each for group in groups for each in group.changes]
            page = page_of(rows, _document, limit=limit, cursor=cursor)
            return read.answer({"since": since, "until": until, "changes": page.items}, page)


def _source(read: ReadRegistry) -> IndexSource:
    return IndexSource(read.index, read.registry, read.now)


def _document(change: Change) -> dict[str, Any]:
    return {**change._asdict(), "environment": change.environment or None}
