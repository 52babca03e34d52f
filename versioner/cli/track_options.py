"""The options of the track commands, their values as one typed value, and their sources."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import click
from click.core import ParameterSource

from versioner.cli.params import output_option, repo_option
from versioner.models.event_fields import EVENT_FIELDS, personal_fields
from versioner.models.events import BUILD_KEYS, DEPLOYMENT_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.models import EventKind

__all__ = [
    "TrackOptions",
    "build_options",
    "deployment_options",
    "given_options",
    "is_on_command_line",
    "read_options",
    "source_of",
]

# Fields that are not taken from an option as it is.
_COMPUTED: Final = frozenset(
    (
        "at",
        "id",
        "status",
        "artifacts",
        "changes",
        "extra_metadata",
        "overrides",
        "redacted",
        "voids",
    )
)
_FIELDS: Final[dict[EventKind, frozenset[str]]] = {
    "build": frozenset(BUILD_KEYS) - _COMPUTED,
    "deployment": (frozenset(DEPLOYMENT_KEYS) | {"completed_at"}) - _COMPUTED,
}


class TrackOptions(NamedTuple):
    """The values of a track command's options; a text is "" where no value is given.

    With `to_stderr`, reports go to stderr, since stdout is a command's own.
    `fields` holds the options that become a field of the event as they are, by its name. `wait`
    is a number of seconds.
    """

    kind: EventKind
    product: str
    status: str
    event_id: str
    extra_metadata: str
    artifacts: tuple[str, ...]
    artifact_files: tuple[str, ...]
    overrides: tuple[str, ...]
    changes: str
    no_changes: bool
    fields: Mapping[str, str]
    repo: str
    branch: str
    via: Literal["", "auto", "direct", "inbox"]
    wait: float
    create: bool
    push: bool
    local: bool
    dry_run: bool
    best_effort: bool
    verbose: bool
    debug: bool
    output: str
    to_stderr: bool = False


Option = Callable[[click.Command], Any]

# Fields of both kinds of event that an option sets as they are, in the order of the help.
_RUN_FIELDS: Final = (
    "source_system",
    "build_number",
    "scm_sha",
    "scm_repository",
    "scm_branch",
    "build_url",
    "invoke_id",
)


def _artifacts() -> list[Option]:
    """Return the options of artifacts; their variables hold texts with spaces between them."""
    file_help = "The path of an artifact: the SHA-256 of the file is recorded. Repeatable."
    return [
        click.option(
            "--artifact", "artifacts", multiple=True, envvar="VERSIONER_ARTIFACT",
            metavar="[NAME=]DIGEST", help=EVENT_FIELDS["artifacts"].help,
        ),
        click.option(
            "--artifact-file", "artifact_files", multiple=True, envvar="VERSIONER_ARTIFACT_FILE",
            metavar="[NAME=]PATH", help=file_help,
        ),
    ]  # fmt: skip


def _changes() -> list[Option]:
    """Return the options of the commits since the version before."""
    return [
        click.option(
            "--changes-from", "changes", envvar="VERSIONER_CHANGES_FROM", metavar="FILE",
            help=EVENT_FIELDS["changes"].help,
        ),
        click.option("--no-changes", is_flag=True, help="Record no commits."),
    ]  # fmt: skip


def _field(name: str, **attributes: Any) -> Option:
    """Return the option that sets a field of the event."""
    names = [f"--{name.replace('_', '-')}", *(["-e"] if name == "environment" else ())]
    return click.option(*names, help=EVENT_FIELDS[name].help, **attributes)


def _instance(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """Return an instance; refuse an empty one, for it would stand for all instances."""
    from click.core import ParameterSource

    variable = option.resolve_envvar_value(context) or ""
    is_option = context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    if text is None or text.strip() or variable.strip() or not is_option:
        return text
    raise click.BadParameter(
        "it is empty, and an event without an instance is one of all instances: check the "
        "variable that it is set from, or omit the option"
    )


def _boolean(_context: click.Context, _option: click.Parameter, text: str) -> bool:
    """Read a boolean that a pipeline may pass as an empty text, which is no value."""
    word = text.strip().lower()
    if word not in _BOOLEANS:
        raise click.BadParameter(f'"{text}" is neither true nor false')
    return _BOOLEANS[word]


def seconds(_context: click.Context, _option: click.Parameter, text: str | None) -> float:
    """Read a number of seconds that a pipeline may pass as an empty text, which is none."""
    try:
        seconds = float((text or "").strip() or 0)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= _LONGEST_WAIT:
        raise click.BadParameter(f'"{text}" is not a number of seconds from 0 to {_LONGEST_WAIT}')
    return seconds


_LONGEST_WAIT: Final = 86_400
_BOOLEANS: Final = {
    **dict.fromkeys(("", "true", "1", "yes", "on", "t", "y"), True),
    **dict.fromkeys(("false", "0", "no", "off", "f", "n"), False),
}


def _what(kind: EventKind) -> list[Option]:
    """Return the options that a build and a deployment have in common."""
    return [
        click.option(
            "--product", "-p", help="The product (default: the last part of the source repository)."
        ),
        _field("version"),
        _field("status", default="completed", show_default=True),
        *map(_field, _RUN_FIELDS),
        *_artifacts(),
        *_changes(),
        *map(_field, personal_fields(kind)),
        _field("completed_at", metavar="TIME"),
        _field("extra_metadata", metavar="JSON"),
        click.option(
            "--event-id",
            help="The id of the event; it must be unique (default: derived from the run).",
        ),
    ]


def _how() -> list[Option]:
    """Return the options for where the event is recorded and what is printed."""
    debug = "Also print the git commands that run, and the traceback of an internal error."
    return [
        click.option("--no-create", is_flag=True, help="Refuse an unknown product or environment."),
        click.option(
            "--branch",
            metavar="NAME",
            help="Record on this branch (default: the current one, or the remote's). Not for the "
            "inbox: there `collect` chooses the branch.",
        ),
        click.option(
            "--via",
            type=click.Choice(["auto", "direct", "inbox"]),
            help="How to send an event to a URL: directly to the branch, to the inbox (without "
            "--branch), or whichever works best (auto).",
        ),
        click.option(
            "--wait",
            is_flag=False,
            flag_value="300",
            callback=seconds,
            metavar="[SECONDS]",
            help="Wait until the event is on the remote branch (default: for 300 seconds).",
        ),
        click.option("--push", is_flag=True, help="Push the commit to the branch's remote."),
        click.option("--local", is_flag=True, help="Record only in this clone, even in CI."),
        click.option(
            "--dry-run", is_flag=True, help="Show the line that would be added; write nothing."
        ),
        click.option(
            "--fail-on-api-error",
            is_flag=False,
            flag_value="true",
            default="true",
            callback=_boolean,
            metavar="[true|false]",
            help="false: a failure of git or the network is only a warning.",
        ),
        click.option("--best-effort", is_flag=True, help="Same as --fail-on-api-error=false."),
        click.option("--skip-preflight-checks", is_flag=True, hidden=True),
        click.option("--verbose", "-v", is_flag=True, help="Print where each value comes from."),
        click.option("--debug", is_flag=True, help=debug),
        output_option,
        repo_option,
    ]


def deployment_options() -> list[Option]:
    """Return the options of `track deployment`."""
    return [
        _field("environment"),
        _field("instance", callback=_instance),
        *_what("deployment"),
        _field("deploy_url"),
        _field("reason"),
        _field("deployment", metavar="ID"),
        click.option(
            "--override",
            "overrides",
            multiple=True,
            envvar="VERSIONER_OVERRIDE",
            metavar="RULE",
            help=EVENT_FIELDS["overrides"].help,
        ),
        *_how(),
    ]


def build_options() -> list[Option]:
    """Return the options of `track build`."""
    return [
        *_what("build"),
        _field("started_at", metavar="TIME"),
        _field("notes"),
        *_how(),
    ]


def read_options(ctx: click.Context, kind: EventKind, values: Mapping[str, Any]) -> TrackOptions:
    """Return the values of a command's options.

    An empty text is no value, since CI systems pass one for what is not set: the environment
    variable is used then, or what the CI system reports.
    """
    given = dict(values)
    for option in ctx.command.params:
        name = option.name or ""
        value = given.get(name)
        if isinstance(value, str) and not value.strip():
            variable = option.resolve_envvar_value(ctx) or ""
            given[name] = variable if variable.strip() else None
    return TrackOptions(
        kind=kind,
        product=given["product"] or "",
        status=given["status"] or "",
        event_id=given["event_id"] or "",
        extra_metadata=given["extra_metadata"] or "",
        artifacts=tuple(text for text in given["artifacts"] if text.strip()),
        artifact_files=tuple(text for text in given["artifact_files"] if text.strip()),
        changes=given["changes"] or "",
        no_changes=given["no_changes"],
        overrides=tuple(text.strip() for text in given.get("overrides", ()) if text.strip()),
        fields={
            name: value
            for name, value in given.items()
            if name in _FIELDS[kind] and value is not None
        },
        repo=given["repo"] or "",
        branch=given["branch"] or "",
        via=given["via"] or "",
        wait=given["wait"],
        create=not given["no_create"],
        push=given["push"],
        local=given["local"],
        dry_run=given["dry_run"],
        best_effort=given["best_effort"] or not given["fail_on_api_error"],
        verbose=given["verbose"],
        debug=given["debug"],
        output=given["output"] or "text",
    )


# The options whose values have another name.
_SPELLED: Final = {
    "artifacts": "artifact", "artifact_files": "artifact_file", "overrides": "override",
    "changes": "changes_from",
}  # fmt: skip


def given_options(ctx: click.Context, names: Iterable[str]) -> set[str]:
    """Return those of some options that an option or a variable sets."""
    by_user = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
    return {
        name
        for name in names
        if ctx.get_parameter_source(name) in by_user and ctx.params.get(name) not in (None, "")
    }


def is_on_command_line(ctx: click.Context, name: str) -> bool:
    """Return whether an option was given as one, not by a variable that is set for all jobs."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def source_of(ctx: click.Context, name: str) -> str:
    """Return where an option's value is from: `--name`, a variable, `default`, or "" for none."""
    given, source = ctx.params.get(name), ctx.get_parameter_source(name)
    if given in (None, ()):
        return ""
    name = _SPELLED.get(name, name)
    variable = f"{ctx.auto_envvar_prefix}_{name.upper()}"
    if isinstance(given, str) and not given.strip():
        return variable if os.environ.get(variable, "").strip() else ""
    if source is ParameterSource.COMMANDLINE:
        return f"--{name.replace('_', '-')}"
    return variable if source is ParameterSource.ENVIRONMENT else "default"
