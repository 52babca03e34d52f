"""Warnings about events in the future and about outdated copies of the schemas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from versioner.models import Problem
from versioner.registry.checks.positions import locate_event
from versioner.resources import schemas_dir
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.git.snapshot import Snapshot
    from versioner.models import Changes, Event, LogKind
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["SCHEMAS", "clock_problems", "drift_problems", "drifted"]

# The clocks of a pipeline and of this machine may differ by this much.
_TOLERANCE: Final = timedelta(minutes=5)


def clock_problems(registry: Registry, snapshot: Snapshot, now: str) -> Iterator[Problem]:
    """Yield a warning for each event that is over five minutes ahead of `now` (RFC 3339, `Z`)."""
    latest = datetime.fromisoformat(now) + _TOLERANCE
    limit = latest.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for record in registry.products.values():
        if record.latest_at <= limit:
            continue
        # Valid times are all of one form, so that they compare as text.
        ahead = [(kind, event) for kind, event in _events(record) if event["at"] > limit]
        for kind, event in ahead:
            place = locate_event(snapshot.read, record.name, kind, event, "at")
            message = f"the event is in the future: it is {now} now"
            hint = "check the clocks of the system that reported it and of this machine"
            yield Problem(*place, codes.CLOCK, message, hint, "warning")


def _events(record: ProductRecord) -> Iterator[tuple[LogKind, Event]]:
    for event in record.builds:
        yield "build", event
    for event in record.deployment_events:
        yield "deployment", event
    for event in record.observations:
        yield "observation", event
    for event in record.decision_events:
        yield "decision", event


SCHEMAS: Final = "schemas"


def drift_problems(snapshot: Snapshot) -> list[Problem]:
    """Return a warning for each copy of a schema in the repository that differs."""
    return [
        Problem(
            path,
            0,
            0,
            codes.SCHEMA_DRIFT,
            "this copy differs from the schema of this tool: an editor may check by other rules",
            "run `versioner format schemas`, or use the version of the tool that it is from",
            "warning",
        )
        for path in drifted(snapshot)
    ]


def drifted(snapshot: Snapshot) -> Changes:
    """Return the copies that differ from the tool's schemas, with the tool's bytes."""
    own = dict(_own())
    copies = snapshot.read_many([path for path in snapshot.entries(SCHEMAS) if path in own])
    if not copies:
        return {}
    return {
        path: data
        for path, data in own.items()
        if copies.get(path, b"").replace(b"\r\n", b"\n") != data
    }


def _own() -> Iterator[tuple[str, bytes]]:
    for schema in sorted(schemas_dir().glob("*.schema.json")):
        yield f"{SCHEMAS}/{schema.name}", schema.read_bytes().replace(b"\r\n", b"\n")
