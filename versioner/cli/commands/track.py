"""versioner track: options and CI detection make an event, one call records it."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from versioner.ci import detect, is_ci
from versioner.cli.after_commit import after_commit
from versioner.cli.params import NounGroup, examples_epilog
from versioner.cli.track_options import (
    build_options,
    deployment_options,
    is_on_command_line,
    read_options,
    source_of,
)
from versioner.cli.track_streams import report, report_refused, report_spooled, warn
from versioner.errors import Blocked, OperationFailed, Spooled, UnreadableRules
from versioner.git.repository import Repository, RepositoryLookup
from versioner.remote.url import TOKEN, is_url

if TYPE_CHECKING:
    from versioner.ci import DetectedRun
    from versioner.cli.track_options import TrackOptions
    from versioner.models import EventKind
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult
    from versioner.remote.url import Remote

__all__ = ["track"]

# The same for every command, so that VERSIONER_PRODUCT is the product for all of them.
_VARIABLES: Final = {"auto_envvar_prefix": "VERSIONER"}
_USAGE: Final = "[OPTIONS] [-- COMMAND...]"
_KEYS: Final = (
    "outcome (recorded, already_recorded, received, already_received, would_record), kind, "
    "product, event, path, created (array of paths), commit (or null), branch, pushed_to, "
    "received_as (a ref), page, warnings (array of {code, message, hint}). With --best-effort, for "
    "an event that is kept: outcome (kept), "
    "kind, product, event, branch, spool_line."
)


_COMMAND: Final = "versioner.command"


class _TrackCommand(click.Command):
    """A command that takes another command after `--`; it is in the context's `meta`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options before `--`."""
        if "--" in args:
            end = args.index("--")
            ctx.meta[_COMMAND] = tuple(args[end + 1 :])
            args = args[:end]
        return super().parse_args(ctx, args)


class _TrackGroup(NounGroup):
    """A group whose commands get their options when they are looked up: only one of them runs."""

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
    """Record a build or a deployment.

    The value of an option is the first of these: the option itself, the variable
    VERSIONER_<OPTION>, the value that the CI system reports, the default.
    """


@track.command(
    cls=_TrackCommand,
    options_metavar=_USAGE,
    context_settings=_VARIABLES,
    epilog=examples_epilog(
        "versioner track deployment --product shop --environment staging --version 1.4",
        "versioner track deployment --environment production --status failed",
        "versioner track deployment --environment staging -- ./deploy.sh staging",
        keys=_KEYS,
    ),
)
@click.pass_context
def deployment(ctx: click.Context, /, **options: Any) -> None:
    """Record a deployment event.

    With `-- COMMAND`, record that the deployment started, run the command, and record how it
    ended: completed, failed or aborted. The exit code and stdout are those of the command; reports
    go to stderr.
    """
    _track(ctx, "deployment", options)


@track.command(
    cls=_TrackCommand,
    options_metavar=_USAGE,
    context_settings=_VARIABLES,
    epilog=examples_epilog(
        "versioner track build --product shop --version 1.4 --scm-sha 4f5d1c2a", keys=_KEYS
    ),
)
@click.pass_context
def build(ctx: click.Context, /, **options: Any) -> None:
    """Record a build event.

    With `-- COMMAND`, record that the build started, run the command, and record how it ended.
    """
    _track(ctx, "build", options)


def _track(ctx: click.Context, kind: EventKind, values: dict[str, Any]) -> None:
    options = read_options(ctx, kind, values)
    if options.push and options.local:
        raise click.UsageError("--push and --local contradict each other: leave one out")
    if options.debug:
        from versioner.cli.debug import start

        start()
    detected = detect(os.environ)
    command = ctx.meta.get(_COMMAND)
    if command is None:
        _record_event(ctx, options, detected)
        return
    if not command:
        raise click.UsageError("give a command after --")
    from versioner.cli.track_command import track_command

    has_run = bool(detected is not None and detected.fields.get("invoke_id"))
    record = partial(_record_event, ctx, detected=detected)
    ctx.exit(track_command(ctx, options, command, record, has_run=has_run))


def _record_event(ctx: click.Context, options: TrackOptions, detected: DetectedRun | None) -> None:
    """Record one event and report it; raise the error where it is not where it should be."""
    try:
        place, draft = _locate(ctx, options, detected)
        repository = place if isinstance(place, Repository) else None
        if isinstance(place, Repository):
            recorded, incomplete = _record(place, draft, options)
        else:
            recorded, incomplete = _deliver(*place, draft, options)
    except (Blocked, UnreadableRules) as error:
        if error.is_of_rules and not options.dry_run:
            report_refused(detected, error)
        raise
    except (OperationFailed, OSError) as error:
        if isinstance(error, Spooled):
            report_spooled(options, detected, error)
        if not options.best_effort:
            raise
        warn(error, "" if isinstance(error, Spooled) else "not recorded: ")
        return
    report(options, detected, recorded, incomplete)
    if repository is not None and is_ci(os.environ):
        _warn_of_loss(repository, options)
    if repository is not None and recorded.branch == repository.branch:
        after_commit(repository, recorded.commit)
    if incomplete is not None:
        if not options.best_effort:
            raise incomplete
        warn(incomplete)


def _warn_of_loss(repository: Repository, options: TrackOptions) -> None:
    """Warn of a clone that a job uses without naming it, and that has no remote to record on."""
    named = options.local or options.push or options.repo or options.dry_run
    if repository.work_tree is not None and not named:
        message = "this clone has no remote: the event is only in this clone, and is lost with "
        hint = "give the URL of the registry with --repo, or add --local"
        warn(OperationFailed(f"{message}the job's folder", hint=hint))


def _locate(
    ctx: click.Context, options: TrackOptions, detected: DetectedRun | None
) -> tuple[Repository | tuple[Remote, str], EventDraft]:
    """Return where to record, and the draft of the event.

    That is a repository of this machine, or a remote and its branch ("" for the remote's own).
    """
    if options.repo and is_url(options.repo):
        from versioner.cli.remotes import remote_at_url

        _refuse_inbox_branch(options)
        if options.push or options.local:
            raise click.UsageError("--push and --local need a clone, but --repo is a URL")
        remote = remote_at_url(options.repo)
        return (remote, options.branch), _draft(ctx, options, detected)
    # git looks for the repository while the modules that record are loaded.
    with RepositoryLookup(options.repo or os.getcwd()) as lookup:  # noqa: PTH109 -- nor pathlib
        from versioner.git.transaction import recover
        from versioner.recording.local import remote_of_ephemeral_clone

        draft = _draft(ctx, options, detected)
        repository = lookup.repository()
        recover(repository)
    if is_ci(os.environ) and not (options.local or options.push):
        token = os.environ.get(TOKEN, "")
        found = remote_of_ephemeral_clone(repository, options.branch or None, token)
        if found is not None:
            _refuse_inbox_branch(options)
            return found, draft
    if is_on_command_line(ctx, "via") or is_on_command_line(ctx, "wait"):
        raise click.UsageError("--via and --wait need a remote: give its URL with --repo")
    return repository, draft


def _refuse_inbox_branch(options: TrackOptions) -> None:
    """Refuse a branch for the inbox.

    Applies to command-line options only; a spooled event may carry both.
    """
    if options.via == "inbox" and options.branch:
        raise click.UsageError(
            "--branch does not apply to the inbox: give it to `versioner collect` instead, or "
            "record with --via direct"
        )


def _draft(ctx: click.Context, options: TrackOptions, detected: DetectedRun | None) -> EventDraft:
    from versioner.cli.track_draft import doubts_of, draft_event, print_sources
    from versioner.recording.policy import refuse_secrets

    draft = draft_event(options, detected)
    # Before any of them is an argument of a program, which every user of the machine can read.
    named = {"branch": options.branch, "event_id": draft.event_id}
    refuse_secrets({**named, "product": draft.product, **draft.fields})
    for doubt in doubts_of(options, detected) if detected else ():
        warn(OperationFailed(doubt, hint="give --version and --scm-sha"))
    if options.verbose or options.debug:
        print_sources(draft, options, detected, lambda name: source_of(ctx, name))
    return draft


def _deliver(
    remote: Remote, branch: str, draft: EventDraft, options: TrackOptions
) -> tuple[RecordResult, OperationFailed | None]:
    from versioner.cli.record_event import record_at_remote
    from versioner.delivery.direct import Destination

    destination = Destination(remote, branch, options.via, options.create)
    return record_at_remote(destination, draft, wait=options.wait, dry_run=options.dry_run)


def _record(
    repository: Repository, draft: EventDraft, options: TrackOptions
) -> tuple[RecordResult, OperationFailed | None]:
    from versioner.cli.record_event import record_here

    return record_here(
        repository,
        draft,
        create=options.create,
        branch=options.branch,
        push=options.push,
        dry_run=options.dry_run,
    )
