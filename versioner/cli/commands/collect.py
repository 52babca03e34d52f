"""versioner collect: record the events in the inbox on the branch."""

from __future__ import annotations

import click

from versioner.cli import clock
from versioner.cli.params import examples_epilog, output_option, repo_option

__all__ = ["collect"]


@click.command(
    epilog=examples_epilog(
        "versioner collect --repo https://git.example.com/team/registry.git",
        keys="branch, commits, recorded and already (arrays of {kind, product, event}), refused "
        "(array of {ref, kind, product, event, message, hint}), left.",
    ),
)
@click.option(
    "--branch",
    metavar="NAME",
    default="",
    help="The branch (default: the one that registry.yaml names, else the remote's HEAD).",
)
@output_option
@repo_option
def collect(branch: str, output: str, repo: str | None) -> None:
    """Record the events in a remote's inbox on its branch, in one commit.

    An event that cannot be recorded is refused with a reason, and does not block the others:
    `versioner inbox` lists, releases and discards refused events.
    """
    from versioner.cli.output import show
    from versioner.cli.remotes import find_remote
    from versioner.delivery.collect import collect as fold
    from versioner.reporting.inbox import collected_json, collected_text

    collected = fold(find_remote(repo), branch, now=clock.now(), entropy=clock.entropy)
    show(collected_json(collected) if output == "json" else collected_text(collected))
