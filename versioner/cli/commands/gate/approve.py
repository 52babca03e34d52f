"""versioner approve, reject, revoke, block, unblock, review: decisions about a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from versioner.cli.commands.completion import approval_types, product_names, version_names
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
    from collections.abc import Callable

__all__ = ["approve", "block", "reject", "review", "revoke", "unblock"]

_VARIABLES: Final = {"auto_envvar_prefix": "VERSIONER"}
_type: Final = click.option(
    "--type", "-t", "approval_type", required=True, metavar="TYPE", shell_complete=approval_types,
    help="The type of the approval, for example qa.",
)  # fmt: skip


def _command(*examples: str) -> Callable[[Callable[..., None]], click.Command]:
    """Return a decorator that makes a command with the arguments PRODUCT and VERSION."""

    def decorate(function: Callable[..., None]) -> click.Command:
        function = decision_options(function)
        function = click.argument("version", shell_complete=version_names)(function)
        function = click.argument("product", shell_complete=product_names)(function)
        epilog = examples_epilog(*examples, keys=DECISION_KEYS)
        return click.command(context_settings=_VARIABLES, epilog=epilog)(function)

    return decorate


def _decide(product: str, values: dict[str, Any], **fields: str) -> None:
    options = read_options(values)
    fields = draft_fields(options, {key: value for key, value in fields.items() if value})
    record_and_report(options, find_place(options), "decision", product, fields)


@_command(
    "versioner approve user-service 1.4.0 --type qa",
    "versioner approve user-service 1.4.0 --type security --by jane --comment 'scan is clean'",
)
@_type
def approve(product: str, version: str, approval_type: str, **values: Any) -> None:
    """Approve a version.

    The approval names the commit and the digests of the version as they are known now. It no longer
    counts once another one is recorded.
    """
    _decide(product, values, version=version, decision="approved", approval_type=approval_type)


@_command("versioner reject user-service 1.4.0 --type qa --comment 'login fails'")
@_type
def reject(product: str, version: str, approval_type: str, **values: Any) -> None:
    """Reject a version: one rejection outweighs all approvals of its type."""
    _decide(product, values, version=version, decision="rejected", approval_type=approval_type)


@_command("versioner revoke user-service 1.4.0 --type qa")
@_type
def revoke(product: str, version: str, approval_type: str, **values: Any) -> None:
    """Take back one's own approval or rejection of a version."""
    _decide(product, values, version=version, decision="revoked", approval_type=approval_type)


@_command("versioner block user-service 1.4.0 --comment 'loses orders, see INC-123'")
def block(product: str, version: str, **values: Any) -> None:
    """Block a version: it may be deployed nowhere until it is unblocked."""
    _decide(product, values, version=version, decision="blocked")


@_command("versioner unblock user-service 1.4.0 --comment 'fixed by configuration'")
def unblock(product: str, version: str, **values: Any) -> None:
    """End the block of a version."""
    _decide(product, values, version=version, decision="unblocked")


@_command("versioner review user-service 1.4.0 --event 01a9c3f2b7d4 --comment 'seen by audit'")
@click.option("--event", required=True, metavar="ID", help="The deployment event.")
def review(product: str, version: str, event: str, **values: Any) -> None:
    """Record that a deployment in spite of rules was reviewed: its overrides, or a violation.

    It is then no longer among what needs attention.
    """
    _decide(product, values, version=version, decision="override-reviewed", event=event)
