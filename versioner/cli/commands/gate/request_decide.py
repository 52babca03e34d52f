"""versioner request approve, reject and step: decisions about a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from versioner.cli.commands.completion import request_names
from versioner.cli.decisions import (
    decision_command,
    draft_fields,
    find_place,
    read_options,
    record_and_report,
    type_option,
)

if TYPE_CHECKING:
    from versioner.cli.decisions import DecisionOptions, Place

__all__ = ["approve", "reject", "step"]

_NAME: Final = click.argument("name", shell_complete=request_names)
_OF_CONTENT: Final = (
    _NAME,
    type_option("The type of the approval: a slot of the request."),
    click.option(
        "--of", default="", metavar="HASH",
        help="The content that was looked at, as `request show` prints it: if it is another one "
        "now, nothing is recorded.",
    ),
)  # fmt: skip
_STEP: Final = (
    _NAME,
    click.argument("step"),
    click.option("--undo", is_flag=True, help="Record that it is not done."),
)


@decision_command(
    "versioner request approve december --type qa",
    arguments=_OF_CONTENT,
    short_help="Approve a request.",
)
def approve(name: str, approval_type: str, of: str, **values: Any) -> None:
    """Approve the content of a request: its versions, environments, window, order and steps.

    The approval counts for this content alone. Title, description and links may change.
    """
    _decide(name, approval_type, of, "approved", values)


@decision_command(
    "versioner request reject december --type qa",
    arguments=_OF_CONTENT,
    short_help="Reject a request.",
)
def reject(name: str, approval_type: str, of: str, **values: Any) -> None:
    """Reject the content of a request: one rejection outweighs the approvals of its type."""
    _decide(name, approval_type, of, "rejected", values)


@decision_command(
    "versioner request step december before.1",
    "versioner request step december after.1 --undo",
    arguments=_STEP,
    short_help="Record that a step is done.",
)
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
