"""Tell what became of an event: on the terminal, and to the CI system whose step we are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from versioner.errors import OperationFailed
from versioner.reporting.recording import (
    kept_json,
    kept_outputs,
    recorded_json,
    recorded_text,
    step_outputs,
    step_summary,
)

if TYPE_CHECKING:
    from versioner.ci import DetectedRun
    from versioner.errors import Spooled, VersionerError
    from versioner.recording.record import RecordResult

__all__ = ["report", "tell_kept", "warn"]

_TAKE_BACK: Final = "versioner environment retire --undo"


def report(
    options: dict[str, Any],
    detected: DetectedRun | None,
    recorded: RecordResult,
    lacking: OperationFailed | None,
) -> None:
    """Tell what became of an event; once it is recorded, nothing here may turn into a failure.

    For the step would be run again, and outside of a known run that records it twice. `lacking`
    is why it is not where it should be yet.
    """
    text = recorded_json if options["output"] == "json" else recorded_text
    _print(text(recorded, dry_run=options["dry_run"]), must=options["dry_run"])
    if recorded.retired:
        name = recorded.event["environment"]
        warn(OperationFailed(f"the environment {name!r} is retired", hint=f"`{_TAKE_BACK} {name}`"))
    if detected is not None and not options["dry_run"]:
        unpushed = lacking is not None and not recorded.received
        _append(detected.summary_file, "step summary", step_summary(recorded, unpushed=unpushed))
        _append(detected.output_file, "step's outputs", step_outputs(recorded))


def tell_kept(options: dict[str, Any], detected: DetectedRun | None, kept: Spooled) -> None:
    """Tell that an event is kept to be sent later; the message itself is the error's."""
    if options["output"] == "json":
        _print(kept_json(kept.line), must=False)
    if detected is not None:
        _append(detected.summary_file, "step summary", "Not recorded: kept to be sent later\n")
        _append(detected.output_file, "step's outputs", kept_outputs(kept.line))


def warn(error: VersionerError | OSError, what: str = "") -> None:
    """Print an error that is lived with; `what` says what did not happen."""
    from versioner.cli.errors import report_warning

    report_warning(error, what)


def _print(text: str, *, must: bool) -> None:
    try:
        click.echo(text)
    except OSError as error:
        if must:
            raise
        from versioner.cli.errors import report_unwritten

        report_unwritten(error)


def _append(path: str, what: str, text: str) -> None:
    """Write to a file that the CI system reads after the step, if it named one."""
    try:
        if path:
            with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 -- no pathlib to load
                file.write(text)
    except OSError as error:
        # The event is safe: a page that cannot be written must not turn that into a failure.
        click.echo(f"warning: the {what} was not written: {error.strerror}", err=True)
