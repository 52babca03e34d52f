"""versioner track: options and CI detection make an event, one call records it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from versioner.ci import detect
from versioner.cli import clock
from versioner.cli.after import after_commit
from versioner.cli.event_options import build_options, clear_empty, deployment_options, source_of
from versioner.cli.groups import NounGroup
from versioner.errors import Failure, Kept
from versioner.reporter.recorded import (
    recorded_json,
    recorded_text,
    step_outputs,
    step_summary,
)
from versioner.repository.address import TOKEN, address_of, is_url
from versioner.repository.location import Opening

if TYPE_CHECKING:
    from versioner.ci import Detected
    from versioner.errors import VersionerError
    from versioner.models import EventKind
    from versioner.operations.record import Recorded
    from versioner.operations.scene import Draft
    from versioner.repository.address import Remote
    from versioner.repository.location import Repository

__all__ = ["track"]

# Of every command its own, so that it is VERSIONER_PRODUCT for all of them.
_VARIABLES: Final = {"auto_envvar_prefix": "VERSIONER"}


class _TrackGroup(NounGroup):
    """Give a command its options when it is asked for: only one of the two runs."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command with all of its options, or None where there is none of this name."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and not command.params:
            for option in deployment_options() if cmd_name == "deployment" else build_options():
                option(command)
        return command


@click.group(
    cls=_TrackGroup,
    epilog="Example: versioner track deployment --product user-service --environment staging",
)
def track() -> None:
    """Record that something was built or deployed.

    Values come from, first wins: the option, VERSIONER_<OPTION>, what the CI system says, the
    default.
    """


@track.command(
    context_settings=_VARIABLES,
    epilog="Example: versioner track deployment --product user-service --environment production "
    "--version 1.4.0 --status completed",
)
@click.pass_context
def deployment(ctx: click.Context, /, **options: Any) -> None:
    """Record a deployment event."""
    _track(ctx, "deployment", options)


@track.command(
    context_settings=_VARIABLES,
    epilog="Example: versioner track build --product user-service --version 1.4.0 "
    "--scm-sha 4f5d1c2a --status completed",
)
@click.pass_context
def build(ctx: click.Context, /, **options: Any) -> None:
    """Record a build event."""
    _track(ctx, "build", options)


def _track(ctx: click.Context, kind: EventKind, options: dict[str, Any]) -> None:
    clear_empty(ctx, options)
    if options["push"] and options["local"]:
        raise click.UsageError("--push and --local say the opposite: leave one out")
    if options["debug"]:
        from versioner.cli.debugging import start

        start()
    softened = options["best_effort"] or not options["fail_on_api_error"]
    detected = detect(os.environ)
    try:
        repository, recorded, unpushed = _record(ctx, kind, options, detected)
    except (Failure, OSError) as error:
        _report_kept(detected, error)
        if not softened:
            raise
        _warn(error, "" if isinstance(error, Kept) else "not recorded: ")
        return
    _report(options, detected, recorded, unpushed)
    if repository is not None and recorded.branch == repository.branch:
        after_commit(repository, recorded.commit)
    if unpushed is not None:
        if not softened:
            raise unpushed
        _warn(unpushed)


def _warn(error: VersionerError | OSError, what: str = "") -> None:
    from versioner.cli.boundary import report_warning

    report_warning(error, what)


def _record(
    ctx: click.Context, kind: EventKind, options: dict[str, Any], detected: Detected | None
) -> tuple[Repository | None, Recorded, Failure | None]:
    """Record; return the clone it is in, if it is, and why it was not pushed, if so."""
    named = options["repo"]
    if named and is_url(named):
        draft = _draft(ctx, kind, options, detected)
        return None, _from_afar(address_of(named, os.environ.get(TOKEN, "")), draft, options), None
    # git looks for the repository while all that records is loaded.
    with Opening(named or os.getcwd()) as opening:  # noqa: PTH109 -- nor pathlib
        from versioner.cli.workspace import find_repository
        from versioner.operations.delivery import NotPushed, deliver, throw_away_remote
        from versioner.operations.record import record_event

        draft = _draft(ctx, kind, options, detected)
        repository = find_repository(named, opening)
    if detected is not None and not (options["local"] or options["push"]):
        remote = throw_away_remote(repository, options["branch"], os.environ.get(TOKEN, ""))
        if remote is not None:
            branch = options["branch"] or (repository.branch or "")
            return None, _from_afar(remote, draft, {**options, "branch": branch}), None
    if options["via"] or options["wait"]:
        raise click.UsageError("--via and --wait are for a remote: name its URL with --repo")
    try:
        recorded = deliver(
            repository,
            lambda place: record_event(
                place,
                draft,
                now=clock.now(),
                entropy=clock.entropy,
                create=not options["no_create"],
                dry_run=options["dry_run"],
            ),
            branch=options["branch"],
            push=options["push"],
            dry_run=options["dry_run"],
        )
    except NotPushed as unpushed:
        return repository, unpushed.recorded, unpushed
    return repository, recorded, None


def _draft(
    ctx: click.Context, kind: EventKind, options: dict[str, Any], detected: Detected | None
) -> Draft:
    from versioner.cli.event_draft import draft_event, tell_sources

    draft = draft_event(kind, options, detected)
    if options["verbose"] or options["debug"]:
        tell_sources(draft, options, detected, lambda name: source_of(ctx, name, options))
    return draft


def _from_afar(remote: Remote, draft: Draft, options: dict[str, Any]) -> Recorded:
    from versioner.cli.tracking_remotely import record_from_afar

    return record_from_afar(remote, draft, options)


def _report(
    options: dict[str, Any],
    detected: Detected | None,
    recorded: Recorded,
    unpushed: Failure | None,
) -> None:
    """Say what became of the event; once it is recorded, nothing here may turn into a failure.

    For the step would be run again, and outside of a known run that records it twice.
    """
    text = recorded_json if options["output"] == "json" else recorded_text
    try:
        click.echo(text(recorded, dry_run=options["dry_run"]))
    except OSError as error:
        if options["dry_run"]:
            raise
        from versioner.cli.boundary import report_unwritten

        report_unwritten(error)
    if recorded.retired:
        name = recorded.event["environment"]
        _warn(Failure(f"the environment {name!r} is retired", hint=f"`{_TAKE_BACK} {name}`"))
    if detected is not None and not options["dry_run"]:
        line = step_summary(recorded, unpushed=unpushed is not None)
        _append(detected.summary_file, line)
        _append(detected.output_file, step_outputs(recorded))


def _report_kept(detected: Detected | None, error: Failure | OSError) -> None:
    if detected is not None and isinstance(error, Kept) and error.line:
        _append(detected.summary_file, "Not recorded: kept to be sent later\n")
        _append(detected.output_file, f"outcome=kept\nspool_line={error.line}\n")


_TAKE_BACK: Final = "versioner environment retire --undo"


def _append(path: str, text: str) -> None:
    """Write to a file that the CI system reads after the step, if it named one."""
    try:
        if path:
            with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 -- no pathlib to load
                file.write(text)
    except OSError as error:
        # The event is safe: a page that cannot be written must not turn that into a failure.
        click.echo(f"warning: {path} was not written: {error.strerror}", err=True)
