"""The one place where an error becomes a message and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import click

from versioner.errors import VersionerError
from versioner.reporter.terminal import clean, clean_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["report_error", "run"]

_INTERRUPTED = 130


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; no exception comes out."""
    from versioner.cli.main import cli

    try:
        result = cli.main(
            list(arguments) if arguments is not None else None,
            prog_name="versioner",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except VersionerError as error:
        return report_error(error)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        _report_usage(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("versioner: stopped; nothing half written is left behind", err=True)
        return _INTERRUPTED
    except OSError as error:
        return _report_os_error(error)
    except Exception as error:
        return _report_defect(error)
    return result if isinstance(result, int) else 0


def report_error(error: VersionerError) -> int:
    """Print an error, in a form the CI system at hand shows, and return its exit code."""
    message = clean_lines(error.message)
    click.echo(f"{click.style('error', fg='red', bold=True)}: {message}", err=True)
    if error.hint:
        click.echo(f"{click.style('hint', bold=True)}: {clean_lines(error.hint)}", err=True)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from versioner.reporter.annotations import github_annotation

        click.echo(github_annotation("error", error.message, error.hint))
    return error.exit_code


def _report_usage(error: click.ClickException) -> None:
    context = getattr(error, "ctx", None)
    click.echo(
        f"{click.style('error', fg='red', bold=True)}: {clean(error.format_message())}", err=True
    )
    if context is not None:
        click.echo(f"{click.style('hint', bold=True)}: see `{context.command_path} -h`", err=True)


def _report_os_error(error: OSError) -> int:
    if isinstance(error, BrokenPipeError) or error.errno == errno.EPIPE:
        # The reader has seen enough; point stdout elsewhere so that closing it is quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    where = f"{error.filename}: " if error.filename else ""
    click.echo(f"error: {clean(f'{where}{error.strerror or error}')}", err=True)
    return 1


def _report_defect(error: Exception) -> int:
    if os.environ.get("VERSIONER_DEBUG"):
        raise error
    what = clean(f"{type(error).__name__}: {error}")
    click.echo(f"error: versioner itself failed ({what})", err=True)
    click.echo("hint: VERSIONER_DEBUG=1 shows where; please report it", err=True)
    return 1
