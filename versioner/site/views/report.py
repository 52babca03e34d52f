"""The report of a period in one file: a summary in words, what runs, what changed, and figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from versioner.query.metrics.documents import duration_text
from versioner.query.metrics.policy import LEAST_SAMPLES
from versioner.query.metrics.summary import Tally, metrics_of
from versioner.query.times.text import seconds_between
from versioner.query.today.words import sections_of, summary_of
from versioner.site.views.charts.weekly import weekly_chart
from versioner.site.wording import count, moment_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from versioner.query.compare.environments import Difference
    from versioner.query.matrix import CellState, Matrix
    from versioner.query.metrics.outcomes import EndedDeployment
    from versioner.query.metrics.periods import Period
    from versioner.query.metrics.summary import Metrics, Spread
    from versioner.query.today.model import TodayReport
    from versioner.query.today.sentences import Writer
    from versioner.site.views.parts.layout import View

__all__ = ["REPORT_TEMPLATE", "ReportContent", "RuleException", "report_view"]

REPORT_TEMPLATE: Final = "report.html"
_WEEK_SECONDS: Final = 7 * 24 * 3600
_WEEKS_MOST: Final = 53


@dataclass(frozen=True, slots=True)
class RuleException:
    """A deployment in spite of a rule: with an override and its reason, or without one."""

    at: str
    product: str
    environment: str
    version: str
    rules: tuple[str, ...]
    reason: str
    is_override: bool
    is_reviewed: bool


@dataclass(frozen=True, slots=True)
class ReportContent:
    """What a report is made from.

    `before` has by environment what differs between its begin and its end. `ended` are the
    deployments that ended in the period. `exceptions` is None where the registry has no rules.
    """

    title: str
    team: str
    period: Period
    revision: str
    happened: TodayReport
    writer: Writer
    matrix: Matrix
    changed: Sequence[tuple[str, Sequence[Difference]]]
    ended: Sequence[EndedDeployment]
    exceptions: Sequence[RuleException] | None = None
    titles: dict[str, str] = field(default_factory=dict)


def report_view(content: ReportContent) -> View:
    """Return the view of a report."""
    since, until = content.period.since, content.period.until
    return {
        "title": content.title,
        "subject": f"Deployments of {content.team}" if content.team else "Deployments",
        "since": since,
        "since_text": moment_text(since),
        "until": until,
        "until_text": moment_text(until),
        "revision": content.revision[:10],
        "summary": summary_of(content.happened, content.writer),
        "sections": [
            {
                "title": section.title,
                "named": len(section.groups) > 1 or any(group.owner for group in section.groups),
                "groups": [
                    {
                        "owner": group.owner or "No team",
                        "sentences": [
                            [{"text": part.text, "marked": part.role == "mark"} for part in each]
                            for each in group.sentences
                        ],
                    }
                    for group in section.groups
                ],
            }
            for section in sections_of(content.happened, content.writer)
        ],
        "columns": [content.titles.get(name, name) for name in content.matrix.compared],
        "rows": [
            {
                "product": row.product,
                "drifting": row.drifting,
                "cells": [_cell(c) for c in row.cells if c.environment in content.matrix.compared],
            }
            for row in content.matrix.rows
        ],
        "changed": [
            {"title": content.titles.get(name, name), "rows": [_change(each) for each in found]}
            for name, found in content.changed
            if found
        ],
        "figures": _figures(metrics_of(content.ended, content.period)),
        "weekly": _weekly(content.ended, content.period),
        "has_rules": content.exceptions is not None,
        "exceptions": [_exception(each) for each in content.exceptions or ()],
    }


def _cell(state: CellState) -> View:
    if state.mixed:
        text = ", ".join(
            f"{version_text(each.version)} on {each.name or 'others'}"
            for each in state.instances
            if each.version
        )
    else:
        text = version_text(state.version)
    return {"text": text, "since": state.since[:10] if text else ""}


def _change(each: Difference) -> View:
    return {
        "product": each.product,
        "before": _versions(each.a),
        "after": _versions(each.b),
        "since": moment_text(each.b.since) if each.b.since else "",
        "way": "back" if each.newer == "a" else "",
        "between": count(len(each.between), "version") if each.between else "",
    }


def _versions(state: CellState) -> str:
    return ", ".join(map(version_text, state.versions)) or "nothing"


def _figures(found: Metrics) -> list[View]:
    rate = found.failure_rate
    few = found.changes < LEAST_SAMPLES
    return [
        _figure("Deployments of another version", f"{found.completed:,}",
                f"{count(found.rollbacks, 'rollback')} among them;"
                f" {count(found.redeployments, 'redeployment')} more"),
        _figure("Change failure rate",
                "none" if rate is None else f"{found.failed:,} of {found.changes:,}" if few
                else f"{rate:.1%}",
                "" if rate is None or few else f"{found.failed:,} of {found.changes:,} changes"),
        _spread("Lead time (median)", found.lead_time),
        _spread("Time to restore (median)", found.time_to_restore),
        _figure("Rework", f"{found.rework:,}", f"of {found.changes:,} changes"),
    ]  # fmt: skip


def _figure(name: str, value: str, note: str) -> View:
    return {"name": name, "value": value, "note": note}


def _spread(name: str, found: Spread) -> View:
    if found.median is None or found.q1 is None or found.q3 is None:
        return _figure(name, "none", "")
    quartiles = f"{duration_text(found.q1)} to {duration_text(found.q3)} (quartiles)"
    return _figure(name, duration_text(found.median), f"{quartiles}, {count(found.n, 'sample')}")


def _weekly(ended: Iterable[EndedDeployment], period: Period) -> View:
    days: dict[str, Tally] = {}
    for row in ended:
        days.setdefault(row.at[:10], Tally()).add(row)
    weeks = (seconds_between(period.since, period.until) + _WEEK_SECONDS) // _WEEK_SECONDS
    return weekly_chart(days, period.until, min(_WEEKS_MOST, weeks + 1))


def _exception(each: RuleException) -> View:
    return {
        "at": each.at,
        "when": moment_text(each.at),
        "product": each.product,
        "environment": each.environment,
        "version": version_text(each.version),
        "rules": ", ".join(each.rules),
        "what": "override" if each.is_override else "no override",
        "reason": each.reason,
        "reviewed": "reviewed" if each.is_reviewed else "not reviewed",
    }
