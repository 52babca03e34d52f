"""versioner mcp: answer the questions of agents over stdio."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from versioner.cli.params import examples_epilog, repo_option
from versioner.errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.mcp.source import RegistrySource
    from versioner.remote.url import Remote

__all__ = ["mcp"]

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")
_GRACE_SECONDS: Final = 10.0


@click.command(
    short_help="Answer the questions of agents (MCP).",
    epilog=examples_epilog(
        "versioner mcp --repo /srv/registry",
        "versioner mcp --repo https://git.example.com/team/registry.git --read-only",
    ),
)
@click.option("--read-only", is_flag=True, help="Offer no tool that writes: no drafts of requests.")
@repo_option
def mcp(read_only: bool, repo: str | None) -> None:
    """Serve the Model Context Protocol on stdin and stdout, for an agent that starts this command.

    Its tools answer what runs where, what changed, who deployed it and whether a version may ship,
    and draft deployment requests. None approves, opens or deploys anything.
    """
    try:
        from versioner.mcp.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "pydantic"):
            raise
        raise UsageFault(
            "this command needs the SDK of the Model Context Protocol",
            hint="pip install 'versioner[mcp]'",
        ) from None
    from versioner.cli import clock
    from versioner.cli.after_commit import after_commit
    from versioner.mcp.source import RegistrySource

    source = RegistrySource(_place(repo), clock=clock.now, after_commit=after_commit)
    with _ended_by_signals(source):
        serve(source, read_only=read_only)


@contextmanager
def _ended_by_signals(source: RegistrySource) -> Iterator[None]:
    """End the process at a signal in the block, when the call under way is done.

    A thread waits for stdin: an exception in the main thread would wait for it in vain.
    """

    def end(number: int, _frame: object) -> None:
        source.close(_GRACE_SECONDS)
        os._exit(128 + number)

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    handled = [each for each in numbers if before[each] is not signal.SIG_IGN]
    try:
        for number in handled:
            signal.signal(number, end)
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


def _place(repo: str | None) -> Path | Remote:
    """Return the folder or the remote that --repo names; raise UsageFault for no registry."""
    from versioner.cli.registry import find_registry, take_registry_snapshot
    from versioner.cli.remotes import remote_at

    remote = remote_at(repo)
    if remote is not None:
        return remote
    take_registry_snapshot(find_registry(repo))
    return Path(repo).absolute() if repo else Path.cwd()
