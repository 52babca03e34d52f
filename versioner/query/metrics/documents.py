"""Metrics as JSON, and durations as text: the same on the command line, the server and the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from versioner.query.metrics.summary import Metrics, Spread

__all__ = ["SPREAD_KEYS", "duration_text", "metrics_document"]

SPREAD_KEYS: Final = ("n", "q1_seconds", "median_seconds", "q3_seconds")
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def metrics_document(metrics: Metrics) -> dict[str, Any]:
    """Return the metrics of a period as a JSON document; durations are in seconds."""
    return {
        "period": {
            "name": metrics.period.name or None,
            "since": metrics.period.since,
            "until": metrics.period.until,
        },
        "frequency": {
            "count": metrics.completed,
            "rollbacks": metrics.rollbacks,
            "redeployments": metrics.redeployments,
        },
        "lead_time": {
            **_spread(metrics.lead_time),
            "from_build": metrics.lead_times_from_build,
        },
        "change_failure_rate": {
            "failed": metrics.failed,
            "changes": metrics.changes,
            "rate": metrics.failure_rate,
        },
        "time_to_restore": _spread(metrics.time_to_restore),
        "rework": {"count": metrics.rework, "changes": metrics.changes},
    }


def _spread(spread: Spread) -> dict[str, Any]:
    return dict(zip(SPREAD_KEYS, spread, strict=True))


def duration_text(seconds: float) -> str:
    """Return a duration in its two largest units: `3d 4h`, `12m 5s`, `0s`."""
    whole = round(seconds)
    parts: list[str] = []
    for size, unit in _UNITS:
        number, whole = divmod(whole, size)
        if number or parts:
            parts.append(f"{number}{unit}" if number else "")
        if len(parts) == 2:
            break
    return " ".join(filter(None, parts)) or "0s"
