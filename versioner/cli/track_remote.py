"""versioner track, where the registry is a URL: share the push, keep what does not get through."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import click

from versioner.cli import clock
from versioner.cli.signals import Stopped
from versioner.cli.spool_dir import queue_folder, spool_folder
from versioner.delivery.direct import Destination, dry_run, ensure_event_id, record_remotely
from versioner.errors import OperationFailed, Spooled, VersionerError
from versioner.spool.batch import settle, share
from versioner.spool.send import document_of, result_of, send_entries
from versioner.spool.store import MARK, Spool, new_entry, write_line

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.delivery.direct import Via
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult
    from versioner.remote.url import Remote
    from versioner.spool.codec import SpoolEntry

__all__ = ["record_from_afar", "send_what_waits"]

# A push takes a second or so; whoever has waited that long sends its own event alone.
_PATIENCE_SECONDS: Final = 20
_LOCAL: Final = "make room on this machine's disk, or set TMPDIR to a folder that has some"
_MOST_SENT_ALONG: Final = 50


def record_from_afar(
    remote: Remote, draft: EventDraft, options: dict[str, Any]
) -> tuple[RecordResult, OperationFailed | None]:
    """Record an event on a remote, or have it received; raise Kept where it only waits here.

    With it comes what it lacks yet: NotYet, where it was waited for in vain.
    """
    via: Via = options["via"] or ""
    target = Destination(remote, options["branch"] or "", via, not options["no_create"])
    if options["dry_run"]:
        return dry_run(target, draft, entropy=clock.entropy), None
    draft = ensure_event_id(draft, clock.entropy)
    folder = spool_folder(os.environ)
    recorded = _delivered(folder, target, draft)
    if folder is not None:
        send_what_waits(folder, remote)
    if recorded.received and options["wait"]:
        return _awaited(target, draft, recorded, options["wait"])
    return recorded, None


def _awaited(
    target: Destination, draft: EventDraft, received: RecordResult, seconds: float
) -> tuple[RecordResult, OperationFailed | None]:
    from versioner.delivery.wait import NotYet, await_recording

    try:
        return await_recording(
            target, draft, received, seconds=seconds, now=clock.now, entropy=clock.entropy
        ), None
    except NotYet as late:
        return received, late


def _delivered(folder: Path | None, target: Destination, draft: EventDraft) -> RecordResult:
    try:
        line = write_line(document_of(target, draft))
    except VersionerError:
        # It could be kept nowhere; what is wrong with it, its judge says better.
        return _result(target, draft)
    try:
        return _shared_or_kept(folder, target, line)
    except (KeyboardInterrupt, Stopped):
        # A job that is cancelled while the forge hangs: its event is not to go with it.
        _keep_stopped(folder, line)
        raise


def _shared_or_kept(folder: Path | None, target: Destination, line: str) -> RecordResult:
    entry = new_entry(line, kept_at="", reason="", now_ms=clock.entropy()[0])
    try:
        return _shared(queue_folder(os.environ), target, entry)
    except OperationFailed as failure:
        raise _kept(folder, line, failure) from failure
    except OSError as error:
        # Of this machine: a full disk, above all.
        local = OperationFailed(
            f"{error.filename or 'this machine'}: {error.strerror}", hint=_LOCAL
        )
        raise _kept(folder, line, local) from error


def _result(target: Destination, draft: EventDraft) -> RecordResult:
    (result,) = record_remotely(target, [draft], now=clock.now(), entropy=clock.entropy)
    if isinstance(result, VersionerError):
        raise result
    return result


def _shared(folder: Path | None, target: Destination, entry: SpoolEntry) -> RecordResult:
    def send(entries: list[SpoolEntry]) -> list[Any]:
        return send_entries(target.remote, entries, now=clock.now(), entropy=clock.entropy)

    if folder is None:
        outcome = send([entry])[0]
    else:
        outcome = share(folder, entry, send, wait_seconds=_PATIENCE_SECONDS, now=time.time())
    result = result_of(outcome)
    if isinstance(result, VersionerError):
        raise result
    return result


def _kept(folder: Path | None, line: str, cause: OperationFailed) -> Spooled:
    """Keep an event on this machine, and tell the line that any other can send it with."""
    click.echo(f"{MARK}{line}", err=True)
    where = _put_in_spool(folder, line, cause.message)
    return Spooled(
        f"not recorded, kept {where}: {cause.message}",
        hint=f"{cause.hint}; then `versioner spool send`, or on another machine `versioner spool "
        "send - --repo URL` with the line above",
        line=line,
    )


def _keep_stopped(folder: Path | None, line: str) -> None:
    """Keep an event of which nobody knows whether it arrived, as a signal came; tell its line."""
    from versioner.cli.errors import report_warning

    where = _put_in_spool(folder, line, "stopped by a signal; it may have arrived")
    told = OperationFailed(
        f"stopped: the event may have arrived all the same, and is kept {where}",
        hint="`versioner spool send`, or on another machine `versioner spool send - --repo URL` "
        "with the line above: of the same id and time, it is recorded once",
    )
    # Whoever read it, a terminal above all, may be gone.
    with suppress(OSError):
        click.echo(f"{MARK}{line}", err=True)
        report_warning(told, "")


def _put_in_spool(folder: Path | None, line: str, reason: str) -> str:
    """Keep an event on this machine where that can be done, and say where it is."""
    if folder is None:
        return "nowhere on this machine"
    now_ms = clock.entropy()[0]
    try:
        Spool(folder).keep(new_entry(line, kept_at=clock.now(), reason=reason, now_ms=now_ms))
    except (OperationFailed, OSError) as error:
        return f"nowhere on this machine ({getattr(error, 'message', error)})"
    return "in this machine's spool"


def send_what_waits(folder: Path, remote: Remote) -> None:
    """Send what earlier commands on this machine could not; a failure is only a warning."""
    spool = Spool(folder)
    try:
        waiting = spool.entries(remote.url)[:_MOST_SENT_ALONG] if folder.is_dir() else []
        if not waiting:
            return
        outcomes = send_entries(remote, waiting, now=clock.now(), entropy=clock.entropy)
        for entry, outcome in zip(waiting, outcomes, strict=True):
            settle(spool, entry, outcome)
    except (VersionerError, OSError) as error:
        from versioner.cli.errors import report_warning

        report_warning(error, "recorded, but what waits in the spool was not sent: ")
        return
    sent = sum(outcome.kind != "failed" for outcome in outcomes)
    click.echo(f"sent {sent} of {len(waiting)} events that waited on this machine", err=True)
