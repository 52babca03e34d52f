"""Say what waits in an inbox, what was refused there, and what was done with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from versioner.reporting.documents import as_json
from versioner.reporting.handed_over import described, document_of, sayable
from versioner.reporting.terminal import clean
from versioner.reporting.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.delivery.inbox_admin import Handled
    from versioner.remote.inbox_refs import Inbox, Refused, Waiting

__all__ = ["handled_text", "inbox_json", "inbox_text"]


def inbox_text(held: Inbox) -> str:
    """Return what waits, oldest first, then what was refused and why."""
    if not (held.waiting or held.refused):
        return "Nothing waits, and nothing was refused."
    lines = []
    if held.waiting:
        total = len(held.waiting) + held.more_waiting
        lines.append(f"{count(total, 'event')} waiting for `versioner collect`")
        lines += [_line(each) for each in held.waiting]
    if held.refused:
        lines.append(f"{count(len(held.refused) + held.more_refused, 'event')} refused")
        for each in held.refused:
            message, hint = _reason(each)
            lines.append(_line(each))
            lines += [f"    {clean(text)}" for text in (message, hint) if text]
        lines.append(
            "`versioner inbox release KEY` has it judged again, `inbox discard KEY` ends it"
        )
    return "\n".join(lines)


def inbox_json(held: Inbox) -> str:
    """Return the same as JSON with stable keys."""
    return as_json(
        {
            "waiting": [document_of(each) for each in held.waiting],
            "more_waiting": held.more_waiting,
            "refused": [_refused(each) for each in held.refused],
            "more_refused": held.more_refused,
        }
    )


def handled_text(handled: Sequence[Handled], what: str) -> str:
    """Return what was released or discarded; an event that is gone, with all it said."""
    lines = []
    for each in handled:
        lines.append(f"{what}: {described(each.event)}")
        if not each.ref and each.event.submission:
            lines.append(f"  it said: {clean(json.dumps(sayable(each.event.submission)))}")
    return "\n".join(lines)


def _line(each: Waiting | Refused) -> str:
    name = f"{each.product}/{each.key}" if each.product else each.key
    return f"  {clean(name)}  {each.at}  {described(each)}"


def _refused(each: Refused) -> dict[str, Any]:
    message, hint = _reason(each)
    return {**document_of(each), "message": message, "hint": hint}


def _reason(each: Refused) -> tuple[str, str]:
    said = each.refusal or {}
    message, hint = said.get("message"), said.get("hint")
    return (
        sayable(message)[:1000] if isinstance(message, str) else "its reason cannot be read",
        sayable(hint)[:1000] if isinstance(hint, str) else "",
    )
