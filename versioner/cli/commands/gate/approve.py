"""versioner approve, reject, revoke, block, unblock, review: decisions about a version."""

from __future__ import annotations

from typing import Any, Final

import click

from versioner.cli.commands.completion import product_names, version_names
from versioner.cli.decisions import (
    decision_command,
    draft_fields,
    find_place,
    read_options,
    record_and_report,
    type_option,
)

__all__ = ["approve", "block", "reject", "review", "revoke", "unblock"]

_ARGUMENTS: Final = (
    click.argument("product", shell_complete=product_names),
    click.argument("version", shell_complete=version_names),
)
_EVENT: Final = click.option("--event", required=True, metavar="ID", help="The deployment event.")
_OF_TYPE: Final = (*_ARGUMENTS, type_option("The type of the approval, for example qa."))


def _decide(product: str, values: dict[str, Any], **fields: str) -> None:
    options = read_options(values)
    fields = draft_fields(options, {key: value for key, value in fields.items() if value})
    record_and_report(options, find_place(options), "decision", product, fields)


@decision_command(
    "versioner approve user-service 1.4.0 --type qa",
    "versioner approve user-service 1.4.0 --type security --by jane --comment 'scan is clean'",
    arguments=_OF_TYPE,
)
def approve(product: str, version: str, approval_type: str, **values: Any) -> None:
    """Approve a version.

    The approval names the commit and the digests of the version as they are known now. It no longer
    counts once another one is recorded.
    """
    _decide(product, values, version=version, decision="approved", approval_type=approval_type)


@decision_command(
    "versioner reject user-service 1.4.0 --type qa --comment 'login fails'",
    arguments=_OF_TYPE,
)
def reject(product: str, version: str, approval_type: str, **values: Any) -> None:
    """Reject a version: one rejection outweighs all approvals of its type."""
    _decide(product, values, version=version, decision="rejected", approval_type=approval_type)


@decision_command(
    "versioner revoke user-service 1.4.0 --type qa",
    arguments=_OF_TYPE,
)
def revoke(product: str, version: str, approval_type: str, **values: Any) -> None:
    """Take back one's own approval or rejection of a version."""
    _decide(product, values, version=version, decision="revoked", approval_type=approval_type)


@decision_command(
    "versioner block user-service 1.4.0 --comment 'loses orders, see INC-123'",
    arguments=_ARGUMENTS,
)
def block(product: str, version: str, **values: Any) -> None:
    """Block a version: it may be deployed nowhere until it is unblocked."""
    _decide(product, values, version=version, decision="blocked")


@decision_command(
    "versioner unblock user-service 1.4.0 --comment 'fixed by configuration'",
    arguments=_ARGUMENTS,
)
def unblock(product: str, version: str, **values: Any) -> None:
    """End the block of a version."""
    _decide(product, values, version=version, decision="unblocked")


@decision_command(
    "versioner review user-service 1.4.0 --event 01a9c3f2b7d4 --comment 'seen by audit'",
    arguments=(*_ARGUMENTS, _EVENT),
)
def review(product: str, version: str, event: str, **values: Any) -> None:
    """Record that a deployment in spite of rules was reviewed: its overrides, or a violation.

    It is then no longer among what needs attention.
    """
    _decide(product, values, version=version, decision="override-reviewed", event=event)
