"""versioner product: list, show, create, edit, rename, merge, delete and restore products."""

from __future__ import annotations

import click

from versioner.cli.commands import product_edit, product_show
from versioner.cli.params import NounGroup, examples_epilog

__all__ = ["product"]


@click.group(
    cls=NounGroup,
    epilog=examples_epilog(
        "versioner product show user-service", "versioner product create user-service"
    ),
)
def product() -> None:
    """List, show, create, edit, rename, merge, delete and restore products."""


for command in (
    product_show.list_,
    product_show.show_,
    product_show.history,
    product_edit.create,
    product_edit.edit,
    product_edit.rename,
    product_edit.merge,
    product_edit.delete,
    product_edit.restore,
):
    product.add_command(command)
