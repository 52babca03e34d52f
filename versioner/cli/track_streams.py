"""Report what became of an event, on the terminal and to the CI system whose step runs."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from versioner.errors import OperationFailed
from versioner.reporting.track import (
    kept_json,
    kept_outputs,
    recorded_json,
    recorded_text,
    step_outputs,
    step_summary,
)

if TYPE_CHECKING:
    from versioner.ci import DetectedRun
    from versioner.cli.track_options import TrackOptions
    from versioner.errors import Blocked, Spooled, UnreadableRules, VersionerError
    from versioner.recording.record import RecordResult

__all__ = ["Output", "append_for_ci", "report", "report_refused", "report_spooled", "warn"]


def report(
    options: TrackOptions,
    detected: DetectedRun | None,
    recorded: RecordResult,
    incomplete: OperationFailed | None,
) -> None:
    """Report what became of an event; once it is recorded, nothing here may end in a failure.

    CI systems run a failed step again, which outside of a known run records the event twice.
    `incomplete` is why the event is not where it should be yet.
    """
    text = recorded_json if options.output == "json" else recorded_text
    shown = text(recorded, dry_run=options.dry_run)
    _print(shown, must=options.dry_run, to_stderr=options.to_stderr)
    for each in recorded.warnings:
        warn(OperationFailed(each.message, hint=each.hint))
    if detected is not None and not options.dry_run:
        unpushed = incomplete is not None and not recorded.received
        append_for_ci(
            detected.summary_file, "step summary", step_summary(recorded, unpushed=unpushed)
        )
        append_for_ci(detected.output_file, "step's outputs", step_outputs(recorded))


def report_spooled(options: TrackOptions, detected: DetectedRun | None, spooled: Spooled) -> None:
    """Report that an event is spooled, to be sent later; the caller reports the error itself."""
    if options.output == "json":
        _print(kept_json(spooled.line), must=False, to_stderr=options.to_stderr)
    if detected is not None:
        append_for_ci(
            detected.summary_file, "step summary", "Not recorded: kept to be sent later\n"
        )
        append_for_ci(detected.output_file, "step's outputs", kept_outputs(spooled.line))


def report_refused(detected: DetectedRun | None, error: Blocked | UnreadableRules) -> None:
    """Report to the CI system that rules let a deployment not start; the caller reports the error.

    The outputs are those of `check`, for steps that follow.
    """
    if detected is None:
        return
    from versioner.recording.preflight import Refused
    from versioner.reporting.gate.check import answer_outputs, answer_summary, error_summary

    answer, summary = None, error_summary(error.message)
    if isinstance(error, Refused):
        answer, summary = error.answer, answer_summary(error.answer, error.rules)
    append_for_ci(detected.summary_file, "step summary", summary)
    append_for_ci(
        detected.output_file, "step's outputs", f"outcome=refused\n{answer_outputs(answer)}"
    )


class Output:
    """Prints the messages of a delivery to a remote on stderr, while it is under way."""

    def print_line(self, line: str) -> None:
        """Print a spool line, from which the event can be sent from any machine."""
        click.echo(line, err=True)

    def print_sent(self, sent: int, total: int) -> None:
        """Print how many spooled events were sent with this one."""
        click.echo(f"sent {sent} of {total} events that waited on this machine", err=True)

    def warn(self, error: VersionerError | OSError, what: str = "") -> None:
        """Print an error that does not end the command; `what` says what was not done."""
        warn(error, what)

    def print_stopped(self, line: str, error: OperationFailed) -> None:
        """Print a spool line and a warning after a signal."""
        # The terminal, or the program that reads, may have ended already.
        with suppress(OSError):
            self.print_line(line)
            warn(error)


def warn(error: VersionerError | OSError, what: str = "") -> None:
    """Print an error that does not end the command; `what` says what was not done."""
    from versioner.cli.errors import report_warning

    report_warning(error, what)


def _print(text: str, *, must: bool, to_stderr: bool) -> None:
    try:
        click.echo(text, err=to_stderr)
    except OSError as error:
        if must:
            raise
        from versioner.cli.errors import report_unwritten

        report_unwritten(error)


def append_for_ci(path: str, what: str, text: str) -> None:
    """Write to a file that the CI system reads after the step, if it named one."""
    try:
        if path:
            with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 -- no pathlib to load
                file.write(text)
    except OSError as error:
        # The event is safe: a page that cannot be written must not turn that into a failure.
        click.echo(f"warning: the {what} was not written: {error.strerror}", err=True)
