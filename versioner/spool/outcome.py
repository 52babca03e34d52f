"""What became of an event that was sent, in a form that is JSON: for other processes and reports.

Processes of one host leave each other their outcomes as files (`batch`), and `spool send` prints
them. A process uses its own results as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from versioner.errors import (
    Blocked,
    InvalidInput,
    OperationFailed,
    UnreadableRules,
    UsageFault,
    VersionerError,
)
from versioner.recording.event_warnings import EventWarning
from versioner.recording.record import RecordResult
from versioner.remote.faults import RemoteFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FOR_ALL", "SendOutcome", "outcome_of", "result_of"]

OutcomeKind = Literal["recorded", "already", "received", "failed"]

# True in the details of a failure that every process would meet: all of them take it as theirs.
# After any other failure (a refused token, for example) each process tries for itself.
FOR_ALL: Final = "for_all"
_FAULTS_FOR_ALL: Final = (
    *("busy", "disk", "host-key", "missing", "redirect", "server", "tls", "unreachable"),
)
# True in the details of a start that was not judged, since a file of the rules has errors.
_UNREADABLE: Final = "unreadable_rules"
# True in the details of a start that rules refuse, or that they could not judge.
_OF_RULES: Final = "rules"
# The exit codes of failures that are the event's own: it is not valid, or it is blocked.
_REFUSALS: Final = (InvalidInput.exit_code, Blocked.exit_code)


class SendOutcome(NamedTuple):
    """What became of an event; `details` are JSON."""

    kind: OutcomeKind
    details: Mapping[str, Any]

    @property
    def is_failed(self) -> bool:
        """Return whether the event is neither recorded nor received."""
        return self.kind == "failed"

    @property
    def is_refused(self) -> bool:
        """Return whether another try would fail too, since the event itself is at fault."""
        return self.is_failed and self.exit_code in _REFUSALS

    @property
    def is_of_rules(self) -> bool:
        """Return whether the event is a start that rules refuse, or could not judge."""
        return self.is_failed and self.details.get(_OF_RULES) is True

    @property
    def exit_code(self) -> int:
        """Return the exit code that stands for a failure; 0 for any other outcome."""
        code = self.details.get("code")
        return 0 if not self.is_failed else code if type(code) is int else 1

    @property
    def message(self) -> str:
        """Return why the event failed."""
        return str(self.details.get("message", ""))

    @property
    def hint(self) -> str:
        """Return what a person can do about the failure."""
        return str(self.details.get("hint", ""))


def outcome_of(result: RecordResult | VersionerError, *, for_all: bool = False) -> SendOutcome:
    """Return a result as an outcome; `for_all` marks a failure that every process would meet."""
    if isinstance(result, RecordResult):
        kind: OutcomeKind = "received" if result.received else "recorded"
        return SendOutcome("already" if result.already else kind, result._asdict())
    details: dict[str, Any] = {
        "message": result.message,
        "hint": result.hint,
        "code": result.exit_code,
    }
    if result.is_of_rules:
        details[_OF_RULES] = True
    if isinstance(result, UnreadableRules):
        details[_UNREADABLE] = True
    for_all = for_all or (isinstance(result, RemoteFailure) and result.fault in _FAULTS_FOR_ALL)
    return SendOutcome("failed", {**details, FOR_ALL: True} if for_all else details)


def result_of(outcome: SendOutcome) -> RecordResult | VersionerError:
    """Return the result that another process has left as an outcome."""
    details = outcome.details
    if not outcome.is_failed:
        created = tuple(details["created"])
        warnings = tuple(EventWarning(*each) for each in details["warnings"])
        return RecordResult(**{**details, "created": created, "warnings": warnings})
    for kind in (InvalidInput, Blocked, UsageFault):
        if outcome.exit_code == kind.exit_code:
            return kind(outcome.message, hint=outcome.hint)
    failure = UnreadableRules if details.get(_UNREADABLE) else OperationFailed
    return failure(outcome.message, hint=outcome.hint)
