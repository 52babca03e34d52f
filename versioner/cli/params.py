"""Options that many commands share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from versioner.errors import InvalidInput, UsageFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType


__all__ = [
    "CommandContext",
    "NounGroup",
    "assignments_of",
    "clone_option",
    "comment_option",
    "edit_options",
    "examples_epilog",
    "format_of",
    "list_output_option",
    "output_option",
    "read_for",
    "repo_option",
    "require_edits",
    "rev_option",
    "variable_of",
]

_ENVIRONMENT: Final = click.core.ParameterSource.ENVIRONMENT
_Command = TypeVar("_Command", bound="Callable[..., Any]")


def repo_option(command: _Command) -> _Command:
    """Add --repo."""
    return click.option(
        "--repo",
        metavar="PATH|URL",
        envvar="VERSIONER_REPO",
        default=None,
        help="The registry: a clone, a bare repository, or a URL (default: the repository that "
        "contains the current folder).",
    )(command)


def clone_option(command: _Command) -> _Command:
    """Add --repo to a command that works in a clone only."""
    return click.option(
        "--repo",
        metavar="PATH",
        envvar="VERSIONER_REPO",
        default=None,
        help="The registry: a clone or a bare repository (default: the repository that contains "
        "the current folder).",
    )(command)


def output_option(command: _Command) -> _Command:
    """Add --output."""
    return click.option(
        "--output",
        "-o",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="The output format; the JSON keys are stable.",
    )(command)


def list_output_option(command: _Command) -> _Command:
    """Add --output to a command that prints a list."""
    return click.option(
        "--output",
        "-o",
        type=click.Choice(["text", "json", "jsonl", "csv", "tsv"]),
        default="text",
        show_default=True,
        help="The output format; jsonl has a JSON document a line, for long lists. The JSON keys, "
        "which are also the headings of CSV and TSV, are stable.",
    )(command)


def rev_option(command: _Command) -> _Command:
    """Add --rev."""
    return click.option(
        "--rev",
        metavar="REV",
        default=None,
        help="Read the registry at this git revision (default: the current files).",
    )(command)


def format_of(form: str | None, output: str) -> str:
    """Return the format that --format or --output chooses; raise UsageError if they differ."""
    if output == "json" and form not in (None, "json"):
        raise click.UsageError(f"--output json and --format {form} contradict each other: give one")
    return form or output


@contextmanager
def read_for(what: str) -> Iterator[None]:
    """Raise an InvalidInput from the block as a UsageFault that names the option or argument."""
    try:
        yield
    except InvalidInput as error:
        raise UsageFault(f"{what}: {error.message}", hint=error.hint) from None


def assignments_of(
    _ctx: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the values of --set; raise UsageFault for one that is not KEY=VALUE."""
    for text in texts:
        if "=" not in text:
            raise UsageFault(
                f"--set {text}: not of the form KEY=VALUE",
                hint="for example: --set extra_metadata.team=identity",
            )
    return texts


def edit_options(command: _Command) -> _Command:
    """Add the options --set and --unset of a command that edits a file."""
    unset_help = "Remove a key (dotted if nested)."
    command = click.option("--unset", multiple=True, metavar="KEY", help=unset_help)(command)
    return click.option(
        "--set", "set_", multiple=True, metavar="KEY=VALUE", help="Set a key (dotted if nested).",
        callback=assignments_of,
    )(command)  # fmt: skip


def comment_option(command: _Command) -> _Command:
    """Add --comment to a command whose commit says why."""
    return click.option(
        "--comment", "-m", default="", metavar="TEXT",
        help="Why: it stands in the message of the commit.",
    )(command)  # fmt: skip


def require_edits(set_: tuple[str, ...], unset: tuple[str, ...]) -> None:
    """Raise a usage error where neither --set nor --unset is given."""
    if not set_ and not unset:
        raise click.UsageError("nothing to change: give --set KEY=VALUE or --unset KEY")


class CommandContext(click.Context):
    """The context of a command; an error that leaves it gets the command, or the variable."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        # The parser of click does not give the command to some of its errors.
        if isinstance(error, click.UsageError) and error.ctx is None:
            error.ctx = self
        elif isinstance(error, InvalidInput):
            variable = self._variable_of(error.field)
            if variable and not error.message.startswith(variable):
                error.message = f"{variable}: {error.message}"
        return super().__exit__(kind, error, trace)

    def _variable_of(self, field: str) -> str:
        given = str(self.params.get(field) or "").strip()
        options = [each for each in self.command.params if given and each.name == field]
        return variable_of(self, options[0]) if options else ""


def variable_of(ctx: click.Context, option: click.Parameter) -> str:
    """Return the environment variable that the value of an option is from; "" for none."""
    if option.name is None or ctx.get_parameter_source(option.name) is not _ENVIRONMENT:
        return ""
    if isinstance(option.envvar, str):
        return option.envvar
    return f"{ctx.auto_envvar_prefix}_{option.name.upper()}"


class NounGroup(click.Group):
    """A group of commands for one noun, such as `product`."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, whose errors name it; None if there is no such command."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.context_class = CommandContext
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command; for an unknown name, fail with similar names."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            from versioner.names import nearest

            near = nearest(args[0], self.commands)
            known = f" Did you mean {' or '.join(near)}?" if near else ""
            known = known or f" The commands are {', '.join(self.commands)}."
            ctx.fail(f"No such command '{ctx.command_path} {args[0]}'.{known}")
        return super().resolve_command(ctx, args)


def examples_epilog(*examples: str, keys: str = "") -> str:
    """Return the end of a help text: examples, and the JSON keys if the command has any."""
    word = "Example" if len(examples) == 1 else "Examples"
    lines = [f"\b\n{word}:", *(f"  {example}" for example in examples)]
    text = "\n".join(lines)
    return f"{text}\n\nJSON keys (stable): {keys}" if keys else text
