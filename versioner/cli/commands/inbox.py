"""versioner inbox: list, release and discard the events in the inbox."""

from __future__ import annotations

import sys

import click

from versioner.cli.params import NounGroup, examples_epilog, list_output_option, repo_option

__all__ = ["inbox"]


@click.group(cls=NounGroup, epilog=examples_epilog("versioner inbox list"))
def inbox() -> None:
    """List, release or discard the events in the inbox of a remote."""


@inbox.command(
    "list",
    short_help="List the waiting and the refused events.",
    epilog=examples_epilog(
        "versioner inbox list --repo https://git.example.com/team/registry.git",
        keys="waiting and refused (arrays of {ref, key, at, kind, product, event}; refused ones "
        "have message and hint too), more_waiting, more_refused.",
    ),
)
@list_output_option
@repo_option
def list_(output: str, repo: str | None) -> None:
    """List the events that wait for `collect`, and the refused events with the reason."""
    from versioner.cli.output import show_list
    from versioner.cli.remotes import find_remote
    from versioner.delivery.inbox_admin import list_inbox
    from versioner.reporting.inbox import inbox_json, inbox_listing, inbox_text

    found = list_inbox(find_remote(repo))
    show_list(
        output,
        text=lambda _layout: inbox_text(found),
        json=lambda: inbox_json(found),
        listing=lambda: inbox_listing(found),
    )


@inbox.command(
    short_help="Return refused events to the inbox.",
    epilog=examples_epilog("versioner inbox release 01a2059fc78c"),
)
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@repo_option
def release(keys: tuple[str, ...], repo: str | None) -> None:
    """Return refused events to the inbox; the next `collect` tries to record them again.

    KEY is a key that `inbox list` shows, or its first characters.
    """
    from versioner.cli.output import show
    from versioner.cli.remotes import find_remote
    from versioner.delivery.inbox_admin import release as put_back
    from versioner.reporting.inbox import handled_text

    show(handled_text(put_back(find_remote(repo), keys), "released"))


@inbox.command(
    short_help="Remove events from the inbox permanently.",
    epilog=examples_epilog("versioner inbox discard 01a2059fc78c --yes"),
)
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@repo_option
def discard(keys: tuple[str, ...], yes: bool, repo: str | None) -> None:
    """Remove waiting or refused events permanently, and print their content.

    KEY is a key that `inbox list` shows, or its first characters.
    """
    from versioner.cli.output import show
    from versioner.cli.remotes import find_remote
    from versioner.delivery.inbox_admin import discard as remove
    from versioner.reporting.inbox import handled_text

    remote = find_remote(repo)
    if not yes and not sys.stdin.isatty():
        raise click.UsageError(
            "there is no terminal to ask for confirmation: add --yes to discard them"
        )
    if not yes and not click.confirm(f"Discard {', '.join(keys)} permanently?"):
        raise click.UsageError("nothing was discarded")
    show(handled_text(remove(remote, keys), "discarded"))
