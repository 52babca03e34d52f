"""The only module that turns an error into a message and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal

import click

from versioner.cli.signals import Stopped, stoppable
from versioner.errors import VersionerError
from versioner.reporting.terminal import clean, clean_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.cli.signals import Stop

__all__ = ["report_error", "report_unwritten", "report_warning", "run"]

_DEBUGGING = "versioner.cli.debug"
_SUGGESTED: Final = 3
# Lower, and `--env` would be taken for a misspelt `--rev`.
_SIMILAR: Final = 0.75


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; no exception comes out."""
    _open_standard_streams()
    if _DEBUGGING in sys.modules:
        sys.modules[_DEBUGGING].stop()
    token = os.environ.get("VERSIONER_TOKEN")
    if token:
        from versioner.secret_scanning import remember_secret

        remember_secret(token.strip())
    with stoppable() as stop:
        return _run(arguments, stop)


def _run(arguments: Sequence[str] | None, stop: Stop) -> int:
    from versioner.cli.main import cli

    stdout = sys.stdout
    try:
        result = cli.main(
            list(arguments) if arguments is not None else None,
            prog_name="versioner",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except VersionerError as error:
        return report_error(error)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        _report_usage(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt, Stopped):
        return _report_stop(stop)
    except OSError as error:
        return _report_os_error(error)
    except SystemExit:
        # click exits on a closed pipe, with stdout wrapped: the reader needs no more output.
        if sys.stdout is not stdout:
            return 0
        raise
    except Exception as error:
        # Python may replace the exception of a signal by another one.
        return _report_stop(stop) if stop.came else _report_defect(error)
    return result if isinstance(result, int) else 0


def _report_stop(stop: Stop) -> int:
    # The terminal may be closed.
    with suppress(OSError):
        click.echo("versioner: stopped; no partial change is left behind", err=True)
    return stop.exit_code


def _open_standard_streams() -> None:
    """Open the null device for each standard stream that the caller has closed (`>&-`).

    Otherwise the next opened file would get the descriptor, and with it all printed text.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def report_error(error: VersionerError) -> int:
    """Print an error, in CI also as an annotation, and return its exit code."""
    _print_message("error", error.message, error.hint)
    return error.exit_code


def report_warning(error: VersionerError | OSError, what: str) -> None:
    """Print an error as a warning; `what` says what was not done."""
    if isinstance(error, VersionerError):
        _print_message("warning", what + error.message, error.hint)
    else:
        _print_message("warning", what + _os_reason(error))


def report_unwritten(error: OSError) -> None:
    """Warn that the result of a completed operation could not be printed."""
    _silence_stdout()
    if not _is_closed_pipe(error):
        _print_message("warning", f"done, but the result could not be printed: {_os_reason(error)}")


def _print_message(level: Literal["error", "warning"], message: str, hint: str = "") -> None:
    from versioner.secret_scanning import without_secrets

    message, hint = clean_lines(without_secrets(message)), clean_lines(without_secrets(hint))
    colour = "red" if level == "error" else "yellow"
    click.echo(f"{click.style(level, fg=colour, bold=True)}: {message}", err=True)
    if hint:
        click.echo(f"{click.style('hint', bold=True)}: {hint}", err=True)
    from versioner.ci.steps import reads_annotations

    if reads_annotations(os.environ):
        from versioner.reporting.ci_annotations import github_annotation

        # On stderr, which the runner reads too, because stdout may be a JSON document.
        click.echo(github_annotation(level, message, hint), err=True)


def _report_usage(error: click.ClickException) -> None:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "versioner"
    hint = f"see `{command} -h`"
    _print_message("error", clean(_usage_message(error)), hint)


def _usage_message(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    if isinstance(error, click.NoSuchOption) and context is not None:
        near = _near_options(error.option_name, context.command)
        return f"{error.message} Did you mean {' or '.join(near)}?" if near else error.message
    option = getattr(error, "param", None)
    if context is None or option is None:
        return error.format_message()
    from versioner.cli.params import variable_of

    variable = variable_of(context, option)
    return f"{variable}: {error.format_message()}" if variable else error.format_message()


def _near_options(wrong: str, command: click.Command) -> list[str]:
    """Return the options that begin as a wrong one does, else those with a similar name."""
    word = wrong.lstrip("-")
    options = [each for each in command.params if not getattr(each, "hidden", False)]
    known = [name for each in options for name in each.opts if name.startswith("--")]
    begun = [name for name in known if len(word) > 1 and name[2:].startswith(word)]
    if begun:
        return begun[:_SUGGESTED]
    from difflib import SequenceMatcher

    return [name for name in known if SequenceMatcher(None, word, name[2:]).ratio() >= _SIMILAR][
        :_SUGGESTED
    ]


def _report_os_error(error: OSError) -> int:
    if _is_closed_pipe(error):
        # The reader needs no more output.
        _silence_stdout()
        return 0
    try:
        sys.stdout.flush()
    except OSError:
        _silence_stdout()
    _print_message("error", _os_reason(error))
    return 1


def _is_closed_pipe(error: OSError) -> bool:
    return isinstance(error, BrokenPipeError) or error.errno == errno.EPIPE


def _silence_stdout() -> None:
    """Redirect stdout to the null device, so that closing it raises no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _os_reason(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _report_defect(error: Exception) -> int:
    debugging = sys.modules.get(_DEBUGGING)
    if os.environ.get("VERSIONER_DEBUG") or (debugging is not None and debugging.is_on()):
        raise error
    what = clean(f"{type(error).__name__}: {error}")
    hint = "set VERSIONER_DEBUG=1 to see the traceback, and please report it"
    _print_message("error", f"internal error ({what})", hint)
    return 1
