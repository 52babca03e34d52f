"""Reports of environments: a table of many, and one with the versions in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.query.derived.latest_values import latest_value
from versioner.reporting.delimited import Listing
from versioner.reporting.query.status import cell_document, version_lines
from versioner.reporting.tables import Column, labelled_list, paragraph, table, value_lines
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import Span, count, moment, wrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.query.matrix import CellState, Matrix
    from versioner.registry.records import Registry
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import TextLayout

__all__ = [
    "environment_documents",
    "environment_json",
    "environment_text",
    "environments_json",
    "environments_listing",
    "environments_text",
]

_COLUMNS: Final = (
    "name",
    "title",
    "aliases",
    "type",
    "order",
    "description",
    "stale_after",
    "retired",
    "products",
)


def environments_text(layout: TextLayout, registry: Registry) -> str:
    """Return the environments as a table, in display order."""
    if not registry.environments:
        return "No environments yet: create one with `versioner environment create NAME`."
    columns = [
        Column("environment", 11),
        Column("title", 12, spare=True),
        Column("type"),
        Column("products"),
        Column("description", 20, spare=True),
    ]
    rows: list[list[CellText]] = [
        [
            Span(name, "bold"),
            document.get("title", ""),
            f"{document['type']}, retired" if document.get("retired") else document["type"],
            f"{_running(registry, name):,}",
            str(document.get("description", "")),
        ]
        for name, document in registry.environments.items()
    ]
    return table(layout, columns, rows)


def environments_json(registry: Registry) -> str:
    """Return the environments as a JSON array."""
    return as_json(environment_documents(registry))


def environments_listing(registry: Registry) -> Listing:
    """Return the environments as rows of a table."""
    return Listing(_COLUMNS, environment_documents(registry))


def environment_documents(registry: Registry) -> list[dict[str, Any]]:
    """Return the environments as data, in display order."""
    return [
        _document(document, _running(registry, name))
        for name, document in registry.environments.items()
    ]


def environment_text(layout: TextLayout, document: Mapping[str, Any], matrix: Matrix) -> str:
    """Return an environment and what runs in it; `matrix` has it as its only column."""
    title = document.get("title", "")
    also = f"  {clean(title)}" if title and title != document["name"] else ""
    parts = [layout.heading(document["name"]) + also]
    description = str(document.get("description", "")).rstrip()
    if description:
        parts += [f"  {line}".rstrip() for line in wrap(description, layout.width - 2)]
        parts.append("")
    parts.append(_labelled(layout, document))
    cells = _occupied(matrix)
    if cells:
        heading = layout.heading(f"Current versions ({count(len(cells), 'product')})")
        parts += ["", heading, _cells(layout, cells)]
    return "\n".join(parts)


def environment_json(document: Mapping[str, Any], matrix: Matrix, *, problems: int = 0) -> str:
    """Return an environment as JSON, with the cells of the products in it.

    `problems` is the number of errors in the files that were read.
    """
    cells = _occupied(matrix)
    running = sum(bool(cell.versions) for cell in cells)
    return as_json(
        {
            **_document(document, running),
            "metadata": document.get("metadata", {}),
            "cells": {cell.product: cell_document(cell) for cell in cells},
            "problems": problems,
        }
    )


def _running(registry: Registry, name: str) -> int:
    return sum(bool(record.cell(name).versions) for record in registry.products.values())


def _document(document: Mapping[str, Any], running: int) -> dict[str, Any]:
    return {
        "name": document["name"],
        "title": document.get("title") or None,
        **({"aliases": document["aliases"]} if "aliases" in document else {}),
        "type": document["type"],
        "order": document["order"],
        "description": document.get("description") or None,
        "stale_after": document.get("stale_after"),
        "retired": bool(document.get("retired")),
        "products": running,
    }


def _occupied(matrix: Matrix) -> list[CellState]:
    cells = [cell for row in matrix.rows for cell in row.cells]
    return [cell for cell in cells if cell.versions or cell.status or cell.observed]


def _labelled(layout: TextLayout, document: Mapping[str, Any]) -> str:
    pairs: list[tuple[str, CellText]] = [
        ("former names", paragraph(", ".join(document.get("aliases", ())))),
        ("type", str(document["type"])),
        ("order", str(document["order"])),
        ("stale after", document.get("stale_after", "")),
        ("retired", "yes" if document.get("retired") else ""),
        *(
            (key.replace("_", " "), value_lines(value))
            for key, value in document.get("metadata", {}).items()
        ),
    ]
    return labelled_list(layout, pairs)


def _cells(layout: TextLayout, cells: Sequence[CellState]) -> str:
    columns = [Column("product", 12), Column("version", 11), Column("since (UTC)"), Column("by", 8)]
    rows: list[list[CellText]] = [
        [cell.product, version_lines(cell), moment(cell.since), _by(cell)] for cell in cells
    ]
    return table(layout, columns, rows, indent="  ")


def _by(cell: CellState) -> str:
    return latest_value(cell.deployment.events, "deployed_by") if cell.deployment else ""
