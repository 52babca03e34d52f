"""The options of all commands: one short form has one meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioner.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT = {"--product": "-p", "--environment": "-e", "--output": "-o", "--yes": "-y"}


def commands_of(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from commands_of(inner, f"{path} {name}")


def options() -> Iterator[tuple[str, click.Option]]:
    for path, command in commands_of(cli, "versioner"):
        for option in command.params:
            if isinstance(option, click.Option):
                yield path, option


def test_a_product_and_an_environment_have_their_short_option_everywhere():
    found = [(path, option) for path, option in options() if {*option.opts} & {*SHORT}]
    assert len(found) > 20
    for path, option in found:
        long = next(name for name in option.opts if name in SHORT)
        assert SHORT[long] in option.opts, (path, long)


def test_a_short_option_has_one_meaning_in_all_commands():
    meanings: dict[str, set[str]] = {}
    for _, option in options():
        long = next(name for name in option.opts if name.startswith("--"))
        for short in option.opts:
            if not short.startswith("--"):
                meanings.setdefault(short, set()).add(long)
    assert {short: names for short, names in meanings.items() if len(names) > 1} == {}


def test_no_command_has_two_options_of_one_name():
    for path, command in commands_of(cli, "versioner"):
        names = [name for each in command.params for name in (*each.opts, *each.secondary_opts)]
        assert len(names) == len(set(names)), path
