"""How counts, moments and ages read on a terminal; times are UTC throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.reporting.text import Span

if TYPE_CHECKING:
    from versioner.models import Deployment
    from versioner.reporting.text import Style

__all__ = [
    "STATUS_STYLES",
    "age_short",
    "ago",
    "count",
    "day",
    "latest_said",
    "moment",
    "short_id",
    "status_span",
]

STATUS_STYLES: Final[dict[str, Style]] = {
    "completed": "good",
    "failed": "bad",
    "aborted": "drift",
    "pending": "busy",
    "started": "busy",
    "no result": "drift",
}

_UNITS: Final = (
    (2 * 365 * 86400, 365 * 86400, "y"),
    (60 * 86400, 30 * 86400, "mo"),
    (86400, 86400, "d"),
    (3600, 3600, "h"),
    (60, 60, "m"),
)
_ID_LENGTH: Final = 32
_SHORT_ID: Final = 12
_OWN_ID: Final = 14


def count(number: int, one: str, many: str = "") -> str:
    """Word a count: `1 product`, `80 products`, `93,309 deployments`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(at: str) -> str:
    """Word a moment to the minute: `2026-11-22 10:15`."""
    return f"{at[:10]} {at[11:16]}" if at else ""


def day(at: str) -> str:
    """Word the day of a moment: `2026-11-22`."""
    return at[:10]


def age_short(seconds: int) -> str:
    """Word an age for a narrow column: `now`, `5m`, `3h`, `12d`, `4mo`, `2y`."""
    for least, unit, name in _UNITS:
        if seconds >= least:
            return f"{seconds // unit}{name}"
    return "now"


def ago(seconds: int) -> str:
    """Word how long ago something was: `just now`, `3 days ago`."""
    from versioner.query.times import age_text

    return age_text(seconds) if seconds < 60 else f"{age_text(seconds)} ago"


def short_id(event_id: str) -> str:
    """Return as much of an id as names an event in practice; a cut one of one's own ends in `…`."""
    if len(event_id) == _ID_LENGTH and all(c in "0123456789abcdef" for c in event_id):
        return event_id[:_SHORT_ID]
    return event_id if len(event_id) <= _OWN_ID else f"{event_id[: _OWN_ID - 1]}…"


def latest_said(deployment: Deployment, field: str) -> str:
    """Return the latest word that a deployment's events say of a field, or ""."""
    return next((str(e[field]) for e in reversed(deployment.events) if e.get(field)), "")


def status_span(deployment: Deployment) -> Span:
    """Word what became of a deployment; `rollback` and `redeployment` are completed ones."""
    if deployment.void is not None:
        return Span("void", "struck")
    told = deployment.kind if deployment.kind != "deployment" else deployment.status
    return Span(told, STATUS_STYLES[deployment.status])
