"""The words that other systems have for the statuses of events: the aliases of each status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from versioner.models.events import EventKind, EventStatus, Status

__all__ = ["STATUS_WORDS"]

# What CI systems and deployment tools call the statuses. A word is compared in any case, without
# its hyphens, underscores and spaces.
_WORDS_BY_STATUS: Final[dict[Status, str]] = {
    "pending": """
        pending queued enqueued queuing scheduled waiting blocked created requested expected
        preparing manual hold on_hold paused not_started submitted delayed action_required
        waiting_for_resource waiting_for_callback waiting_for_approval approval_waiting
        awaiting_approval pending_approval needs_approval approval_required resource_waiting
        input_waiting intervention_waiting
    """,
    "started": """
        started starting in_progress progressing init initializing running working executing
        processing rolling_out
    """,
    "completed": """
        completed complete success succeeded successful succeeded_with_issues partially_succeeded
        finished done passed fixed applied synced healthy
    """,
    "failed": """
        failed failing fail failure still_failing failed_with_retry error errored internal_error
        fault fatal broken crashed unstable degraded timeout timed_out timing_out startup_failure
        infrastructure_fail unauthorized terminal
    """,
    "aborted": """
        aborted aborting abort cancelled canceled cancelling canceling cancel stopped stopping
        skipped skip superseded killed interrupted expired abandoned declined rejected
        approval_rejected aborted_by_freeze dismissed discarded stale not_built not_run
        not_executed omitted
    """,
}
_COMMON_WORDS: Final[dict[str, Status]] = {
    word: status for status, words in _WORDS_BY_STATUS.items() for word in words.split()
}

# GitHub calls a deployment inactive that runs no longer.
_UNDEPLOYED_WORDS: Final = (
    "undeployed", "undeploy", "removed", "deleted", "destroyed", "uninstalled", "terminated",
    "inactive",
)  # fmt: skip

STATUS_WORDS: Final[dict[EventKind, dict[str, EventStatus]]] = {
    "build": {**_COMMON_WORDS, "building": "started", "built": "completed", "inactive": "aborted"},
    "deployment": {
        **_COMMON_WORDS,
        "deploying": "started",
        "deployed": "completed",
        **dict.fromkeys(_UNDEPLOYED_WORDS, "undeployed"),
    },
}
