"""The logs that say which deployments to an environment may be open at a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.models.documents import DEFAULT_STALE_AFTER
from versioner.registry.governance.calendar import duration_seconds

if TYPE_CHECKING:
    from collections.abc import Collection

    from versioner.registry.records import Registry
    from versioner.rules.gate.question import Question

__all__ = ["is_open_log", "open_periods"]

# Shorter than each month.
_STEP: Final = timedelta(days=27)


def open_periods(registry: Registry, question: Question) -> frozenset[str]:
    """Return the periods of the logs that have every deployment which counts as open.

    One that began longer than `stale_after` before the question counts no more.
    """
    name = registry.environment_name(question.environment)
    document = registry.environments.get(name, {})
    seconds = duration_seconds(document.get("stale_after", DEFAULT_STALE_AFTER))
    last = datetime.fromisoformat(question.at).astimezone(UTC)
    first = max(last.timestamp() - seconds, datetime(1000, 1, 1, tzinfo=UTC).timestamp())
    day = datetime.fromtimestamp(first, UTC)
    periods = {f"{last:%Y-%m}", f"{last:%Y}"}
    while day < last:
        periods |= {f"{day:%Y-%m}", f"{day:%Y}"}
        day += _STEP
    return frozenset(periods)


def is_open_log(path: str, periods: Collection[str]) -> bool:
    """Return whether a path is a log of deployments of some periods, also one that is misnamed."""
    place = layout.place_of(layout.with_yaml_extension(path) or path)
    return place is not None and place.kind == "deployment" and place.period in periods
