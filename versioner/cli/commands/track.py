"""versioner track: options and CI detection make an event, one call records it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from versioner.ci import detect
from versioner.cli import clock
from versioner.cli.after_commit import after_commit
from versioner.cli.params import NounGroup, examples_epilog
from versioner.cli.track_options import (
    build_options,
    clear_empty,
    deployment_options,
    is_on_command_line,
    source_of,
)
from versioner.cli.track_report import report, tell_kept, warn
from versioner.errors import OperationFailed, Spooled
from versioner.git.repository import Opening
from versioner.remote.url import TOKEN, is_url

if TYPE_CHECKING:
    from versioner.ci import DetectedRun
    from versioner.git.repository import Repository
    from versioner.models import EventKind
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult
    from versioner.remote.url import Remote

__all__ = ["track"]

# Of every command its own, so that it is VERSIONER_PRODUCT for all of them.
_VARIABLES: Final = {"auto_envvar_prefix": "VERSIONER"}
_KEYS: Final = (
    "outcome (recorded, already_recorded, received, already_received, would_record), kind, "
    "product, event, path, created (array of paths), commit (or null), branch, pushed_to, "
    "received_as (a ref), page. With --best-effort, of an event that is kept: outcome (kept), "
    "kind, product, event, branch, spool_line."
)


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
    epilog=examples_epilog(
        "versioner track deployment --product shop --environment staging --version 1.4",
        "versioner track deployment --environment production --status failed",
        keys=_KEYS,
    ),
)
@click.pass_context
def deployment(ctx: click.Context, /, **options: Any) -> None:
    """Record a deployment event."""
    _track(ctx, "deployment", options)


@track.command(
    context_settings=_VARIABLES,
    epilog=examples_epilog(
        "versioner track build --product shop --version 1.4 --scm-sha 4f5d1c2a", keys=_KEYS
    ),
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
        from versioner.cli.debug import start

        start()
    softened = options["best_effort"] or not options["fail_on_api_error"]
    detected = detect(os.environ)
    try:
        repository, recorded, lacking = _record(ctx, kind, options, detected)
    except (OperationFailed, OSError) as error:
        if isinstance(error, Spooled):
            tell_kept(options, detected, error)
        if not softened:
            raise
        warn(error, "" if isinstance(error, Spooled) else "not recorded: ")
        return
    report(options, detected, recorded, lacking)
    if detected is not None and repository is not None:
        _warn_of_loss(repository, options)
    if repository is not None and recorded.branch == repository.branch:
        after_commit(repository, recorded.commit)
    if lacking is not None:
        if not softened:
            raise lacking
        warn(lacking)


def _warn_of_loss(repository: Repository, options: dict[str, Any]) -> None:
    """Warn of a clone that a job found itself in, and that has no remote to record on instead."""
    meant = ("local", "push", "repo", "dry_run")
    if repository.work_tree is not None and not any(options[each] for each in meant):
        lost = "this clone has no remote: the event is in the job's folder alone, and goes with it"
        warn(OperationFailed(lost, hint="name the registry's URL with --repo, or say --local"))


def _record(
    ctx: click.Context, kind: EventKind, options: dict[str, Any], detected: DetectedRun | None
) -> tuple[Repository | None, RecordResult, OperationFailed | None]:
    """Record; return the clone that the event is in, if it is in one, and what it lacks yet."""
    named = options["repo"]
    if named and is_url(named):
        from versioner.cli.remotes import remote_at_url

        _refuse_branch_of_inbox(options)
        remote = remote_at_url(named)
        return _from_afar(remote, _draft(ctx, kind, options, detected), options)
    # git looks for the repository while all that records is loaded.
    with Opening(named or os.getcwd()) as opening:  # noqa: PTH109 -- nor pathlib
        from versioner.cli.registry import find_repository
        from versioner.recording.local import throw_away_remote

        draft = _draft(ctx, kind, options, detected)
        repository = find_repository(named, opening)
    if detected is not None and not (options["local"] or options["push"]):
        token = os.environ.get(TOKEN, "")
        remote_and_branch = throw_away_remote(repository, options["branch"], token)
        if remote_and_branch is not None:
            _refuse_branch_of_inbox(options)
            remote, branch = remote_and_branch
            return _from_afar(remote, draft, {**options, "branch": branch})
    if is_on_command_line(ctx, "via") or is_on_command_line(ctx, "wait"):
        raise click.UsageError("--via and --wait are for a remote: name its URL with --repo")
    return _here(repository, draft, options)


def _refuse_branch_of_inbox(options: dict[str, Any]) -> None:
    """Of the user's own words alone: a spool line may hold both, from a clone of that branch."""
    if options["via"] == "inbox" and options["branch"]:
        raise click.UsageError(
            "an event in the inbox names no branch: leave --branch out, and say it to `versioner "
            "collect`; or record with --via direct"
        )


def _draft(
    ctx: click.Context, kind: EventKind, options: dict[str, Any], detected: DetectedRun | None
) -> EventDraft:
    from versioner.cli.track_draft import draft_event, tell_sources
    from versioner.recording.policy import refuse_secrets

    draft = draft_event(kind, options, detected)
    # Before a program is told of any of them: arguments are for all to see.
    named = {"branch": options["branch"] or "", "event_id": draft.event_id}
    refuse_secrets({**named, "product": draft.product, **draft.fields})
    if options["verbose"] or options["debug"]:
        tell_sources(draft, options, detected, lambda name: source_of(ctx, name, options))
    return draft


def _from_afar(
    remote: Remote, draft: EventDraft, options: dict[str, Any]
) -> tuple[None, RecordResult, OperationFailed | None]:
    from versioner.cli.track_remote import record_from_afar

    if options["push"] or options["local"]:
        raise click.UsageError("--push and --local are for a clone, and --repo names a URL")
    return None, *record_from_afar(remote, draft, options)


def _here(
    repository: Repository, draft: EventDraft, options: dict[str, Any]
) -> tuple[Repository, RecordResult, OperationFailed | None]:
    from versioner.recording.local import deliver
    from versioner.recording.record import NotPushed, record_event

    def record(place: Repository) -> RecordResult:
        return record_event(
            place,
            draft,
            now=clock.now(),
            entropy=clock.entropy,
            create=not options["no_create"],
            dry_run=options["dry_run"],
        )

    where = {key: options[key] for key in ("branch", "push", "dry_run")}
    try:
        return repository, deliver(repository, record, **where), None
    except NotPushed as unpushed:
        return repository, unpushed.recorded, unpushed
