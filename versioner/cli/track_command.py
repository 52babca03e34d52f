"""versioner track ... -- COMMAND: record that a command starts, run it, record how it ended.

The exit code is the command's own. Whatever happens to the records is told on stderr, since
stdout is the command's.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import click

from versioner.cli import clock
from versioner.cli.signals import Stopped
from versioner.cli.track_options import given_options
from versioner.cli.track_streams import warn
from versioner.errors import (
    InvalidInput,
    OperationFailed,
    Spooled,
    UsageFault,
    VersionerError,
)
from versioner.recording.command import CommandEnd, run_command
from versioner.recording.record import NotPushed
from versioner.rules.event_identity import random_event_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from versioner.cli.track_options import TrackOptions
    from versioner.models import Status

    Record = Callable[[TrackOptions], object]

__all__ = ["track_command"]

# What the command itself decides.
_REFUSED = ("status", "completed_at", "started_at")


def track_command(
    ctx: click.Context,
    options: TrackOptions,
    command: Sequence[str],
    record: Record,
    *,
    has_run: bool,
) -> int:
    """Record the start of a command, run it, and record its end; return the command's exit code.

    `record` records the event of some options. `has_run` is true where the CI system has told its
    run, which joins the two events. An event that is not valid or blocked is raised, and the
    command is not run.
    """
    given = given_options(ctx, (*_REFUSED, "fail_on_api_error"))
    for name in _REFUSED:
        if name in given:
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} is decided by the command: omit the option")
    is_strict = "fail_on_api_error" in given and not options.best_effort
    started = _prepared(options, has_run=has_run)
    try:
        record(started._replace(status="started", wait=0, artifact_files=()))
    except (OperationFailed, OSError) as error:
        if is_strict:
            _abort_kept_start(error, started, record)
            raise
        _tell(error, started, "started")
    if options.dry_run:
        click.echo("the command is not run, because of --dry-run", err=True)
        return 0
    started_at = clock.now()
    end = run_command(command, os.environ)
    if end.reason:
        click.echo(f"versioner: {end.reason}", err=True)
    code = _record_end(_ended(started, end, started_at), record)
    return end.exit_code or (code if is_strict else 0)


def _prepared(options: TrackOptions, *, has_run: bool) -> TrackOptions:
    """Return the options of both events: each call is a run of its own, also in one CI run."""
    event_id = options.event_id or _new_id()
    fields = dict(options.fields)
    if not has_run:
        fields.setdefault("invoke_id", event_id)
    return options._replace(event_id=event_id, fields=fields, best_effort=False, to_stderr=True)


def _abort_kept_start(
    error: OperationFailed | OSError, started: TrackOptions, record: Record
) -> None:
    """Record that a command was not run, where the event of its start may still arrive."""
    if isinstance(error, (Spooled, NotPushed)):
        reason = "the command was not run, because its start was not recorded"
        _record_end(_ended(started, CommandEnd("aborted", error.exit_code, reason), ""), record)


def _ended(started: TrackOptions, end: CommandEnd, started_at: str) -> TrackOptions:
    """Return the options of the event of a command's end."""
    fields = dict(started.fields)
    if started.kind == "build":
        fields.update(started_at=started_at, completed_at=clock.now())
    if end.reason:
        fields.setdefault("notes" if started.kind == "build" else "reason", end.reason)
    files = started.artifact_files if end.status == "completed" else ()
    return started._replace(
        event_id=_new_id(), status=end.status, fields=fields, artifact_files=files
    )


def _record_end(options: TrackOptions, record: Record) -> int:
    """Record the end of a command; a failure is only told. Return the exit code of the record."""
    try:
        try:
            record(options)
        except (InvalidInput, UsageFault) as error:
            if not options.artifact_files:
                raise
            warn(error)
            record(options._replace(artifact_files=()))
    except (VersionerError, OSError) as error:
        _tell(error, options, options.status)
        return error.exit_code if isinstance(error, VersionerError) else 1
    except click.ClickException as error:
        _tell(OperationFailed(error.format_message()), options, options.status)
        return error.exit_code
    except (KeyboardInterrupt, Stopped):
        # At a URL, the event is in the spool now.
        _tell(OperationFailed("stopped by a signal"), options, options.status)
        return OperationFailed.exit_code
    return 0


def _tell(error: VersionerError | OSError, options: TrackOptions, status: Status | str) -> None:
    """Warn that an event is not where it should be, with the line that records it again."""
    if isinstance(error, (Spooled, NotPushed)):
        warn(error)
        return
    warn(error, f"not recorded that the {options.kind} is {status}: ")
    again = [
        f"--event-id={options.event_id}",
        f"--status={status}",
        f"--completed-at={clock.now()}",
    ]
    known = {"repo": options.repo, "product": options.product, **options.fields}
    names = ("repo", "product", "environment", "instance", "version")
    named = [f"--{name}={known[name]}" for name in names if known.get(name)]
    line = shlex.join(["versioner", "track", options.kind, *named, *again])
    click.echo(f"record it later: {line}", err=True)


def _new_id() -> str:
    return random_event_id(*clock.entropy())
