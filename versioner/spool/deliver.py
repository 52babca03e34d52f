"""Deliver one event to a remote registry; spool it on this machine where that fails.

This is the path of `track --repo URL`. The event is written to this machine once, as a spool
line, before anything is sent: into the queue that processes of one host share, so that it
survives this process. What is sent is the event itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from versioner.delivery.direct import dry_run, ensure_event_id, record_remotely
from versioner.errors import OperationFailed, Spooled, VersionerError
from versioner.spool.batch import settle, take_turn
from versioner.spool.codec import MARK, new_entry, write_line
from versioner.spool.outcome import outcome_of, result_of
from versioner.spool.send import document_of, send_entries
from versioner.spool.store import Spool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from versioner.delivery.direct import Destination
    from versioner.delivery.wait import NotYet
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult

__all__ = ["DeliveryContext", "DeliveryOutput", "deliver_event", "preview_event"]

# A push takes about a second; after this long, the event is sent without the others.
_TURN_SECONDS: Final = 20
_MOST_SENT_ALONG: Final = 50
_HINT_LOCAL: Final = "free some space, or set TMPDIR to a folder on another disk"


class DeliveryOutput(Protocol):
    """What prints the messages of a delivery while it is under way."""

    def print_line(self, line: str) -> None:
        """Print a spool line, from which the event can be sent from any machine."""

    def print_sent(self, sent: int, total: int) -> None:
        """Print how many spooled events were sent with this one."""

    def warn(self, error: VersionerError | OSError, what: str = "") -> None:
        """Print an error that does not end the command; `what` says what was not done."""

    def print_stopped(self, line: str, error: OperationFailed) -> None:
        """Print a spool line and a warning after a signal, when the reader may have ended."""


class DeliveryContext(NamedTuple):
    """What a delivery takes from its surroundings.

    `spool` is the folder for events that cannot be delivered, `queue` the one for events that
    processes of this host send together; None where there is none. `now` returns the time as
    RFC 3339 in UTC, `entropy` the time in milliseconds and ten random bytes.
    """

    spool: Path | None
    queue: Path | None
    now: Callable[[], str]
    entropy: Callable[[], tuple[int, bytes]]
    output: DeliveryOutput


def preview_event(
    destination: Destination, draft: EventDraft, around: DeliveryContext
) -> RecordResult:
    """Return what recording an event on a remote would do, and write nothing."""
    return dry_run(destination, draft, now=around.now(), entropy=around.entropy)


def deliver_event(
    destination: Destination, draft: EventDraft, around: DeliveryContext, *, wait: float = 0
) -> tuple[RecordResult, NotYet | None]:
    """Record an event on a remote, or have its inbox receive it; wait for the branch if asked.

    Spooled events for the same remote are sent afterwards. The second value is not None where
    `wait` seconds ran out. Raises InvalidInput and Blocked for an event that is refused, and
    Spooled for one that is not delivered.
    """
    # Another process of this host, or an earlier try, may have sent it: its id and time say so.
    draft = ensure_event_id(draft, around.entropy)._replace(resent=True)
    if draft.checkout:
        # Imported here, because most events are recorded without a checkout of the source.
        from versioner.recording.recent_commits import with_recent

        draft = with_recent(draft)
    try:
        line = write_line(document_of(destination, draft))
    except VersionerError:
        # The event does not fit in a line; the recorder's error says what is wrong with it.
        line = ""
    recorded = _Delivery(destination, draft, line, around).run()
    if around.spool is not None:
        _send_spooled(around.spool, destination, around)
    if not (recorded.received and wait):
        return recorded, None
    from versioner.delivery.wait import NotYet, await_recording

    clock, entropy = around.now, around.entropy
    try:
        return await_recording(
            destination, draft, recorded, seconds=wait, now=clock, entropy=entropy
        ), None
    except NotYet as late:
        return recorded, late


class _Delivery:
    """One event on its way to a remote."""

    def __init__(
        self, destination: Destination, draft: EventDraft, line: str, around: DeliveryContext
    ) -> None:
        self._destination = destination
        self._draft = draft
        self._line = line
        self._around = around

    def run(self) -> RecordResult:
        """Send the event; raise Spooled where it is not delivered."""
        try:
            try:
                result = self._share() if self._line else self._send_alone()
            except OperationFailed as failure:
                result = failure
            except OSError as error:
                # This machine's own, such as a full disk.
                where = error.filename or "this machine"
                result = OperationFailed(f"{where}: {error.strerror}", hint=_HINT_LOCAL)
            if isinstance(result, OperationFailed) and self._line:
                raise self._spool(result) from result
        except Exception:
            raise
        except BaseException:
            # A signal: a job that is cancelled while the forge hangs must not lose its event.
            self._spool_stopped()
            raise
        if isinstance(result, VersionerError):
            raise result
        return result

    def _share(self) -> RecordResult | VersionerError:
        remote, around = self._destination.remote, self._around
        milliseconds = around.entropy()[0]
        entry = new_entry(self._line, kept_at="", reason="", now_ms=milliseconds)
        with take_turn(
            around.queue, remote.url, entry, wait_seconds=_TURN_SECONDS, now=milliseconds / 1000
        ) as turn:
            if turn.outcome is not None:
                return result_of(turn.outcome)
            now, entropy = around.now(), around.entropy
            if turn.others:
                own = [(self._destination, self._draft)]
                results = send_entries(
                    remote, turn.others, first=own, now=now, entropy=entropy, judged=True
                )
            else:
                results = record_remotely(
                    self._destination, [self._draft], now=now, entropy=entropy
                )
            turn.hand_out([outcome_of(each) for each in results[1:]])
            return results[0]

    def _send_alone(self) -> RecordResult | VersionerError:
        around = self._around
        (result,) = record_remotely(
            self._destination, [self._draft], now=around.now(), entropy=around.entropy
        )
        return result

    def _spool(self, cause: OperationFailed) -> Spooled:
        """Print the event's line, then write it to the spool; return what to report."""
        try:
            # First of all: the disk of a hosted runner is gone with the job.
            self._around.output.print_line(f"{MARK}{self._line}")
        finally:
            where = self._write_to_spool(cause.message)
        return Spooled(
            f"not recorded, kept {where}: {cause.message}",
            hint=f"{cause.hint}; then `versioner spool send`, or on another machine "
            "`versioner spool send - --repo URL` with the line above",
            line=self._line,
        )

    def _spool_stopped(self) -> None:
        """Spool an event after a signal, since it is not known whether it arrived."""
        if not self._line:
            return
        where = self._write_to_spool("stopped by a signal; it may have arrived")
        error = OperationFailed(
            f"stopped: the event may have arrived all the same, and is kept {where}",
            hint="`versioner spool send`, or on another machine `versioner spool send - --repo "
            "URL` with the line above: with the same id and time, it is recorded once",
        )
        self._around.output.print_stopped(f"{MARK}{self._line}", error)

    def _write_to_spool(self, reason: str) -> str:
        """Write the event to the spool, and return where it is now."""
        folder = self._around.spool
        if folder is None:
            return "nowhere on this machine"
        now, now_ms = self._around.now(), self._around.entropy()[0]
        try:
            Spool(folder).add(new_entry(self._line, kept_at=now, reason=reason, now_ms=now_ms))
        except (OperationFailed, OSError) as error:
            return f"nowhere on this machine ({getattr(error, 'message', error)})"
        return "in this machine's spool"


def _send_spooled(folder: Path, destination: Destination, around: DeliveryContext) -> None:
    """Send what earlier commands on this machine could not; a failure is only a warning."""
    remote, spool = destination.remote, Spool(folder)
    try:
        entries = spool.entries(remote.url)[:_MOST_SENT_ALONG] if folder.is_dir() else []
        if not entries:
            return
        results = send_entries(remote, entries, now=around.now(), entropy=around.entropy)
        for entry, result in zip(entries, results, strict=True):
            settle(spool, entry, outcome_of(result))
    except (VersionerError, OSError) as error:
        around.output.warn(error, "recorded, but the events in the spool were not sent: ")
        return
    sent = sum(not isinstance(result, VersionerError) for result in results)
    around.output.print_sent(sent, len(entries))
