"""Reports of the recording of a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.recording.record import describe_event
from versioner.reporting.terminal import as_json, clean, empty_as_null

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
    document: dict[str, Any] = {
        "outcome": _outcome(recorded, dry_run=dry_run).replace(" ", "_"),
        "kind": recorded.kind,
        subject: recorded.product,
        "event": recorded.event,
        "path": recorded.path,
        "commit": recorded.commit,
        "branch": recorded.branch.removeprefix("refs/heads/"),
        "pushed_to": recorded.pushed_to,
        "received_as": recorded.received,
        "warnings": [empty_as_null(each._asdict()) for each in recorded.warnings],
    }
    return empty_as_null(document)


def decision_json(recorded: RecordResult, *, dry_run: bool) -> str:
    """Return the outcome as JSON."""
    return as_json(decision_document(recorded, dry_run=dry_run))


def decision_text(recorded: RecordResult, *, dry_run: bool) -> str:
    """Return the outcome as lines for people."""
    event = recorded.event
    by = f" by {clean(event['by'])}" if "by" in event else ""
    what = describe_event(recorded.kind, recorded.product, event)
    lines = [f"{_outcome(recorded, dry_run=dry_run)}: {what}{by}"]
    if recorded.already:
        lines[0] += f", {event['at']}"
    if "comment" in event:
        lines.append(f"  reason: {clean(event['comment'])}")
    if content := _content(event):
        lines.append(f"  of {content}")
    if dry_run and not recorded.already:
        lines += [f"  would add to {recorded.path}:", clean(recorded.line.rstrip("\n"))]
        return "\n".join(lines)
    if recorded.received:
        waits = clean(recorded.received)
        lines.append(f"  waits in the inbox as {waits}; `versioner collect` records it")
    elif recorded.commit:
        branch = recorded.branch.removeprefix("refs/heads/")
        pushed = f", pushed to {recorded.pushed_to}" if recorded.pushed_to else ""
        lines.append(f"  commit {recorded.commit[:_SHORT_SHA]} on {clean(branch + pushed)}")
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


def _outcome(recorded: RecordResult, *, dry_run: bool) -> str:
    if recorded.received:
        return "already received" if recorded.already else "received"
    if recorded.already:
        return "already recorded"
    return "would record" if dry_run else "recorded"
