"""versioner notify: send what happened to people and to other systems, each thing once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from versioner.cli import clock
from versioner.cli.params import NounGroup, examples_epilog, output_option, repo_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.git.repository import Repository
    from versioner.notify.run import NotifyContext
    from versioner.remote.notified import NotifiedState
    from versioner.remote.url import Remote

__all__ = ["notify"]

_BRANCH_HELP: Final = (
    "The branch (default: the one that registry.yaml names, else the remote's HEAD)."
)


def _branch_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--branch", metavar="NAME", default="", help=_BRANCH_HELP)(command)


class NotifyGroup(NounGroup):
    """A group that sends when no subcommand is given."""


@click.group(
    cls=NotifyGroup,
    invoke_without_command=True,
    epilog=examples_epilog(
        "versioner notify --repo https://git.example.com/team/registry.git",
        keys="commit, first_run, dry_run, sent, failed and in_doubt (arrays of {channel, id, "
        "type, title, error}), waiting and unset_variables (objects by channel).",
    ),
)
@click.option("--dry-run", is_flag=True, help="Show what would be sent; send nothing.")
@_branch_option
@output_option
@repo_option
@click.pass_context
def notify(ctx: click.Context, dry_run: bool, branch: str, output: str, repo: str | None) -> None:
    """Send what happened since the last run to the channels of `notify` in registry.yaml.

    Each notification is sent once, whoever runs this: `refs/versioner/notified` notes what was
    sent. The first run sends nothing: what has happened before counts as notified. Addresses and
    secrets are taken from the environment variables that the channels name. Exit code 1 if
    something failed, is in doubt or waits.
    """
    if ctx.invoked_subcommand is not None:
        if dry_run:
            raise click.UsageError("--dry-run is an option of `versioner notify` alone")
        ctx.obj = {"repo": repo, "branch": branch}
        return
    _run(repo, branch, output, dry_run=dry_run)


def _run(
    repo: str | None,
    branch: str,
    output: str,
    *,
    dry_run: bool = False,
    asked: Callable[..., NotifiedState] | None = None,
) -> None:
    from versioner.cli.output import show
    from versioner.notify.run import notify as send
    from versioner.reporting.notifications import notified_json, notified_text

    result = send(_target(repo), _context(), branch=branch, dry_run=dry_run, asked=asked)
    show(notified_json(result) if output == "json" else notified_text(result))
    if not result.is_done:
        click.get_current_context().exit(1)


def _target(repo: str | None) -> Repository | Remote:
    from versioner.cli.remotes import find_remote_or_repository

    return find_remote_or_repository(_given("repo", repo))


def _given(name: str, value: Any) -> Any:
    """Return an option of the subcommand, else the one before it."""
    whole = click.get_current_context().obj or {}
    return value or whole.get(name) or value


def _context() -> NotifyContext:
    from versioner.notify.run import NotifyContext
    from versioner.notify.sender_process import this_sender

    return NotifyContext(os.environ, clock.now, this_sender(clock.entropy))


@notify.command(
    "test",
    short_help="Send a test to a channel.",
    epilog=examples_epilog("versioner notify test ops"),
)
@click.argument("channel")
@_branch_option
@repo_option
def test(channel: str, branch: str, repo: str | None) -> None:
    """Send a test to a channel: a deployment of a product that does not exist.

    Exit code 1 if the receiver does not take it.
    """
    from versioner.cli.output import show
    from versioner.notify.trial import send_test

    sent = send_test(_target(repo), _context(), channel, branch=_given("branch", branch))
    show(f"Sent a test to {sent.name} ({sent.to}).")


@notify.command(
    "list",
    short_help="List the channels, what waits, and what failed.",
    epilog=examples_epilog(
        "versioner notify list --output json",
        keys="commit, at, channels (array of {name, to, unset_variables}), waiting (array of "
        "{channel, id, type, title}), sending, failed (array of {channel, id, type, title, "
        "error, at, in_doubt}).",
    ),
)
@_branch_option
@output_option
@repo_option
def list_(branch: str, output: str, repo: str | None) -> None:
    """List the channels, the notifications that wait, and those that failed or are in doubt."""
    from versioner.cli.output import show
    from versioner.notify.dead_letters import list_notifications
    from versioner.reporting.notifications import notifications_json, notifications_text

    found = list_notifications(_target(repo), _context(), branch=_given("branch", branch))
    show(notifications_json(found) if output == "json" else notifications_text(found))


@notify.command(
    short_help="Print or send the digest of a week.",
    epilog=examples_epilog("versioner notify digest --team identity --since 7d"),
)
@click.option("--team", metavar="NAME", default="", help="The products of one team.")
@click.option(
    "--since",
    metavar="TIME",
    default="",
    help="From when on until now (7d, 2026-11-01); default: the last whole week, from Monday on.",
)
@click.option("--send", is_flag=True, help="Send it to the channels that list digest, once a week.")
@click.option(
    "--output",
    "-o",
    type=click.Choice(["text", "html"]),
    default="text",
    show_default=True,
    help="Text, or HTML for a mail.",
)
@_branch_option
@repo_option
def digest(team: str, since: str, send: bool, output: str, branch: str, repo: str | None) -> None:
    """Print the digest of a week: what was deployed, what failed, and what is open.

    `versioner notify` itself sends the digest of the last week with its first run after Monday
    06:00 UTC, to the channels whose events name it.
    """
    branch = _given("branch", branch)
    if send:
        if since:
            raise click.UsageError("--send sends the last whole week: it takes no --since")
        _send_digest(repo, branch, team)
        return
    from versioner.cli.output import show
    from versioner.cli.params import read_for
    from versioner.notify.digests.digest import digest_of, last_week
    from versioner.notify.digests.words import digest_html, digest_text
    from versioner.notify.news import TipReader
    from versioner.notify.place import open_place
    from versioner.query.times.text import parse_moment

    now = clock.now()
    span = last_week(now)
    if since:
        with read_for("--since"):
            span = parse_moment(since, now, field="since"), now
    with open_place(_target(repo), branch) as place:
        found = digest_of(TipReader(place).whole(), team, *span)
    show(digest_html(found) if output == "html" else digest_text(found))


def _send_digest(repo: str | None, branch: str, team: str) -> None:
    from versioner.notify.digests.queue import digests_asked_for

    _run(repo, branch, "text", asked=digests_asked_for(clock.now(), team))


@notify.command(
    short_help="Send again what failed.",
    epilog=examples_epilog("versioner notify retry 01a2059fc78c"),
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--channel", metavar="NAME", default="", help="Only those to this channel.")
@_branch_option
@output_option
@repo_option
def retry(ids: tuple[str, ...], channel: str, branch: str, output: str, repo: str | None) -> None:
    """Send failed notifications again: those that are named, or all.

    One that is in doubt may have arrived, so it is sent again only where it is named. ID is an id
    that `notify list` shows, or its first characters.
    """
    from versioner.notify.dead_letters import retry_of

    change = retry_of(ids, channel, clock.now())
    _run(repo, _given("branch", branch), output, asked=change)


@notify.command(
    short_help="Remove notifications that failed.",
    epilog=examples_epilog("versioner notify discard 01a2059fc78c"),
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Remove all of them.")
@click.option("--channel", metavar="NAME", default="", help="Only those to this channel.")
@_branch_option
@repo_option
def discard(ids: tuple[str, ...], every: bool, channel: str, branch: str, repo: str | None) -> None:
    """Remove notifications that failed or are in doubt, so that they are never sent."""
    if bool(ids) == every:
        raise click.UsageError("name notifications by their ids, or give --all")
    from versioner.cli.output import show
    from versioner.notify.dead_letters import discard as remove
    from versioner.reporting.text import count

    branch = _given("branch", branch)
    number = remove(_target(repo), _context(), ids, channel=channel, branch=branch)
    show(f"{count(number, 'notification')} removed")
