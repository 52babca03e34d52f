"""The options of the track commands, and where each got its value from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from versioner.cli.params import output_option, repo_option

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "build_options",
    "clear_empty",
    "deployment_options",
    "is_on_command_line",
    "source_of",
]

Option = Callable[[click.Command], Any]

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


def _seconds(_context: click.Context, _option: click.Parameter, text: str | None) -> float:
    """Read a number of seconds that a pipeline may pass as an empty text, which is none."""
    try:
        seconds = float((text or "").strip() or 0)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= _LONGEST_WAIT:
        raise click.BadParameter(f"{text!r} is no number of seconds from 0 to {_LONGEST_WAIT}")
    return seconds


_LONGEST_WAIT: Final = 86_400
_BOOLEANS: Final = {
    **dict.fromkeys(("", "true", "1", "yes", "on", "t", "y"), True),
    **dict.fromkeys(("false", "0", "no", "off", "f", "n"), False),
}


def _who(person: str) -> list[Option]:
    """Return the options that say who did it; `person` is built-by or deployed-by."""
    told = {
        person: "Who did it: the login.",
        f"{person}-email": "Their e-mail (recorded only with `people: all`).",
        f"{person}-name": "Their name (recorded only with `people: all`).",
    }
    return [click.option(f"--{name}", help=text) for name, text in told.items()]


def _what(person: str) -> list[Option]:
    """Return the options that describe a build or a deployment alike."""
    return [
        click.option("--product", help="The product (default: the repository's last part)."),
        click.option("--version", help="The version (default: the commit's first 8 digits)."),
        click.option(
            "--status",
            default="completed",
            show_default=True,
            help="pending, started, completed, failed, aborted, or a usual word for one.",
        ),
        *(click.option(f"--{name}", help=text) for name, text in _RUN_OPTIONS.items()),
        *_who(person),
        click.option("--completed-at", metavar="TIME", help="When it ended, RFC 3339."),
        click.option("--extra-metadata", metavar="JSON", help="A JSON object, 100 KB at most."),
        click.option(
            "--event-id",
            help="The event's id, which is to be of this event alone (default: derived from the "
            "run).",
        ),
    ]


def _how() -> list[Option]:
    """Return the options that say where it is recorded, and how to tell of it."""
    debug = "Tell too which git commands run, and where an internal failure is."
    return [
        click.option("--no-create", is_flag=True, help="Refuse an unknown product or environment."),
        click.option(
            "--branch",
            metavar="NAME",
            help="Record on this branch (default: the current one, or the remote's); what goes by "
            "an inbox, `collect` records on its own.",
        ),
        click.option(
            "--via",
            type=click.Choice(["auto", "direct", "inbox"]),
            help="How it reaches a URL: on the branch, by its inbox (without --branch), or as is "
            "best (auto).",
        ),
        click.option(
            "--wait",
            is_flag=False,
            flag_value="300",
            callback=_seconds,
            metavar="[SECONDS]",
            help="Wait until it is on the remote branch (300 seconds if none are given).",
        ),
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
        click.option("--debug", is_flag=True, help=debug),
        output_option,
        repo_option,
    ]


def deployment_options() -> list[Option]:
    """Return the options of `track deployment`."""
    continued = "The deployment it continues."
    return [
        click.option("--environment", help="Where it is deployed to."),
        *_what("deployed-by"),
        click.option("--deploy-url", help="The deployment's page, or the running service."),
        click.option("--reason", help="Why: for a rollback, say."),
        click.option("--deployment", metavar="ID", help=continued),
        *_how(),
    ]


def build_options() -> list[Option]:
    """Return the options of `track build`."""
    return [
        *_what("built-by"),
        click.option("--started-at", metavar="TIME", help="When it began, RFC 3339."),
        click.option("--notes", help="What is new in this version."),
        *_how(),
    ]


def clear_empty(ctx: click.Context, options: dict[str, Any]) -> None:
    """Take empty texts for no value, as CI systems pass what is not set.

    The next in line (the environment variable, what the system says) speaks then.
    """
    for option in ctx.command.params:
        value = options.get(option.name or "")
        if isinstance(value, str) and not value.strip():
            variable = option.resolve_envvar_value(ctx) or ""
            options[option.name or ""] = variable if variable.strip() else None


def is_on_command_line(ctx: click.Context, name: str) -> bool:
    """Tell whether an option was given as one, and not by a variable that is there for all."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def source_of(ctx: click.Context, name: str, options: Mapping[str, Any]) -> str:
    """Tell where an option's value is from: `--name`, the variable's name, `default`, or ""."""
    if options.get(name) is None:
        return ""
    source = ctx.get_parameter_source(name)
    given = ctx.params.get(name)
    empty = isinstance(given, str) and not given.strip()
    if source is ParameterSource.COMMANDLINE and not empty:
        return f"--{name.replace('_', '-')}"
    if source in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT):
        return f"{ctx.auto_envvar_prefix}_{name.upper()}"
    return "default"
