"""Reports of the recording of an event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from versioner.recording.record import describe_event
from versioner.reporting.terminal import clean, empty_as_null
from versioner.rules.event_identity import derive_event_id

if TYPE_CHECKING:
    from versioner.recording.record import RecordResult

__all__ = [
    "kept_json",
    "kept_outputs",
    "outcome_text",
    "place_lines",
    "recorded_document",
    "recorded_json",
    "recorded_text",
    "step_outputs",
    "step_summary",
]


def recorded_document(recorded: RecordResult, *, dry_run: bool = False) -> dict[str, Any]:
    """Return the outcome as data with stable keys; what there is nothing of is null."""
    document = {
        "outcome": outcome_text(recorded, dry_run=dry_run).replace(" ", "_"),
        "kind": recorded.kind,
        "product": recorded.product,
        "event": recorded.event,
        "path": recorded.path,
        "created": list(recorded.created),
        "commit": recorded.commit,
        "branch": recorded.branch.removeprefix("refs/heads/"),
        "pushed_to": recorded.pushed_to,
        "received_as": recorded.received,
        "page": recorded.page,
        "warnings": [empty_as_null(each._asdict()) for each in recorded.warnings],
    }
    return empty_as_null(document)


def recorded_json(recorded: RecordResult, *, dry_run: bool) -> str:
    """Return the outcome as JSON."""
    return json.dumps(recorded_document(recorded, dry_run=dry_run), ensure_ascii=True, indent=2)


def recorded_text(recorded: RecordResult, *, dry_run: bool) -> str:
    """Return the outcome as lines for people."""
    lines = [f"{outcome_text(recorded, dry_run=dry_run)}: {_describe(recorded)}"]
    if dry_run and not recorded.already:
        lines += [f"  would create {path}" for path in recorded.created]
        lines += place_lines(recorded, dry_run=True)
        return "\n".join(lines)
    lines.append(f"  event {recorded.event['id']}")
    lines += place_lines(recorded)
    lines += [f"  created {path}" for path in recorded.created]
    if "changes" in recorded.event and not recorded.already:
        # Imported here, because most events have no commits.
        from versioner.query.commits.words import list_words

        lines.append(f"  {clean(list_words(recorded.event['changes']))}")
    return "\n".join(lines)


def place_lines(recorded: RecordResult, *, dry_run: bool = False) -> list[str]:
    """Return lines that say where the event is, or the line that would be added."""
    if dry_run:
        return [f"  would add to {recorded.path}:", clean(recorded.line.rstrip("\n"))]
    if recorded.received:
        ref = clean(recorded.received)
        return [f"  waits in the inbox as {ref}; `versioner collect` records it"]
    if not recorded.commit:
        return []
    branch = recorded.branch.removeprefix("refs/heads/")
    pushed = f", pushed to {recorded.pushed_to}" if recorded.pushed_to else ""
    return [f"  commit {recorded.commit[:12]} on {clean(branch + pushed)}"]


def step_summary(recorded: RecordResult, *, unpushed: bool = False) -> str:
    """Return one line of Markdown for the page of a CI run."""
    # Names and versions contain no Markdown; free text is not written here.
    outcome = outcome_text(recorded, dry_run=False).capitalize()
    outcome += ", but not pushed" if unpushed else ""
    return f"{outcome}: {_describe(recorded)}, event `{recorded.event['id']}`\n"


def step_outputs(recorded: RecordResult) -> str:
    """Return the lines of a GitHub step's outputs: names, an equals sign, one line each."""
    page = recorded.page if recorded.page.isprintable() else ""
    outcome = outcome_text(recorded, dry_run=False).replace(" ", "_")
    return f"event_id={recorded.event['id']}\noutcome={outcome}\npage_url={page}\n"


def kept_json(line: str) -> str:
    """Return a report on an event in the spool, with the keys of `recorded_json`."""
    document = json.loads(line)
    report = {
        "outcome": "kept",
        "kind": document["kind"],
        "product": document["product"],
        "event": {**document["event"], "id": _kept_id(document)},
        "branch": document["branch"].removeprefix("refs/heads/"),
        "spool_line": line,
    }
    return json.dumps(empty_as_null(report), ensure_ascii=True, indent=2)


def kept_outputs(line: str) -> str:
    """Return the lines of a GitHub step's outputs for an event that is kept."""
    return f"event_id={_kept_id(json.loads(line))}\noutcome=kept\nspool_line={line}\n"


def _kept_id(document: dict[str, Any]) -> str:
    return document["event_id"] or derive_event_id(document["product"], document["event"])


def outcome_text(recorded: RecordResult, *, dry_run: bool) -> str:
    """Return what became of an event, in one or two words."""
    if recorded.received:
        return "already received" if recorded.already else "received"
    if recorded.already:
        return "already recorded"
    return "would record" if dry_run else "recorded"


def _describe(recorded: RecordResult) -> str:
    return describe_event(recorded.kind, recorded.product, recorded.event)
