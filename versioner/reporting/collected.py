"""Say what a collect did: recorded, there already, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.reporting.documents import as_json
from versioner.reporting.handed_over import described, document_of, recorded_line
from versioner.reporting.terminal import clean
from versioner.reporting.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.delivery.collect import Collected
    from versioner.recording.record import Recorded

__all__ = ["collected_json", "collected_text"]

_SHOWN = 20


def collected_text(collected: Collected) -> str:
    """Return what was done, in lines."""
    if not (collected.recorded or collected.already or collected.refused):
        return "Nothing waits."
    branch = clean(collected.branch.removeprefix("refs/heads/"))
    lines = []
    if collected.recorded:
        lines.append(f"recorded {count(len(collected.recorded), 'event')} on {branch}")
        lines += _listed(collected.recorded)
    if collected.already:
        lines.append(f"{count(len(collected.already), 'event')} recorded already")
    for each in collected.refused:
        lines.append(f"refused: {described(each.waits)}: {clean(each.error.message)}")
        lines.append(f"  {clean(each.error.hint)}" if each.error.hint else "")
    if collected.refused:
        lines.append("`versioner inbox list` shows what was refused, `inbox release` tries again")
    if collected.left:
        lines.append(f"{count(collected.left, 'event')} still waiting")
    return "\n".join(line for line in lines if line)


def collected_json(collected: Collected) -> str:
    """Return the same as JSON with stable keys."""
    return as_json(
        {
            "branch": collected.branch.removeprefix("refs/heads/"),
            "commits": list(collected.commits),
            "recorded": [_document(each) for each in collected.recorded],
            "already": [_document(each) for each in collected.already],
            "refused": [
                {
                    **document_of(each.waits),
                    "ref": each.ref,
                    "message": each.error.message,
                    "hint": each.error.hint,
                }
                for each in collected.refused
            ],
            "left": collected.left,
        }
    )


def _listed(recorded: Sequence[Recorded]) -> list[str]:
    lines = [f"  {recorded_line(each)}" for each in recorded[:_SHOWN]]
    more = len(recorded) - _SHOWN
    return [*lines, f"  and {more} more"] if more > 0 else lines


def _document(recorded: Recorded) -> dict[str, Any]:
    return {"kind": recorded.kind, "product": recorded.product, "event": recorded.event}
