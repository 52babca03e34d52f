"""A report as JSON data: for the API, the command and agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.query.today.sentences import text_of
from versioner.query.today.words import report_title, sections_of, summary_of

if TYPE_CHECKING:
    from versioner.models import Deployment
    from versioner.query.lag import Lag
    from versioner.query.today.closed import ClosedWindow
    from versioner.query.today.happenings import Happening
    from versioner.query.today.model import Failing, Failure, Moved, TodayReport, Waiting
    from versioner.query.today.report import LatestReport
    from versioner.query.today.sentences import Writer

__all__ = ["lag_document", "today_document"]

Document = dict[str, Any]


def today_document(found: LatestReport, writer: Writer) -> Document:
    """Return a report with its sentences; empty texts are null."""
    report, asked = found.report, found.asked
    return {
        "asked": {"first_day": asked.first, "last_day": asked.last},
        "first_day": report.period.first,
        "last_day": report.period.last,
        "since": report.period.since,
        "until": report.period.until,
        "time_zone": report.zone,
        "title": report_title(report),
        "summary": summary_of(report, writer),
        "reached": [_moved(report, each) for each in report.reached],
        "redeployed": report.redeployed,
        "rolled_back": [_happening(report, each) for each in report.rolled_back],
        "removed": [_happening(report, each) for each in report.removed],
        "void": [_happening(report, each) for each in report.void],
        "failed": [_failure(report, each) for each in report.failed],
        "failing": [_failing(report, each) for each in report.failing],
        "waiting": [_waiting(report, each) for each in report.waiting],
        "requests": [
            {"request": each.request.name, "state": each.state, "needs": list(each.lacks)}
            for each in report.requests
        ],
        "closed": [_closed(each) for each in report.closed],
        "stuck": [lag_document(each) for each in report.stuck],
        "ready": [lag_document(each) for each in report.ready],
        "others": [
            {
                "environment": each.environment,
                "deployments": each.deployments,
                "versions": [{"product": name, "version": one} for name, one in each.moved],
            }
            for each in report.others
        ],
        "sections": _sections(report, writer),
    }


def _sections(report: TodayReport, writer: Writer) -> list[Document]:
    return [
        {
            "name": section.name,
            "title": section.title,
            "groups": [
                {"team": group.owner or None, "sentences": [*map(text_of, group.sentences)]}
                for group in section.groups
            ],
        }
        for section in sections_of(report, writer)
    ]


def lag_document(lag: Lag) -> Document:
    """Return a version that waits as JSON data."""
    return {
        "product": lag.product,
        "team": lag.owner or None,
        "version": lag.version,
        "environment": lag.source,
        "instance": lag.instance or None,
        "since": lag.since or None,
        "days": lag.days,
        "target": lag.target,
        "running": lag.running or None,
        "running_since": lag.running_since or None,
        "commits_behind": lag.commits or 0,
        "reasons": [
            {"code": each.code, "at": each.at or None, "text": each.text or None}
            for each in lag.reasons
        ],
    }


def _moved(report: TodayReport, each: Moved) -> Document:
    first = each.first
    return {
        **_happening(report, each.last),
        "before": list(first.before),
        "before_since": first.before_since or None,
        "between": list(each.earlier),
    }


def _happening(report: TodayReport, each: Happening) -> Document:
    return {
        "deployment": each.id,
        "product": each.product,
        "team": report.owners.get(each.product) or None,
        "environment": each.environment,
        "instance": each.instance or None,
        "version": each.version or None,
        "kind": each.kind,
        "status": each.status,
        "began": each.began,
        "at": each.at,
        "by": each.by or None,
        "reason": each.reason or None,
        "before": list(each.before),
        "before_since": each.before_since or None,
    }


def _failure(report: TodayReport, each: Failure) -> Document:
    found = _happening(report, each.happening)
    return {
        **found,
        "fixed": each.is_still is False,
        "running": each.running or None,
    }


def _failing(report: TodayReport, each: Failing) -> Document:
    return {**_deployment(report, each.deployment), "running": each.running or None}


def _waiting(report: TodayReport, each: Waiting) -> Document:
    return {**_deployment(report, each.deployment), "status": each.status}


def _deployment(report: TodayReport, each: Deployment) -> Document:
    return {
        "deployment": each.id,
        "product": each.product,
        "team": report.owners.get(each.product) or None,
        "environment": each.environment,
        "instance": each.instance or None,
        "version": each.version,
        "status": each.status,
        "began": each.at,
        "at": each.changed_at,
    }


def _closed(each: ClosedWindow) -> Document:
    return {
        "rule": each.rule,
        "title": each.title,
        "environments": list(each.environments),
        "start": each.start or None,
        "end": each.end or None,
        "now": each.is_now,
    }
