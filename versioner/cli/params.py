"""Options that many commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["output_option", "repo_option", "rev_option"]

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def repo_option(command: _Command) -> _Command:
    """Add --repo."""
    return click.option(
        "--repo",
        metavar="PATH|URL",
        envvar="VERSIONER_REPO",
        default=None,
        help="The registry: a clone, a bare repository, or its URL (default: found from here).",
    )(command)


def output_option(command: _Command) -> _Command:
    """Add --output."""
    return click.option(
        "--output",
        "-o",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How to print it; the JSON keys are stable.",
    )(command)


def rev_option(command: _Command) -> _Command:
    """Add --rev."""
    return click.option(
        "--rev",
        metavar="REV",
        default=None,
        help="Look at this git revision (default: the files as they are now).",
    )(command)
