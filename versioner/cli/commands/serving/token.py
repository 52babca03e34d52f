"""versioner token: make, list and revoke the tokens of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from versioner.cli.params import NounGroup, examples_epilog, list_output_option, read_for
from versioner.cli.state_dir import SCOPES, state_folder, state_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from versioner.reporting.text import TextLayout

__all__ = ["token"]

_COLUMNS: Final = (
    *("id", "name", "scopes", "products", "environments"),
    *("created_at", "expires_at", "last_used_at"),
)


@click.group(
    cls=NounGroup,
    epilog=examples_epilog("versioner token create ci --scope record", "versioner token list"),
)
def token() -> None:
    """Make, list or revoke the tokens of a server."""


@token.command(
    epilog=examples_epilog(
        "versioner token create ci --scope record --product user-service",
        "versioner token create jane --scope edit --scope approve --expires 90d",
    )
)
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES),
    help="What the token may do; may be given several times. edit and approve include read; admin "
    "includes all.",
)  # fmt: skip
@click.option(
    "--product", "-p", "products", multiple=True, metavar="NAME",
    help="Only this product; may be given several times (default: all).",
)  # fmt: skip
@click.option(
    "--environment", "-e", "environments", multiple=True, metavar="NAME",
    help="Only this environment; may be given several times (default: all).",
)  # fmt: skip
@click.option(
    "--expires",
    metavar="TIME",
    help="When it expires: a date, an RFC 3339 time, or a duration (90d).",
)
@state_option
def create(
    name: str,
    scopes: tuple[str, ...],
    products: tuple[str, ...],
    environments: tuple[str, ...],
    expires: str | None,
    state: Path | None,
) -> None:
    """Create a token, and print it, without other text, on standard output.

    It is shown only now: the server keeps a hash of it. A running server accepts it at once.
    """
    from versioner.cli import clock
    from versioner.server.tokens import TokenStore, expiry_of

    now = clock.now()
    with read_for("--expires"):
        end = expiry_of(expires, now) if expires else ""
    made = TokenStore(state_folder(state)).create(
        name,
        scopes,
        products=products,
        environments=environments,
        expires=end,
        now=now,
        random=clock.random_bytes,
    )
    # Not by `show`, which masks what looks like a secret.
    click.echo(made.text)


@token.command(
    "list", epilog=examples_epilog("versioner token list", "versioner token list --output json")
)
@state_option
@list_output_option
def list_(state: Path | None, output: str) -> None:
    """List the tokens of a server, without their secrets."""
    from versioner.cli.output import show_list
    from versioner.reporting.delimited import Listing
    from versioner.reporting.terminal import as_json
    from versioner.server.tokens import TokenStore, token_document

    found = [token_document(each) for each in TokenStore(state_folder(state)).list()]
    show_list(
        output,
        text=lambda layout: _table(layout, found),
        json=lambda: as_json(found),
        listing=lambda: Listing(_COLUMNS, found),
    )


@token.command(epilog=examples_epilog("versioner token revoke ci"))
@click.argument("named", metavar="NAME|ID")
@state_option
def revoke(named: str, state: Path | None) -> None:
    """Revoke a token, by its name or id; a running server refuses it at once."""
    from versioner.cli.output import show
    from versioner.server.tokens import TokenStore

    gone = TokenStore(state_folder(state)).revoke(named)
    show(f'revoked the token "{gone.name}" ({gone.id})')


def _table(layout: TextLayout, tokens: Sequence[Mapping[str, Any]]) -> str:
    from versioner.reporting.tables import CellText, Column, table
    from versioner.reporting.text import moment

    if not tokens:
        return "There are no tokens. `versioner token create NAME --scope SCOPE` makes one."
    titles = ("name", "id", "scopes", "only for", "expires", "last used")
    rows: list[list[CellText]] = [
        [
            each["name"],
            each["id"],
            ", ".join(each["scopes"]),
            ", ".join([*each["products"], *each["environments"]]),
            moment(each["expires_at"]) if each["expires_at"] else "never",
            moment(each["last_used_at"]) if each["last_used_at"] else "never",
        ]
        for each in tokens
    ]
    return table(layout, [Column(title) for title in titles], rows)
