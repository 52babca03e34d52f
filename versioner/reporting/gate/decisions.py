"""Reports of the recording of a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.recording.record import describe_event
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.track import outcome_text, place_lines, recorded_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models import Event
    from versioner.recording.record import RecordResult

__all__ = ["decision_document", "decision_json", "decision_summary", "decision_text"]

_SHORT_SHA = 12
_SHORT_DIGEST = 19


def decision_document(recorded: RecordResult, *, dry_run: bool = False) -> dict[str, Any]:
    """Return the outcome as data with stable keys; what there is nothing of is null."""
    subject = "request" if recorded.kind == "request-decision" else "product"
    return {
        subject if key == "product" else key: value
        for key, value in recorded_document(recorded, dry_run=dry_run).items()
        if key not in ("created", "page")
    }


def decision_json(recorded: RecordResult, *, dry_run: bool) -> str:
    """Return the outcome as JSON."""
    return as_json(decision_document(recorded, dry_run=dry_run))


def decision_text(recorded: RecordResult, *, dry_run: bool) -> str:
    """Return the outcome as lines for people."""
    event = recorded.event
    by = f" by {clean(event['by'])}" if "by" in event else ""
    what = describe_event(recorded.kind, recorded.product, event)
    lines = [f"{outcome_text(recorded, dry_run=dry_run)}: {what}{by}"]
    if recorded.already:
        lines[0] += f", {event['at']}"
    if "comment" in event:
        lines.append(f"  reason: {clean(event['comment'])}")
    if content := _content(event):
        lines.append(f"  of {content}")
    lines += place_lines(recorded, dry_run=dry_run and not recorded.already)
    return "\n".join(lines)


def decision_summary(kind: object, name: str, fields: Mapping[str, Any]) -> str:
    """Return what a submitted decision is; its fields are not validated, "" for another kind."""
    if kind != "decision" and kind != "request-decision":
        return ""
    event = {key: value if isinstance(value, str) else "?" for key, value in fields.items()}
    event.setdefault("decision", "?")
    if kind == "decision":
        event.setdefault("version", "?")
    return clean(describe_event(kind, name, event))


def _content(event: Event) -> str:
    """Return what a decision was made on, in short."""
    parts = []
    if "scm_sha" in event:
        parts.append(f"commit {event['scm_sha'][:_SHORT_SHA]}")
    for name, digest in event.get("artifacts", {}).items():
        parts.append(f"{clean(name)} {digest[:_SHORT_DIGEST]}…")
    if "of" in event:
        parts.append(f"content {event['of'][:_SHORT_SHA]}")
    return ", ".join(parts)
