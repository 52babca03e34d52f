"""Record an event of the command line: in a clone, or at a remote; what is incomplete is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from versioner.cli import clock

if TYPE_CHECKING:
    from versioner.delivery.direct import Destination
    from versioner.errors import OperationFailed
    from versioner.git.repository import Repository
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult

__all__ = ["record_at_remote", "record_here"]


def record_here(
    repository: Repository,
    draft: EventDraft,
    *,
    create: bool = True,
    branch: str = "",
    push: bool = False,
    dry_run: bool = False,
) -> tuple[RecordResult, OperationFailed | None]:
    """Record an event in a repository of this machine.

    The second value is the error of an event that is recorded here, but not on the remote.
    """
    from versioner.recording.local import record_in_clone
    from versioner.recording.record import NotPushed

    try:
        recorded = record_in_clone(
            repository,
            draft,
            now=clock.now(),
            entropy=clock.entropy,
            create=create,
            branch=branch or None,
            push=push,
            dry_run=dry_run,
        )
        return recorded, None
    except NotPushed as unpushed:
        return unpushed.recorded, unpushed


def record_at_remote(
    destination: Destination, draft: EventDraft, *, wait: float = 0, dry_run: bool = False
) -> tuple[RecordResult, OperationFailed | None]:
    """Record an event on a remote, or keep it on this machine.

    The second value is the error of an event that did not reach the branch in `wait` seconds.
    """
    from versioner.cli.spool_dir import queue_folder, spool_folder
    from versioner.cli.track_streams import Output
    from versioner.spool.deliver import DeliveryContext, deliver_event, preview_event

    spool, queue = spool_folder(os.environ), queue_folder(os.environ)
    around = DeliveryContext(spool, queue, clock.now, clock.entropy, Output())
    if dry_run:
        return preview_event(destination, draft, around), None
    return deliver_event(destination, draft, around, wait=wait)
