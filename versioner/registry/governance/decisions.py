"""Decisions as typed data, from the lines of their logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import Event
    from versioner.models.governance import Decision

__all__ = ["Decider", "deciders_of", "decisions_of"]


class Decider(NamedTuple):
    """A person who decided on versions of a product, and the first such decision of a type."""

    approval_type: str
    by: str
    at: str
    id: str


def deciders_of(events: Iterable[Event]) -> tuple[Decider, ...]:
    """Return who gave or refused approvals, once for each type of approval."""
    found: dict[tuple[str, str], Decider] = {}
    for event in events:
        if "approval_type" in event:
            key = event["approval_type"], event.get("by", "")
            found.setdefault(key, Decider(*key, event["at"], event["id"]))
    return tuple(found.values())


def decisions_of(events: Iterable[Event]) -> tuple[Decision, ...]:
    """Return the decisions of the valid lines of a log, or of several, in their order."""
    # Most products have none, and most commands ask for none.
    from versioner.models.governance import Decision

    return tuple(
        Decision(
            id=event["id"],
            at=event["at"],
            by=event.get("by", ""),
            decision=event["decision"],
            approval_type=event.get("approval_type", ""),
            version=event.get("version", ""),
            scm_sha=event.get("scm_sha", ""),
            artifacts=event.get("artifacts", {}),
            of=event.get("of", ""),
            step=event.get("step", ""),
            event=event.get("event", ""),
            comment=event.get("comment", ""),
            position=position,
        )
        for position, event in enumerate(events)
    )
