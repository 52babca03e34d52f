"""Hand events over to the inbox of a remote that does not take them on its branch.

Each was judged at the tip: its names are those of the registry, and the rules had nothing against
it. A start to which a rule applies is not handed over after a lost race, for the tip that it was
judged at is not the one any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.delivery.inbox import prepare_submission, submit
from versioner.errors import VersionerError
from versioner.remote.partial_clone import partial_clone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.delivery.inbox import InboxSubmission
    from versioner.recording.record import RecordResult
    from versioner.remote.faults import RemoteFailure
    from versioner.remote.url import Remote
    from versioner.server.writer.batch import Batch
    from versioner.server.writer.writes import EventWrite

    Outcomes = dict[EventWrite, RecordResult | Exception]

__all__ = ["handed_over"]

# After these, the inbox may take what the branch does not.
_TO_INBOX: Final = ("race", "protected", "signature", "hook", "refused")


def handed_over(remote: Remote, batch: Batch, failure: RemoteFailure) -> Outcomes:
    """Hand over the events of a batch that could not be pushed; return the outcome of each.

    Raises the failure where the inbox is not for it, and RemoteFailure where it takes none either.
    """
    if failure.fault not in _TO_INBOX or batch.config.get("via", "auto") == "direct":
        raise failure
    outcomes: Outcomes = dict(batch.outcomes)
    waiting: dict[EventWrite, InboxSubmission] = {}
    for write, recorded in batch.outcomes.items():
        if isinstance(recorded, Exception) or recorded.already:
            continue
        if recorded.is_ruled and failure.fault == "race":
            outcomes[write] = failure
            continue
        try:
            waiting[write] = _submission(write, recorded, batch.config)
        except VersionerError as error:
            outcomes[write] = error
    # Two drafts of one id are one event.
    first = {each.ref: each for each in waiting.values()}
    with partial_clone(remote) as clone:
        results = dict(zip(first, submit(clone, [*first.values()]), strict=True))
    return outcomes | {write: results[each.ref] for write, each in waiting.items()}


def _submission(
    write: EventWrite, recorded: RecordResult, config: Mapping[str, object]
) -> InboxSubmission:
    """Return an event as it was judged, with its id: who collects it knows no request."""
    fields = {key: value for key, value in recorded.event.items() if key != "id"}
    draft = write.draft._replace(
        product=recorded.product, fields=fields, event_id=recorded.event["id"], request="", within=0
    )
    return prepare_submission(draft, config)
