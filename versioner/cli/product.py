"""versioner product: what can be done with products."""

from __future__ import annotations

import click

from versioner.cli import product_edits, product_looks
from versioner.cli.groups import NounGroup, ending

__all__ = ["product"]


@click.group(
    cls=NounGroup,
    epilog=ending("versioner product show user-service", "versioner product create user-service"),
)
def product() -> None:
    """List, show, create, edit, rename, delete and restore products."""


for command in (
    product_looks.list_,
    product_looks.show_,
    product_looks.history,
    product_edits.create,
    product_edits.edit,
    product_edits.rename,
    product_edits.delete,
    product_edits.restore,
):
    product.add_command(command)
