"""versioner track: options and CI detection make an event, one call records it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

import click

from versioner.ci import detect
from versioner.cli import clock
from versioner.cli.after import after_commit
from versioner.cli.groups import NounGroup
from versioner.cli.options import output_option, repo_option
from versioner.errors import Failure, InvalidInput
from versioner.names import canonical_status
from versioner.operations.acceptance import refuse_secrets
from versioner.reporter.recorded import recorded_json, recorded_text, step_summary
from versioner.repository.location import Opening

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.ci import Detected
    from versioner.models import Event, EventKind
    from versioner.operations.record import Draft, Recorded
    from versioner.repository.location import Repository

__all__ = ["track"]

# Of every command its own, so that it is VERSIONER_PRODUCT for all of them.
_VARIABLES: Final = {"auto_envvar_prefix": "VERSIONER"}

# Options that become a field of the event as they are, and what their help says.
_RUN_OPTIONS: Final = {
    "source-system": "The system that reports it (github, jenkins, ...).",
    "build-number": "The build's number in that system.",
    "scm-sha": "The commit that was built, hexadecimal.",
    "scm-repository": "The source repository (owner/name).",
    "scm-branch": "The source branch.",
    "build-url": "The build's page.",
    "invoke-id": "The run's id in that system; what makes a retry harmless.",
}


def _boolean(_context: click.Context, _option: click.Parameter, text: str) -> bool:
    """Read a boolean that a pipeline may pass as an empty text, which is no value."""
    word = text.strip().lower()
    if word not in _BOOLEANS:
        raise click.BadParameter(f"{text!r} is neither true nor false")
    return _BOOLEANS[word]


_BOOLEANS: Final = {
    **dict.fromkeys(("", "true", "1", "yes", "on", "t", "y"), True),
    **dict.fromkeys(("false", "0", "no", "off", "f", "n"), False),
}


def _event_options(person: str) -> list[Callable[[click.Command], Any]]:
    """Return the options that builds and deployments share; `person` is built-by or deployed-by."""
    people = {
        person: "Who did it: the login.",
        f"{person}-email": "Their e-mail (recorded only with `people: all`).",
        f"{person}-name": "Their name (recorded only with `people: all`).",
    }
    return [
        click.option("--product", help="The product (default: the repository's last part)."),
        click.option("--version", help="The version (default: the commit's first 8 digits)."),
        click.option(
            "--status",
            default="completed",
            show_default=True,
            help="pending, started, completed, failed, aborted, or a usual word for one.",
        ),
        *(
            click.option(f"--{name}", help=text)
            for name, text in {**_RUN_OPTIONS, **people}.items()
        ),
        click.option("--completed-at", metavar="TIME", help="When it ended, RFC 3339."),
        click.option("--extra-metadata", metavar="JSON", help="A JSON object, 100 KB at most."),
        click.option("--event-id", help="The event's id (default: derived from the run)."),
        click.option("--no-create", is_flag=True, help="Refuse an unknown product or environment."),
        click.option("--branch", metavar="NAME", help="Record on this branch (detached clones)."),
        click.option("--push", is_flag=True, help="Push the commit to the branch's remote."),
        click.option("--local", is_flag=True, help="Record in this clone alone, in CI too."),
        click.option("--dry-run", is_flag=True, help="Show the line it would add; write nothing."),
        click.option(
            "--fail-on-api-error",
            is_flag=False,
            flag_value="true",
            default="true",
            callback=_boolean,
            metavar="[true|false]",
            help="false: a failure of git or the network is a warning, not an error.",
        ),
        click.option("--best-effort", is_flag=True, help="Same as --fail-on-api-error=false."),
        click.option("--skip-preflight-checks", is_flag=True, hidden=True),
        click.option("--verbose", "-v", is_flag=True, help="Tell where each value came from."),
        click.option("--debug", is_flag=True, help="Tell still more."),
        output_option,
        repo_option,
    ]


def _deployment_options() -> list[Callable[[click.Command], Any]]:
    continued = "The deployment it continues."
    return [
        click.option("--environment", help="Where it is deployed to."),
        *_event_options("deployed-by"),
        click.option("--deploy-url", help="The deployment's page, or the running service."),
        click.option("--reason", help="Why: for a rollback, say."),
        click.option("--deployment", "deployment_id", metavar="ID", help=continued),
    ]


def _build_options() -> list[Callable[[click.Command], Any]]:
    return [
        *_event_options("built-by"),
        click.option("--started-at", metavar="TIME", help="When it began, RFC 3339."),
        click.option("--notes", help="What is new in this version."),
    ]


class _TrackGroup(NounGroup):
    """Give a command its options when it is asked for: only one of the two runs."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command with all of its options, or None where there is none of this name."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and not command.params:
            for option in _deployment_options() if cmd_name == "deployment" else _build_options():
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
    options["deployment"] = options.pop("deployment_id")
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


# Options that steer the command and are no fields of the event.
_STEERING: Final = frozenset(
    (
        "product", "event_id", "no_create", "branch", "push", "local", "dry_run",
        "fail_on_api_error", "best_effort", "skip_preflight_checks", "verbose", "debug",
        "output", "repo", "extra_metadata",
    )
)  # fmt: skip


def _track(ctx: click.Context, kind: EventKind, options: dict[str, Any]) -> None:
    _clear_empty(ctx, options)
    if options["push"] and options["local"]:
        raise click.UsageError("--push and --local say the opposite: leave one out")
    detected = detect(os.environ)
    try:
        repository, recorded = _record(kind, options, detected)
    except (Failure, OSError) as error:
        if options["fail_on_api_error"] and not options["best_effort"]:
            raise
        from versioner.cli.boundary import report_warning

        report_warning(error, "not recorded: ")
        return
    report = recorded_json if options["output"] == "json" else recorded_text
    click.echo(report(recorded, dry_run=options["dry_run"]))
    if detected is not None and detected.summary_file and not options["dry_run"]:
        _append_summary(detected.summary_file, step_summary(recorded))
    if recorded.branch == repository.branch:
        after_commit(repository, recorded.commit)


def _append_summary(path: str, line: str) -> None:
    try:
        with open(path, "a", encoding="utf-8") as summary:  # noqa: PTH123 -- no pathlib to load
            summary.write(line)
    except OSError as error:
        # The event is safe: a page that cannot be written must not turn that into a failure.
        click.echo(f"warning: the step summary was not written: {error.strerror}", err=True)


def _clear_empty(ctx: click.Context, options: dict[str, Any]) -> None:
    # CI systems pass an unset variable as an empty text: it is no value, and the next in line
    # (the environment variable, what the system says) speaks.
    for option in ctx.command.params:
        value = options.get(option.name or "")
        if isinstance(value, str) and not value.strip():
            variable = option.resolve_envvar_value(ctx) or ""
            options[option.name or ""] = variable if variable.strip() else None


def _record(
    kind: EventKind, options: dict[str, Any], detected: Detected | None
) -> tuple[Repository, Recorded]:
    # git looks for the repository while all that records is loaded.
    with Opening(options["repo"] or os.getcwd()) as opening:  # noqa: PTH109 -- nor pathlib
        from versioner.cli.workspace import find_repository
        from versioner.operations.delivery import deliver
        from versioner.operations.record import record_event

        draft = _draft(kind, options, detected)
        if options["verbose"] or options["debug"]:
            _tell_sources(options, detected, draft)
        repository = find_repository(options["repo"], opening)
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
        in_ci=detected is not None and not options["local"],
        dry_run=options["dry_run"],
    )
    return repository, recorded


def _draft(kind: EventKind, options: dict[str, Any], detected: Detected | None) -> Draft:
    # Here already: what is refused below is quoted, and --verbose tells all there is.
    refuse_secrets({name: value for name, value in options.items() if value})
    person = "built_by" if kind == "build" else "deployed_by"
    fields: Event = {}
    if detected is not None:
        fields |= {key.replace("person", person): value for key, value in detected.fields.items()}
        fields["source_system"] = detected.source_system
        fields["version"] = detected.version
    fields |= {
        name: value
        for name, value in options.items()
        if name not in _STEERING and value is not None
    }
    fields["status"] = canonical_status(options["status"] or "completed", kind)
    if fields.get("scm_sha"):
        fields["scm_sha"] = fields["scm_sha"].lower()
    _set_times(kind, fields)
    metadata = {**(detected.extra_metadata if detected else {}), **_metadata(options)}
    if metadata:
        fields["extra_metadata"] = metadata
    product = options["product"] or (detected.product if detected else "")
    _require(product, "product", "the pipeline's system names no repository")
    _require(fields.get("version"), "version", "the pipeline's system names no commit")
    if kind == "deployment":
        _require(fields.get("environment"), "environment", "no CI system can know it")
    from versioner.operations.record import Draft

    return Draft(kind, product, fields, options["event_id"] or "", detected=not options["product"])


def _require(value: str | None, name: str, why: str) -> None:
    if not value:
        raise click.UsageError(f"--{name} is missing, and {why}: add --{name}")


def _set_times(kind: EventKind, fields: Event) -> None:
    """Turn given times into UTC; the event's own is the end's, else the beginning's, else now."""
    moment = clock.now()
    for name in ("started_at", "completed_at"):
        if name in fields:
            # Here, for most events happen now.
            from versioner.rules.times import check_at

            fields[name] = check_at(fields[name], moment, field=name)
    ended = fields["status"] in ("completed", "failed", "aborted")
    given = fields.get("completed_at") if ended else None
    if kind == "build":
        fields["at"] = given or (fields.get("started_at") if not ended else None) or moment
    else:
        fields["at"] = fields.pop("completed_at", None) or moment


def _metadata(options: dict[str, Any]) -> dict[str, Any]:
    text = options["extra_metadata"]
    if not text:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"--extra-metadata is not JSON: {error}",
            field="extra_metadata",
            hint="""write it as '{"region": "eu"}', in single quotes in a shell""",
        ) from None
    if not isinstance(value, dict):
        raise InvalidInput(
            "--extra-metadata is not a JSON object",
            field="extra_metadata",
            hint="""write it as '{"region": "eu"}'""",
        )
    return value


def _tell_sources(options: dict[str, Any], detected: Detected | None, draft: Draft) -> None:
    from versioner.reporter.terminal import clean

    refuse_secrets(draft.fields)
    system = detected.source_system if detected else "no CI system"
    click.echo(f"detected: {system}", err=True)
    for name, value in sorted({"product": draft.product, **draft.fields}.items()):
        source = "given" if options.get(name) else "detected or default"
        click.echo(f"  {name} = {clean(str(value))} ({source})", err=True)
