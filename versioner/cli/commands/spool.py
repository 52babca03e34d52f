"""versioner spool: list, send and discard the events that could not be sent."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import click

from versioner.cli import clock
from versioner.cli.errors import report_error
from versioner.cli.params import NounGroup, examples_epilog, list_output_option, output_option
from versioner.errors import InvalidInput, OperationFailed
from versioner.remote.url import TOKEN
from versioner.spool.batch import queued
from versioner.spool.store import Spool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from versioner.spool.send import Sent

__all__ = ["named_registry", "spool"]

_STILL_SPOOLED: Final = 6
_INPUT_LIMIT: Final = 64 << 20


def _dash(_context: click.Context, _argument: click.Parameter, source: str | None) -> str | None:
    """Return the source, which may only be `-`."""
    if source not in (None, "-"):
        raise click.UsageError(
            f'"{source}" is not -: write `versioner spool send` for all events that wait here, or '
            "`versioner spool send -` to read a job's log from standard input"
        )
    return source


@click.group(cls=NounGroup, epilog=examples_epilog("versioner spool list", "versioner spool send"))
def spool() -> None:
    """List, send or discard the events on this machine that could not be sent.

    The events are in the folder that VERSIONER_SPOOL names, else in
    $XDG_STATE_HOME/versioner/spool, else in ~/.local/state/versioner/spool, else in the
    temporary folder. The next `track` on this
    machine for the same registry also sends them.
    """


@spool.command(
    "list",
    short_help="List the events that wait on this machine.",
    epilog=examples_epilog(
        "versioner spool list",
        keys="folder, waiting, queued and refused (arrays of {key, kept_at, reason, repo, branch, "
        "via, kind, product, event, line}), unreadable: [{path, why}].",
    ),
)
@list_output_option
def list_(output: str) -> None:
    """List the events that wait on this machine, oldest first."""
    from versioner.cli.output import show_list
    from versioner.reporting.spool import spool_json, spool_listing, spool_text

    folder = _folder()
    contents, left = Spool(folder).contents(), queued(folder)
    show_list(
        output,
        text=lambda layout: spool_text(layout, contents, left, folder),
        json=lambda: spool_json(contents, left, folder),
        listing=lambda: spool_listing(contents, left),
    )


@spool.command(
    short_help="Send the waiting events, or the lines that a failed job printed.",
    epilog=examples_epilog(
        "versioner spool send",
        "versioner spool send - --repo https://forge.example.com/acme/registry.git < job.log",
        keys="an array of {key, kind, product, event, repo, outcome (recorded, already_recorded, "
        "received, failed), details}.",
    ),
)
@click.argument("source", required=False, metavar="[-]", callback=_dash)
@click.option(
    "--repo",
    metavar="URL",
    default=None,
    help="With -: the registry to send to (or VERSIONER_REPO). Else: send only its events.",
)
@output_option
@click.pass_context
def send(ctx: click.Context, source: str | None, repo: str | None, output: str) -> None:
    """Send the events on this machine; with `-`, the lines of a job's log on standard input.

    Anybody may have written the lines of a log, so they are sent to the registry that you give,
    not to the one in the line. A line that was cut or changed is reported; the others are sent.
    """
    from versioner.cli.output import show
    from versioner.reporting.spool import sent_json, sent_text
    from versioner.spool.send import send_lines, send_spooled

    named, token = named_registry(repo), os.environ.get(TOKEN, "")
    now, entropy = clock.now(), clock.entropy
    broken: list[InvalidInput] = []
    if source is None:
        folder = _folder()
        sent = send_spooled(folder, repo, token=token, named=named, now=now, entropy=entropy)
    elif named:
        text = _read_input()
        sent, broken = send_lines(text, named, token=token, now=now, entropy=entropy)
    else:
        raise click.UsageError("there is no registry to send to: add --repo URL")
    show(sent_json(sent) if output == "json" else sent_text(sent))
    codes = [report_error(error) for error in broken]
    ctx.exit(max([_exit_code(sent, is_spooled=source is None), *codes]))


@spool.command(
    short_help="Remove events from this machine permanently.",
    epilog=examples_epilog("versioner spool discard 019ab3c07f2e51d8 --yes"),
)
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
def discard(keys: tuple[str, ...], yes: bool) -> None:
    """Remove waiting or refused events permanently, and print their lines.

    KEY is a key that `spool list` shows, or its first characters. If you discard an event by
    mistake, `versioner spool send -` can still send its line.
    """
    from versioner.cli.output import show
    from versioner.reporting.spool import discarded_text

    kept = Spool(_folder())
    chosen = kept.contents().named(keys)
    if not yes and not sys.stdin.isatty():
        raise click.UsageError(
            "there is no terminal to ask for confirmation: add --yes to discard them"
        )
    if not yes and not click.confirm(
        f"Discard {', '.join(each.key for each in chosen)} permanently?"
    ):
        raise click.UsageError("nothing was discarded")
    # First of all, so that what could not be printed is still there.
    show(discarded_text(chosen))
    for each in chosen:
        kept.discard(each)


def named_registry(repo: str | None) -> str:
    """Return the URL of the registry that --repo or VERSIONER_REPO names, or ""."""
    return repo or os.environ.get("VERSIONER_REPO", "")


def _folder() -> Path:
    from versioner.cli.spool_dir import spool_folder

    folder = spool_folder(os.environ)
    if folder is None:
        raise OperationFailed(
            "this machine has no folder for events that could not be sent",
            hint="set VERSIONER_SPOOL to a folder of your own",
        )
    return folder


def _exit_code(sent: Sequence[Sent], *, is_spooled: bool) -> int:
    failed = [each.outcome for each in sent if each.outcome.is_failed]
    refused = [each.exit_code for each in failed if each.is_refused]
    if refused:
        return max(refused)
    return 0 if not failed else _STILL_SPOOLED if is_spooled else 1


def _read_input() -> str:
    data = sys.stdin.buffer.read(_INPUT_LIMIT + 1)
    if len(data) > _INPUT_LIMIT:
        raise InvalidInput(
            "the input is larger than 64 MiB", hint="give only the lines of the events"
        )
    return data.decode("utf-8", "replace")
