"""Reports of the spool: waiting and refused events, and the result of sending them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.reporting.delimited import Listing
from versioner.reporting.gate.decisions import decision_summary
from versioner.reporting.tables import Column, table
from versioner.reporting.terminal import as_json, clean, empty_as_null
from versioner.reporting.text import Span, count, moment
from versioner.spool.codec import MARK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from versioner.reporting.text import TextLayout
    from versioner.spool.codec import SpoolEntry
    from versioner.spool.send import Sent
    from versioner.spool.store import SpoolContents

__all__ = ["discarded_text", "sent_json", "sent_text", "spool_json", "spool_listing", "spool_text"]

# The length of a key that is shown: its time, and enough to be unique.
_SHOWN: Final = 16
_COLUMNS: Final = (
    "state",
    "key",
    "kept_at",
    "reason",
    "repo",
    "branch",
    "via",
    "kind",
    "product",
    "event.version",
    "event.environment",
    "event.status",
    "line",
)
_WORDS = {"recorded": "recorded", "already": "already recorded", "received": "received"}


def spool_text(
    layout: TextLayout, contents: SpoolContents, queued: Sequence[SpoolEntry], folder: Path
) -> str:
    """Return what waits as a table, then what was refused, then what cannot be read."""
    if not (any(contents) or queued):
        return f"No events are waiting in {clean(str(folder))}."
    parts = []
    if contents.entries:
        parts += [layout.heading(f"Waiting ({count(len(contents.entries), 'event')})")]
        parts += [_table(layout, contents.entries), f"  {_how_to_send(folder)}"]
    if queued:
        what = (
            f"In a queue ({count(len(queued), 'event')}): being sent, or left by a killed process"
        )
        parts += [layout.heading(what), _table(layout, queued)]
    if contents.refused:
        parts += [layout.heading(f"Refused ({count(len(contents.refused), 'event')})")]
        parts += [_table(layout, contents.refused), f"  {_again(folder)}"]
    if contents.unreadable:
        parts += [layout.heading("Unreadable")]
        parts += [f"  {clean(str(each.path))}: {clean(each.why)}" for each in contents.unreadable]
    return "\n".join(parts)


def spool_json(contents: SpoolContents, queued: Sequence[SpoolEntry], folder: Path) -> str:
    """Return the same as JSON with stable keys."""
    return as_json(
        {
            "folder": str(folder),
            "waiting": [_document(each) for each in contents.entries],
            "queued": [_document(each) for each in queued],
            "refused": [_document(each) for each in contents.refused],
            "unreadable": [{"path": str(path), "why": why} for path, why in contents.unreadable],
        }
    )


def spool_listing(contents: SpoolContents, queued: Sequence[SpoolEntry]) -> Listing:
    """Return the events as rows of a table; a file that cannot be read is in text and JSON only."""
    states = (("waiting", contents.entries), ("queued", queued), ("refused", contents.refused))
    rows = [{"state": state, **_document(each)} for state, found in states for each in found]
    return Listing(_COLUMNS, rows)


def sent_text(sent: Sequence[Sent]) -> str:
    """Return a line for each event that was sent."""
    if not sent:
        return "No events are waiting to be sent."
    return "\n".join(_line(each) for each in sent)


def sent_json(sent: Sequence[Sent]) -> str:
    """Return the same as a JSON array with stable keys."""
    return as_json(
        [
            {
                **{key: _document(entry)[key] for key in ("key", "kind", "product", "event")},
                "repo": repo,
                "outcome": "already_recorded" if outcome.kind == "already" else outcome.kind,
                "details": empty_as_null(outcome.details),
            }
            for entry, repo, outcome in sent
        ]
    )


def discarded_text(entries: Sequence[SpoolEntry]) -> str:
    """Return the discarded events, each with the line that `spool send` can still send."""
    return "\n".join(
        f"discarded: {_described(each.document)}, {clean(each.repo)}\n{MARK}{each.line}"
        for each in entries
    )


def _line(sent: Sent) -> str:
    what = f"{_described(sent.entry.document)}, {clean(sent.repo)}"
    if not sent.outcome.is_failed:
        return f"{_WORDS[sent.outcome.kind]}: {what}"
    why, hint = clean(sent.outcome.message), clean(sent.outcome.hint)
    text = f"{'refused' if sent.outcome.is_refused else 'not sent'}: {what}"
    text += f": {why}" if why else ""
    return text + (f"\n  {hint}" if hint else "")


def _described(document: dict[str, Any]) -> str:
    event = document["event"]
    if decision := decision_summary(document["kind"], document["product"], event):
        return decision
    to = f" to {event.get('environment', '')}" if document["kind"] == "deployment" else ""
    text = f"{document['product']} {event.get('version', '')}{to} ({event.get('status', '')})"
    return clean(text)


def _table(layout: TextLayout, entries: Sequence[SpoolEntry]) -> str:
    columns = [
        Column("key"),
        Column("kept", spare=True),
        Column("event", 40),
        Column("registry", 16),
        Column("why", 20, spare=True),
    ]
    rows: list[list[str | Span | list[Span]]] = [
        [
            Span(entry.key[:_SHOWN], "dim"),
            Span(moment(entry.kept_at), "dim"),
            _described(entry.document),
            entry.repo,
            entry.reason,
        ]
        for entry in entries
    ]
    return table(layout, columns, rows, indent="  ")


def _how_to_send(folder: Path) -> str:
    """Return instructions; an event with a wrong registry URL stays until it is sent or removed."""
    return (
        "`versioner spool send` sends them. They are the files *.json in\n"
        f"  {clean(str(folder))}:\n"
        "  `versioner spool send - --repo URL <FILE` sends one to another registry, and\n"
        "  `versioner spool discard KEY` removes it."
    )


def _again(folder: Path) -> str:
    return (
        f"They are the files *.refused in {clean(str(folder))}:\n"
        "  `versioner spool send - --repo URL <FILE` sends one again, and\n"
        "  `versioner spool discard KEY` removes it."
    )


def _document(entry: SpoolEntry) -> dict[str, Any]:
    document = entry.document
    fields = {
        "key": entry.key,
        "kept_at": entry.kept_at,
        "reason": entry.reason,
        **{name: document[name] for name in ("repo", "branch", "via", "kind", "product", "event")},
        "line": entry.line,
    }
    return empty_as_null(fields)
