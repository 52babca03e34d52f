"""Send events that were kept as lines: what became of each is an outcome that can be kept too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from versioner.delivery.direct import Destination, record_remotely
from versioner.errors import Blocked, InvalidInput, OperationFailed, UsageFault, VersionerError
from versioner.recording.envelope import draft_of, submission_of
from versioner.recording.record import RecordResult
from versioner.remote.faults import RemoteFailure
from versioner.spool.batch import FOR_ALL, Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from versioner.delivery.direct import Via
    from versioner.recording.context import EventDraft
    from versioner.remote.url import Remote
    from versioner.spool.codec import SpoolEntry

__all__ = ["document_of", "result_of", "send_entries"]

# What meets whoever tries next, with whatever token.
_FOR_ALL: Final = (
    *("busy", "disk", "host-key", "missing", "redirect", "server", "tls", "unreachable"),
)


def document_of(target: Destination, draft: EventDraft) -> dict[str, Any]:
    """Return an event with where it is to go, as the spool keeps it."""
    where = {"repo": target.remote.url, "branch": target.branch}
    return {**submission_of(draft), **where, "via": target.via, "create": target.create}


def send_entries(
    remote: Remote,
    entries: Sequence[SpoolEntry],
    *,
    now: str,
    entropy: Callable[[], tuple[int, bytes]],
) -> list[Outcome]:
    """Send kept events to the remote they are for; return the outcome of each, in order."""
    outcomes: dict[str, Outcome] = {}
    groups: dict[tuple[str, Via, bool], list[tuple[SpoolEntry, EventDraft]]] = {}
    for entry in entries:
        said = entry.document
        try:
            draft = draft_of(said)
        except InvalidInput as error:
            outcomes[entry.key] = _outcome(error)
            continue
        via = said["via"] if said["via"] in ("auto", "direct", "inbox") else ""
        way = said["branch"], cast("Via", via), said["create"]
        groups.setdefault(way, []).append((entry, draft))
    for way, group in groups.items():
        target = Destination(remote, *way)
        results = record_remotely(target, [draft for _, draft in group], now=now, entropy=entropy)
        for (entry, _), result in zip(group, results, strict=True):
            outcomes[entry.key] = _outcome(result)
    return [outcomes[entry.key] for entry in entries]


def result_of(outcome: Outcome) -> RecordResult | VersionerError:
    """Return what an outcome tells: what was recorded, or the error."""
    details = outcome.details
    if outcome.kind != "failed":
        return RecordResult(**{**details, "created": tuple(details["created"])})
    message, hint = str(details.get("message", "")), str(details.get("hint", ""))
    for kind in (InvalidInput, Blocked, UsageFault):
        if details.get("code") == kind.exit_code:
            return kind(message, hint=hint)
    return OperationFailed(message, hint=hint)


def _outcome(result: RecordResult | VersionerError) -> Outcome:
    if isinstance(result, RecordResult):
        kind: Kind = "received" if result.received else "recorded"
        return Outcome("already" if result.already else kind, result._asdict())
    details: dict[str, Any] = {
        "message": result.message,
        "hint": result.hint,
        "code": result.exit_code,
    }
    if isinstance(result, RemoteFailure) and result.fault in _FOR_ALL:
        details[FOR_ALL] = True
    return Outcome("failed", details)
