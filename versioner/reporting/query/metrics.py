"""Reports of the metrics: a table of the figures, JSON, and rows for spreadsheets."""

from __future__ import annotations

from itertools import dropwhile
from typing import TYPE_CHECKING, Any, Final

from versioner.query.metrics.documents import SPREAD_KEYS, duration_text, metrics_document
from versioner.query.metrics.policy import LEAST_SAMPLES
from versioner.reporting.delimited import Listing
from versioner.reporting.tables import Column, table
from versioner.reporting.terminal import as_json, json_array
from versioner.reporting.text import Span, abbreviate, count, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from versioner.query.metrics.outcomes import EndedDeployment
    from versioner.query.metrics.summary import Metrics, MetricsReport, Spread
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import TextLayout

__all__ = [
    "counted_json",
    "counted_listing",
    "counted_text",
    "metrics_json",
    "metrics_listing",
    "metrics_text",
]

_COLUMNS: Final = (
    "period.name",
    "period.since",
    "period.until",
    "frequency.count",
    "frequency.rollbacks",
    "frequency.redeployments",
    *(f"lead_time.{key}" for key in (*SPREAD_KEYS, "from_build")),
    "change_failure_rate.failed",
    "change_failure_rate.changes",
    "change_failure_rate.rate",
    *(f"time_to_restore.{key}" for key in SPREAD_KEYS),
    "rework.count",
    "rework.changes",
)
_COUNTED: Final = (
    "id",
    "product",
    "environment",
    "instance",
    "version",
    "ended_at",
    "counts_as",
    "failed_change",
    "restored_after_seconds",
    "lead_time_seconds",
    "lead_time_since",
    "rework",
)


def metrics_json(
    report: MetricsReport, filters: Mapping[str, str | None], *, problems: int = 0
) -> str:
    """Return the metrics as JSON, with what was asked for and the errors in what was read."""
    return as_json(
        {
            **filters,
            **metrics_document(report.total),
            "periods": [metrics_document(part) for part in report.parts],
            "problems": problems,
        }
    )


def metrics_listing(report: MetricsReport) -> Listing:
    """Return a row for each week or month, or one for the whole period."""
    return Listing(_COLUMNS, [metrics_document(each) for each in report.parts or [report.total]])


def metrics_text(layout: TextLayout, report: MetricsReport, subject: str) -> str:
    """Return the figures of a period as a table, and those of its weeks or months below it."""
    total = report.total
    heading = layout.heading(
        f"{subject}, {moment(total.period.since)} to {moment(total.period.until)} UTC"
    )
    parts = [f"{heading}\n{table(layout, _FIGURE_COLUMNS, _figures(total))}"]
    if report.parts:
        parts.append(table(layout, _PART_COLUMNS, [*map(_part, _from_the_first(report.parts))]))
    if min(total.changes, total.lead_time.n or LEAST_SAMPLES) < LEAST_SAMPLES:
        parts.append(layout.note(f"Fewer than {LEAST_SAMPLES} samples say little."))
    return "\n\n".join(parts)


def _from_the_first(parts: Sequence[Metrics]) -> Iterator[Metrics]:
    """Yield parts from the first one with a deployment on: what is before them is empty."""
    return dropwhile(lambda each: not (each.completed or each.redeployments or each.changes), parts)


_FIGURE_COLUMNS: Final = [
    Column("metric"),
    Column("value", 8),
    Column("samples", 8),
    Column("quartiles", spare=True),
]
_PART_COLUMNS: Final = [
    Column("period"),
    Column("deployments"),
    Column("rollbacks", spare=True),
    Column("failed"),
    Column("rate"),
    Column("lead time"),
    Column("restore"),
    Column("rework", spare=True),
]


def _figures(metrics: Metrics) -> Iterator[Sequence[CellText]]:
    times = count(metrics.rollbacks, "rollback")
    again = f"{count(metrics.redeployments, 'redeployment')} apart"
    yield ("deployments", Span(f"{metrics.completed:,}", "bold"), f"{times} among them", again)
    yield (
        "lead time",
        _duration(metrics.lead_time.median),
        f"{count(metrics.lead_time.n, 'version')}, {metrics.lead_times_from_build:,} from a build",
        _quartiles(metrics.lead_time),
    )
    yield (
        "change failure rate",
        _rate(metrics),
        f"{metrics.failed:,} of {count(metrics.changes, 'change')}",
        "",
    )
    yield (
        "time to restore",
        _duration(metrics.time_to_restore.median),
        count(metrics.time_to_restore.n, "failure"),
        _quartiles(metrics.time_to_restore),
    )
    yield (
        "rework",
        Span(f"{metrics.rework:,}", "bold"),
        f"of {count(metrics.changes, 'change')}",
        "",
    )


def _part(metrics: Metrics) -> list[CellText]:
    return [
        metrics.period.name,
        f"{metrics.completed:,}",
        f"{metrics.rollbacks:,}",
        f"{metrics.failed:,} of {metrics.changes:,}",
        _rate(metrics),
        _duration(metrics.lead_time.median),
        _duration(metrics.time_to_restore.median),
        f"{metrics.rework:,}",
    ]


def _rate(metrics: Metrics) -> Span:
    rate = metrics.failure_rate
    return Span("-", "dim") if rate is None else Span(f"{rate:.1%}", "bold")


def _duration(seconds: float | None) -> Span:
    return Span("-", "dim") if seconds is None else Span(duration_text(seconds), "bold")


def _quartiles(spread: Spread) -> str:
    if spread.q1 is None or spread.q3 is None:
        return ""
    return f"{duration_text(spread.q1)} to {duration_text(spread.q3)}"


def _counted_documents(ended: Iterable[EndedDeployment]) -> Iterator[dict[str, Any]]:
    for row in ended:
        deployment, lead = row.deployment, row.lead_time
        yield {
            "id": deployment.id,
            "product": deployment.product,
            "environment": deployment.environment,
            "instance": deployment.instance or None,
            "version": deployment.version,
            "ended_at": row.at,
            "counts_as": row.kind,
            "failed_change": row.is_failure,
            "restored_after_seconds": row.restored_after,
            "lead_time_seconds": None if lead is None else lead.seconds,
            "lead_time_since": None if lead is None else lead.since,
            "rework": row.is_rework,
        }


def counted_json(ended: Iterable[EndedDeployment]) -> Iterator[str]:
    """Yield the parts of a JSON array of the deployments behind the figures."""
    return json_array(_counted_documents(ended))


def counted_listing(ended: Iterable[EndedDeployment]) -> Listing:
    """Return the deployments behind the figures as rows."""
    return Listing(_COUNTED, _counted_documents(ended))


def counted_text(layout: TextLayout, ended: Sequence[EndedDeployment]) -> str:
    """Return the deployments behind the figures as a table, with what each counts as."""
    if not ended:
        return "No deployment ended in that time."
    columns = [
        Column("ended (UTC)"),
        Column("product", 9),
        Column("environment", 9),
        Column("version", 9),
        Column("counts as"),
        Column("lead time"),
        Column("restored after"),
    ]
    rows = [
        [
            moment(row.at),
            row.deployment.product,
            row.deployment.environment,
            abbreviate(row.deployment.version),
            _counts_as(row),
            "" if row.lead_time is None else duration_text(row.lead_time.seconds),
            "" if row.restored_after is None else duration_text(row.restored_after),
        ]
        for row in ended
    ]
    return f"{table(layout, columns, rows)}\n\n{layout.note(count(len(ended), 'deployment'))}"


def _counts_as(row: EndedDeployment) -> str:
    if row.kind == "change" and row.is_failure:
        return "change, rolled back" + (", rework" if row.is_rework else "")
    return row.kind + (", rework" if row.is_rework else "")
