"""versioner spool: what waits on this machine for a forge that could not be reached."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from versioner.cli import clock
from versioner.cli.errors import report_error
from versioner.cli.params import NounGroup, examples_epilog, output_option
from versioner.errors import InvalidInput, OperationFailed, VersionerError
from versioner.remote.url import TOKEN, address_of
from versioner.reporting.spool import Sent
from versioner.spool.batch import FOR_ALL, REFUSED, Outcome, drain, queued, settle
from versioner.spool.store import MARK, Spool, parse_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from versioner.spool.codec import SpoolEntry

__all__ = ["spool", "token_for"]

_KEPT: Final = 6
_STALE_SECONDS: Final = 3600
_INPUT_LIMIT: Final = 64 << 20


@click.group(cls=NounGroup, epilog=examples_epilog("versioner spool list", "versioner spool send"))
def spool() -> None:
    """Look at, and send, the events that reached no forge.

    They are in VERSIONER_SPOOL, else $XDG_STATE_HOME/versioner/spool, else
    ~/.local/state/versioner/spool, else in the temporary folder. The next `track` on this
    machine for the same registry sends them too.
    """


@spool.command(
    "list",
    short_help="List the events that wait here.",
    epilog=examples_epilog(
        "versioner spool list",
        keys="folder, waiting, queued and refused (arrays of {key, kept_at, reason, repo, branch, "
        "via, kind, product, event, line}), unreadable: [{path, why}].",
    ),
)
@output_option
def list_(output: str) -> None:
    """List the events that wait on this machine, oldest first."""
    from versioner.cli.output import show, terminal_layout
    from versioner.reporting.spool import held_json, held_text

    folder = _folder()
    held, left = Spool(folder).held(), queued(folder)
    if output == "json":
        show(held_json(held, left, folder))
    else:
        show(held_text(terminal_layout(), held, left, folder))


@spool.command(
    short_help="Send the events that wait, or lines that a failed job printed.",
    epilog=examples_epilog(
        "versioner spool send",
        "versioner spool send - --repo https://forge.example.com/acme/registry.git < job.log",
        keys="an array of {key, kind, product, event, repo, outcome (recorded, already_recorded, "
        "received, failed), details}.",
    ),
)
@click.argument("source", type=click.Choice(["-"]), required=False, metavar="[-]")
@click.option(
    "--repo",
    metavar="URL",
    default=None,
    help="With -: the registry to send to (or VERSIONER_REPO). Else: send what waits for this one.",
)
@output_option
@click.pass_context
def send(ctx: click.Context, source: str | None, repo: str | None, output: str) -> None:
    """Send what waits on this machine; with `-`, the lines of a job's log on standard input.

    A log may hold lines that anybody wrote: they go to the registry you name, never to the one
    that they name. A line that was cut or changed is told, and keeps back none of the others.
    """
    from versioner.cli.output import show
    from versioner.reporting.spool import sent_json, sent_text

    sent, broken = _send_lines(repo) if source else (_send_kept(repo), [])
    show(sent_json(sent) if output == "json" else sent_text(sent))
    codes = [report_error(error) for error in broken]
    ctx.exit(max([_exit_code(sent, kept=source is None), *codes]))


@spool.command(
    short_help="Remove events from this machine for good.",
    epilog=examples_epilog("versioner spool discard 019ab3c07f2e51d8 --yes"),
)
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def discard(keys: tuple[str, ...], yes: bool) -> None:
    """Remove events that wait here, or were refused, for good.

    A KEY is as `spool list` shows it, or its beginning. Their lines are printed once more: with
    them, `versioner spool send -` sends what was discarded by mistake.
    """
    from versioner.cli.output import show
    from versioner.reporting.spool import discarded_text

    kept = Spool(_folder())
    chosen = kept.held().named(keys)
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on: add --yes if you want this")
    if not yes and not click.confirm(f"Discard {', '.join(each.key for each in chosen)} for good?"):
        raise click.UsageError("nothing was discarded")
    # First of all, so that what could not be printed is still there.
    show(discarded_text(chosen))
    for each in chosen:
        kept.discard(each)


def _folder() -> Path:
    from versioner.cli.spool_dir import spool_folder

    folder = spool_folder(os.environ)
    if folder is None:
        raise OperationFailed(
            "there is no folder on this machine to keep events in",
            hint="name one of your own with VERSIONER_SPOOL",
        )
    return folder


def _exit_code(sent: Sequence[Sent], *, kept: bool) -> int:
    codes = [each.outcome.details.get("code") for each in sent if each.outcome.kind == "failed"]
    refused = [code for code in codes if code in REFUSED]
    if refused:
        return int(max(refused))
    return 0 if not codes else _KEPT if kept else 1


def _send_lines(repo: str | None) -> tuple[list[Sent], list[InvalidInput]]:
    url = repo or os.environ.get("VERSIONER_REPO", "")
    if not url:
        raise click.UsageError("where to is not said: add --repo URL")
    token = os.environ.get(TOKEN, "")
    address_of(url, token)
    entries, broken = _read_lines()
    return [
        Sent(entry, _public(entry, url), outcome)
        for entry, outcome in zip(entries, _deliver(token, url, entries), strict=True)
    ], broken


def _public(entry: SpoolEntry, url: str) -> str:
    """Return an address as it may be shown: one with a login is the user's own to know."""
    try:
        return address_of(url).url
    except VersionerError:
        return entry.repo


def _read_lines() -> tuple[list[SpoolEntry], list[InvalidInput]]:
    """Read the lines of events among those of a log, and say what is wrong with which of them.

    Raises InvalidInput where there is none, or none that is whole.
    """
    data = sys.stdin.buffer.read(_INPUT_LIMIT + 1)
    if len(data) > _INPUT_LIMIT:
        raise InvalidInput("the input is larger than 64 MiB", hint="give the lines of events only")
    lines = data.decode("utf-8", "replace").split("\n")
    found, broken = {}, []
    for number, text in enumerate(lines, 1):
        if f"{MARK}{{" not in text and not text.lstrip().startswith("{"):
            continue
        try:
            entry = parse_line(text)
        except InvalidInput as error:
            broken.append(InvalidInput(f"line {number}: {error.message}", hint=error.hint))
        else:
            found[entry.key] = entry
    if not found:
        raise next(iter(broken), _no_event())
    return list(found.values()), broken


def _no_event() -> InvalidInput:
    return InvalidInput(
        "the input holds no event", hint=f"give the lines that begin with `{MARK.strip()}`"
    )


def _send_kept(repo: str | None) -> list[Sent]:
    folder = _folder()
    kept = Spool(folder)
    kept.sweep(clock.entropy()[0] / 1000 - _STALE_SECONDS)
    waiting, left = (_by_registry(each) for each in (kept.entries(), queued(folder)))
    urls = {*waiting, *left}
    sent = []
    for url in sorted(urls if repo is None else urls & {repo}):
        token, entries = token_for(url, repo, urls), waiting.get(url, [])
        for entry, outcome in zip(entries, _deliver(token, url, entries), strict=True):
            settle(kept, entry, outcome)
            sent.append(Sent(entry, url, outcome))
        if url in left:
            # Processes left it that were killed; where one is at work, it sees to it.
            done = drain(folder, url, partial(_deliver, token, url))
            sent += [Sent(entry, url, outcome) for entry, outcome in done]
    return sent


def _by_registry(entries: Iterable[SpoolEntry]) -> dict[str, list[SpoolEntry]]:
    found: dict[str, list[SpoolEntry]] = {}
    for entry in entries:
        found.setdefault(entry.repo, []).append(entry)
    return found


def _deliver(token: str, url: str, entries: list[SpoolEntry]) -> list[Outcome]:
    """Send to one registry; what kept all of them from it is the outcome of each."""
    from versioner.spool.send import send_entries

    if not entries:
        return []
    try:
        remote = address_of(url, token)
        return list(send_entries(remote, entries, now=clock.now(), entropy=clock.entropy))
    except (VersionerError, OSError) as error:
        return [_failed(error)] * len(entries)


def token_for(url: str, repo: str | None, urls: Iterable[str]) -> str:
    """Return VERSIONER_TOKEN where it is known to be for this registry's host.

    That is the host of the registry that is named, or the only one that anything waits for.
    """
    named = repo or os.environ.get("VERSIONER_REPO")
    hosts = {_host(each) for each in ([named] if named else urls)}
    return os.environ.get(TOKEN, "") if hosts == {_host(url)} else ""


def _host(url: str) -> str:
    try:
        return address_of(url).host
    except VersionerError:
        return ""


def _failed(error: VersionerError | OSError) -> Outcome:
    if isinstance(error, VersionerError):
        said = {"message": error.message, "hint": error.hint, "code": error.exit_code}
    else:
        said = {"message": error.strerror or str(error), "hint": "", "code": 1}
    return Outcome("failed", {**said, FOR_ALL: True})
