"""versioner request: what is deployed together, who approved it, and how far it is."""

from __future__ import annotations

import click

from versioner.cli.commands.gate import request_decide, request_edit, request_show
from versioner.cli.params import NounGroup, examples_epilog

__all__ = ["request"]


@click.group(
    cls=NounGroup,
    epilog=examples_epilog(
        "versioner request create december --from staging --to production --open",
        "versioner request show december",
    ),
)
def request() -> None:
    """Create, list, show, open, approve, reject, tick or cancel deployment requests."""


for command in (
    request_show.list_,
    request_show.show_,
    request_edit.create,
    request_edit.open_,
    request_edit.add,
    request_edit.cancel,
    request_decide.approve,
    request_decide.reject,
    request_decide.step,
):
    request.add_command(command)
