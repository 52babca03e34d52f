"""What needs attention, for the report of `status`: what failed, and doubtful names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.query.derived.owners import contacts_of
from versioner.reporting.tables import Column, table
from versioner.reporting.text import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.query.doubtful_names import DoubtfulName
    from versioner.query.matrix import CellState, Matrix
    from versioner.registry.records import Registry
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import TextLayout

__all__ = ["attention_text"]


def attention_text(
    layout: TextLayout, matrix: Matrix, registry: Registry, doubtful: Sequence[DoubtfulName] = ()
) -> str:
    """Return whom to ask about what failed, and the commands that help with doubtful names.

    The text is "" where nothing needs attention, or no product of what failed names a contact.
    """
    names = [f"  {each.text}: `{each.command}`" for each in doubtful]
    contacts = _contacts_table(layout, matrix, registry)
    parts = [*([contacts] if contacts else []), *names]
    return "\n".join([layout.heading("Needs attention"), *parts]) if parts else ""


def _contacts_table(layout: TextLayout, matrix: Matrix, registry: Registry) -> str:
    """Return the cells that failed or have no result, with the contacts of their products."""
    rows: list[list[CellText]] = []
    for row in matrix.rows:
        found: dict[str, list[str]] = {}
        for cell in row.cells:
            for contacts in _contacts(cell, registry):
                found.setdefault(contacts, []).append(cell.environment)
        rows += [
            [Span(row.product, "bold"), ", ".join(environments), [*map(Span, contacts.split("\n"))]]
            for contacts, environments in found.items()
        ]
    if not rows:
        return ""
    columns = [Column("product", 12), Column("environment", 11), Column("contact", 24)]
    return table(layout, columns, rows, indent="  ")


def _contacts(cell: CellState, registry: Registry) -> Iterator[str]:
    """Yield the contacts, a line each, for what went wrong in a cell, if there are some."""
    deployment = cell.no_result or cell.failed_last
    if deployment is None:
        return
    found = contacts_of(registry.products[cell.product], deployment.events)
    if found:
        yield "\n".join(f"{each.label}: {' '.join(each.text.split())}" for each in found)
