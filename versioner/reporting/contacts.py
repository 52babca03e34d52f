"""Whom to ask about the products that failed, for the report of `status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.query.selectors import contacts_of
from versioner.reporting.tables import Column, table
from versioner.reporting.text import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.query.matrix import CellState, Matrix
    from versioner.registry.records import Registry
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import TextLayout

__all__ = ["contacts_text"]


def contacts_text(layout: TextLayout, matrix: Matrix, registry: Registry) -> str:
    """Return the cells that failed or have no result, with the contacts of their products.

    The text is "" where there are none, or their products name no contact.
    """
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
    return f"{layout.heading('Needs attention')}\n{table(layout, columns, rows, indent='  ')}"


def _contacts(cell: CellState, registry: Registry) -> Iterator[str]:
    """Yield the contacts, a line each, for what went wrong in a cell, if there are some."""
    deployment = cell.no_result or cell.failed_last
    if deployment is None:
        return
    found = contacts_of(registry.products[cell.product], deployment.events)
    if found:
        yield "\n".join(f"{each.label}: {' '.join(each.text.split())}" for each in found)
