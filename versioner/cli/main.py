"""The root command, and the table of commands; a command is imported only when it runs."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from versioner import IS_RECORDER, __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["COMMANDS", "cli"]


class Listed(NamedTuple):
    """A command as `--help` lists it; `target` is `module:attribute` below `versioner.cli`."""

    target: str
    summary: str


COMMANDS: Final[dict[str, dict[str, Listed]]] = {
    "Record": {
        "track": Listed("track:track", "Record a build or a deployment."),
        "collect": Listed("collect:collect", "Record the events in the inbox on the branch."),
        "inbox": Listed("inbox:inbox", "List, release or discard events in the inbox."),
        "import": Listed(
            "imports:import_", "Import deployments from tables, JSON and other systems."
        ),
        "observe": Listed("observe:observe", "Record what was seen to run."),
        "spool": Listed("spool:spool", "List, send or discard events kept on this machine."),
    },
    "Query": {
        "today": Listed("query.today:today", "Show in sentences what happened today."),
        "status": Listed("query.status:status", "Show which version runs in each environment."),
        "diff": Listed("query.diff:diff", "Compare two environments, or two points in time."),
        "lag": Listed("query.lag:lag", "Show which versions are stuck before production, and why."),
        "incident": Listed(
            "query.incident:incident", "Show everything that changed in the hours before a moment."
        ),
        "deployment": Listed(
            "query.deployment:deployment", "List, show, void or redact deployments."
        ),
        "metrics": Listed("query.metrics:metrics", "Show how often deployments happen and fail."),
        "where": Listed("query.where:where", "Show which environments have a commit."),
        "version": Listed("query.version:version", "List and show the versions of a product."),
    },
    "Decide": {
        "check": Listed("gate.check:check", "Ask whether a version may ship."),
        "rule": Listed("gate.rule:rule", "List, show, create, edit and replay rules."),
        "freeze": Listed("gate.freeze:freeze", "Close an environment for a time."),
        "thaw": Listed("gate.freeze:thaw", "End a freeze."),
        "approve": Listed("gate.approve:approve", "Approve a version."),
        "reject": Listed("gate.approve:reject", "Reject a version."),
        "revoke": Listed("gate.approve:revoke", "Take back an approval or a rejection."),
        "block": Listed("gate.approve:block", "Block a version everywhere."),
        "unblock": Listed("gate.approve:unblock", "End the block of a version."),
        "request": Listed(
            "gate.request:request", "Create, show, open, approve or cancel deployment requests."
        ),
        "review": Listed("gate.approve:review", "Record that overrides of rules were reviewed."),
    },
    "Edit": {
        "product": Listed(
            "product:product", "List, show, create, edit, rename, merge or delete products."
        ),
        "environment": Listed(
            "environment:environment", "List, show, create, edit, rename or merge environments."
        ),
    },
    "Publish": {
        "site": Listed("site:site", "Build, check or serve the site."),
        "notify": Listed("notify:notify", "Send what happened to people and other systems."),
        "recorder": Listed("recorder:recorder", "Write the recorder, one file for CI jobs."),
        "export": Listed("export:export", "Export to Parquet, CSV, JSON Lines or SQLite."),
    },
    "Serve": {
        "serve": Listed("serving.serve:serve", "Serve the API and the site."),
        "mcp": Listed("serving.mcp:mcp", "Answer the questions of agents (MCP)."),
        "token": Listed("serving.token:token", "Make, list or revoke the tokens of a server."),
    },
    "Maintain": {
        "init": Listed("init:init", "Create a new registry."),
        "validate": Listed("validate:validate", "Check the registry, or the effect of a change."),
        "format": Listed("format:format_", "Rewrite files in their canonical form."),
        "archive": Listed("archive:archive", "Move closed months into one log a year."),
        "index": Listed("index:index", "Make the index that all questions are answered from."),
        "doctor": Listed("doctor:doctor", "Check the registry and its remote for problems."),
        "hooks": Listed("hooks:hooks", "Install git hooks in this clone."),
        "completion": Listed("completion:completion", "Print the completion script of a shell."),
    },
}


# Names that other tools have for a command.
_OTHER_NAMES: Final = {"can-i-deploy": "check"}


def _listed() -> Iterator[tuple[str, Listed]]:
    for commands in _sections().values():
        yield from commands.items()


@cache
def _sections() -> dict[str, dict[str, Listed]]:
    """Return the commands by section, in the recorder those that it contains."""
    if not IS_RECORDER:
        return COMMANDS
    from versioner.resources import RECORDER_COMMANDS

    sections = {
        section: {name: each for name, each in commands.items() if name in RECORDER_COMMANDS}
        for section, commands in COMMANDS.items()
    }
    return {section: commands for section, commands in sections.items() if commands}


class SectionedGroup(click.Group):
    """A group that lists commands by section, and imports only the command that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return [name for name, _ in _listed()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None if there is no such command."""
        listed = dict(_listed()).get(_OTHER_NAMES.get(cmd_name, cmd_name))
        if listed is None:
            return None
        from versioner.cli.params import CommandContext

        module, _, attribute = listed.target.partition(":")
        command: click.Command = getattr(
            importlib.import_module(f"versioner.cli.commands.{module}"), attribute
        )
        command.context_class = CommandContext
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command; for an unknown name, fail with similar names."""
        known = {*dict(_listed()), *_OTHER_NAMES}
        if args and args[0] not in known and not args[0].startswith("-"):
            from versioner.names import nearest

            if any(args[0] in commands for commands in COMMANDS.values()):
                ctx.fail(
                    f'versioner.pyz has no command "{args[0]}", only {", ".join(sorted(known))}. '
                    "The tool that pip installs has them all."
                )
            near = nearest(args[0], self.list_commands(ctx))
            meant = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f'No such command "{args[0]}".{meant}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands section by section."""
        for section, commands in _sections().items():
            with formatter.section(section):
                formatter.write_dl([(name, listed.summary) for name, listed in commands.items()])


def _print_version(ctx: click.Context, _parameter: Any, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"versioner {__version__}{' (versioner.pyz)' if IS_RECORDER else ''}")
        ctx.exit()


@click.group(
    cls=SectionedGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: versioner track deployment --product user-service --environment production "
    "--version 1.4.0",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version of this tool.",
)
def cli() -> None:
    """Record which version of each product runs where, in a git repository."""
