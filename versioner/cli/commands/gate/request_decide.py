"""versioner request approve, reject and step: decisions about a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from versioner.cli.commands.completion import approval_types, request_names
from versioner.cli.decisions import (
    DECISION_KEYS,
    decision_options,
    draft_fields,
    find_place,
    read_options,
    record_and_report,
)
from versioner.cli.params import examples_epilog

if TYPE_CHECKING:
    from versioner.cli.decisions import DecisionOptions, Place

__all__ = ["approve", "reject", "step"]

_VARIABLES: Final = {"auto_envvar_prefix": "VERSIONER"}
_name: Final = click.argument("name", shell_complete=request_names)
_type: Final = click.option(
    "--type", "-t", "approval_type", required=True, metavar="TYPE", shell_complete=approval_types,
    help="The type of the approval: a slot of the request.",
)  # fmt: skip
_of: Final = click.option(
    "--of", default="", metavar="HASH",
    help="The content that was looked at, as `request show` prints it: if it is another one now, "
    "nothing is recorded.",
)  # fmt: skip


@click.command(
    short_help="Approve a request.",
    context_settings=_VARIABLES,
    epilog=examples_epilog("versioner request approve december --type qa", keys=DECISION_KEYS),
)
@_name
@_type
@_of
@decision_options
def approve(name: str, approval_type: str, of: str, **values: Any) -> None:
    """Approve the content of a request: its versions, environments, window, order and steps.

    The approval counts for this content alone. Title, description and links may change.
    """
    _decide(name, approval_type, of, "approved", values)


@click.command(
    short_help="Reject a request.",
    context_settings=_VARIABLES,
    epilog=examples_epilog("versioner request reject december --type qa", keys=DECISION_KEYS),
)
@_name
@_type
@_of
@decision_options
def reject(name: str, approval_type: str, of: str, **values: Any) -> None:
    """Reject the content of a request: one rejection outweighs the approvals of its type."""
    _decide(name, approval_type, of, "rejected", values)


@click.command(
    short_help="Record that a step is done.",
    context_settings=_VARIABLES,
    epilog=examples_epilog(
        "versioner request step december before.1",
        "versioner request step december after.1 --undo",
        keys=DECISION_KEYS,
    ),
)
@_name
@click.argument("step")
@click.option("--undo", is_flag=True, help="Record that it is not done.")
@decision_options
def step(name: str, step: str, undo: bool, **values: Any) -> None:
    """Record that a step of a request is done: before.1 is the first one before."""
    options = read_options(values)
    fields = draft_fields(options, {"decision": "undone" if undo else "done", "step": step})
    record_and_report(options, find_place(options), "request-decision", name, fields)


def _decide(name: str, approval_type: str, of: str, word: str, values: dict[str, Any]) -> None:
    options = read_options(values)
    fields = draft_fields(options, {"decision": word, "approval_type": approval_type})
    place = find_place(options)
    # What is approved is fixed before anything is sent: the content may change on the way.
    fields["of"] = of.strip().lower() or _content(options, place, name)
    record_and_report(options, place, "request-decision", name, fields)


def _content(options: DecisionOptions, place: Place, name: str) -> str:
    from versioner.delivery.direct import Destination
    from versioner.delivery.request_content import content_at_remote
    from versioner.recording.local import at_branch
    from versioner.recording.request_decisions import content_in

    if isinstance(place, Destination):
        if options.via == "inbox":
            raise click.UsageError(
                "--via inbox needs --of HASH: `versioner request show` prints it"
            )
        return content_at_remote(place, name)
    return content_in(at_branch(place, options.branch or None), name)
