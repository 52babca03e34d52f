"""Reports of products: a table of many, all details of one, and its history in git."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from versioner.query.derived.owners import owner_of
from versioner.query.derived.relations import dependents, former_names
from versioner.query.derived.running_versions import last_deployed_at
from versioner.query.matrix import matrix
from versioner.query.times.text import age_text
from versioner.query.versions.product_versions import list_versions
from versioner.reporting.delimited import Listing
from versioner.reporting.observations import observed_table
from versioner.reporting.query.deployments import deployment_table
from versioner.reporting.query.status import (
    cell_document,
    is_rolled_back,
    observed_lines,
    other_deployments,
    running_lines,
)
from versioner.reporting.query.versions import version_table
from versioner.reporting.tables import Column, labelled_list, table, value_lines
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import STATUS_STYLES, Span, abbreviate, count, day, moment, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.git.history import CommitInfo
    from versioner.query.matrix import CellState, MatrixRow
    from versioner.query.versions.product_versions import VersionSummary
    from versioner.registry.records import ProductRecord, Registry
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import TextLayout

__all__ = [
    "deleted_json",
    "deleted_listing",
    "deleted_text",
    "history_json",
    "history_listing",
    "history_text",
    "product_document",
    "product_json",
    "product_summary",
    "product_text",
    "product_view",
    "products_json",
    "products_listing",
    "products_text",
]

_LATEST = 10
_COLUMNS: Final = (
    "name",
    "title",
    "description",
    "lifecycle",
    "team",
    "versions",
    "deployments",
    "last_deployed_at",
)


@dataclass(frozen=True, slots=True)
class ProductView:
    """The details of one product: its record, cells, versions, former names and dependents."""

    record: ProductRecord
    row: MatrixRow
    versions: Sequence[VersionSummary]
    aliases: tuple[str, ...]
    needed_by: tuple[str, ...]


def product_view(registry: Registry, record: ProductRecord, *, now: str) -> ProductView:
    """Return the details of a product; ages are counted from `now`."""
    return ProductView(
        record=record,
        row=matrix(registry, now=now, products=[record.name]).rows[0],
        versions=list_versions(record),
        aliases=tuple(former_names(registry).get(record.name, ())),
        needed_by=tuple(dependents(registry)[record.name]),
    )


def products_text(layout: TextLayout, registry: Registry) -> str:
    """Return the products as a table."""
    if not registry.products:
        return (
            "No products yet: create one with `versioner product create NAME`, or record a "
            "deployment with `versioner track deployment`."
        )
    columns = [
        Column("product", 12),
        Column("title", 12, spare=True),
        Column("team", 8, spare=True),
        Column("lifecycle", spare=True),
        Column("versions"),
        Column("deployments"),
        Column("last deployed"),
    ]
    rows = [_product_row(record) for record in registry.products.values()]
    shown = layout.note(count(len(rows), "product"))
    return f"{table(layout, columns, rows)}\n\n{shown}"


def products_json(registry: Registry) -> str:
    """Return the products as a JSON array."""
    return as_json([product_summary(record) for record in registry.products.values()])


def products_listing(registry: Registry) -> Listing:
    """Return the products as rows of a table, with a column for each environment."""
    undescribed = {name for each in registry.products.values() for name in each.cells}
    environments = [*registry.environments, *sorted(undescribed - {*registry.environments})]
    running = [f"running.{name}" for name in environments]
    return Listing(
        [*_COLUMNS, *running], [product_summary(each) for each in registry.products.values()]
    )


def deleted_text(layout: TextLayout, registry: Registry) -> str:
    """Return the deleted products as a table, the one deleted last first."""
    if not registry.deleted:
        return "No products have been deleted."
    columns = [Column("product", 12), Column("deleted (UTC)"), Column("by", 8, spare=True)]
    rows: list[list[CellText]] = [
        [Span(each["name"], "bold"), moment(each["deleted_at"] or ""), each["deleted_by"] or ""]
        for each in _deleted(registry)
    ]
    shown = layout.note(
        f"{count(len(rows), 'deleted product')}; `versioner product restore NAME` restores one"
    )
    return f"{table(layout, columns, rows)}\n\n{shown}"


def deleted_json(registry: Registry) -> str:
    """Return the deleted products as a JSON array, the one deleted last first."""
    return as_json(_deleted(registry))


def deleted_listing(registry: Registry) -> Listing:
    """Return the deleted products as rows of a table."""
    return Listing(("name", "deleted_at", "deleted_by", "last_commit"), _deleted(registry))


def product_text(layout: TextLayout, view: ProductView) -> str:
    """Return all details of one product."""
    record = view.record
    parts = [_head(layout, record), _labelled(layout, view)]
    running = [cell for cell in view.row.cells if cell.versions or cell.status or cell.observed]
    if running:
        drift = layout.paint("  drift", "drift") if view.row.drifting else ""
        parts += ["", layout.heading("Current versions") + drift, _cells(layout, running)]
    observed = observed_table(layout, view.row.cells)
    if observed:
        parts += ["", layout.heading("Observed"), observed]
    if view.versions:
        latest = view.versions[:_LATEST]
        heading = f"Latest versions ({len(latest)} of {len(record.versions):,})"
        parts += [
            "",
            layout.heading(heading),
            version_table(layout, latest, whole=False, indent="  "),
        ]
    if record.deployments:
        newest = list(reversed(record.deployments))[:_LATEST]
        heading = f"Latest deployments ({len(newest)} of {len(record.deployments):,})"
        body = deployment_table(layout, newest, product=False, indent="  ")
        parts += ["", layout.heading(heading), body]
    return "\n".join(parts)


def product_json(view: ProductView, *, problems: int = 0) -> str:
    """Return one product as JSON: its file, and the state that its events give.

    `problems` is the number of errors in the files that were read.
    """
    return as_json({**product_document(view), "problems": problems})


def product_document(view: ProductView) -> dict[str, Any]:
    """Return one product as data, without the problems of its files."""
    document = view.record.document
    return {
        **product_summary(view.record),
        "links": document.get("links", []),
        "depends_on": document.get("depends_on", []),
        "needed_by": list(view.needed_by),
        "aliases": list(view.aliases),
        "extra_metadata": document.get("extra_metadata", {}),
        "drifting": view.row.drifting,
        "cells": {cell.environment: cell_document(cell) for cell in view.row.cells},
    }


def history_text(layout: TextLayout, product: str, commits: Sequence[CommitInfo]) -> str:
    """Return the commits that changed a product, newest first."""
    if not commits:
        return f"No commit has changed {product} yet."
    columns = [Column("when (UTC)"), Column("commit"), Column("author", 10), Column("subject", 20)]
    rows: list[list[CellText]] = [
        [moment(each.at), Span(each.id[:10], "dim"), each.author, each.subject] for each in commits
    ]
    return table(layout, columns, rows)


def history_listing(commits: Sequence[CommitInfo]) -> Listing:
    """Return the commits as rows of a table."""
    return Listing(("commit", "at", "author", "subject"), _commits(commits))


def history_json(commits: Sequence[CommitInfo]) -> str:
    """Return the commits as a JSON array."""
    return as_json(_commits(commits))


def _commits(commits: Sequence[CommitInfo]) -> list[dict[str, Any]]:
    return [
        {"commit": each.id, "at": each.at, "author": each.author, "subject": each.subject}
        for each in commits
    ]


def _product_row(record: ProductRecord) -> list[CellText]:
    lifecycle = record.document.get("lifecycle", "")
    return [
        Span(record.name, "bold"),
        record.document.get("title", ""),
        owner_of(record),
        Span("deprecated", "drift") if lifecycle == "deprecated" else lifecycle,
        f"{len(record.versions):,}",
        f"{len(record.deployments):,}",
        day(last_deployed_at(record.deployments)),
    ]


def product_summary(record: ProductRecord) -> dict[str, Any]:
    """Return a product as data: a row of the list of products."""
    document = record.document
    running = {name: cell for name, cell in record.cells.items() if cell.versions}
    return {
        "name": record.name,
        "title": document.get("title") or None,
        "description": document.get("description") or None,
        "lifecycle": document.get("lifecycle", "active"),
        "team": owner_of(record) or None,
        "versions": len(record.versions),
        "deployments": len(record.deployments),
        "last_deployed_at": last_deployed_at(record.deployments) or None,
        # Where two versions or more run, neither is the one.
        "running": {
            name: None if cell.is_mixed else cell.versions[0] for name, cell in running.items()
        },
    }


def _deleted(registry: Registry) -> list[dict[str, Any]]:
    found = [
        {
            "name": name,
            "deleted_at": record.get("deleted_at"),
            "deleted_by": record.get("deleted_by"),
            "last_commit": record.get("last_commit"),
        }
        for name, record in sorted(registry.deleted.items())
    ]
    return sorted(found, key=lambda each: str(each["deleted_at"] or ""), reverse=True)


def _head(layout: TextLayout, record: ProductRecord) -> str:
    title = record.document.get("title", "")
    also = f"  {clean(title)}" if title and title != record.name else ""
    lines = [layout.heading(record.name) + also]
    description = str(record.document.get("description", "")).rstrip()
    if description:
        lines += [f"  {line}".rstrip() for line in wrap(description, layout.width - 2)]
        lines.append("")
    return "\n".join(lines)


def _labelled(layout: TextLayout, view: ProductView) -> str:
    document = view.record.document
    recorded = f"{count(len(view.record.versions), 'version')}, " + count(
        len(view.record.deployments), "deployment"
    )
    first = min((each.at for each in view.record.versions.values()), default="")
    pairs: list[tuple[str, CellText]] = [
        ("lifecycle", document.get("lifecycle", "")),
        *(
            (key.replace("_", " "), value_lines(value))
            for key, value in document.get("extra_metadata", {}).items()
        ),
        ("links", [Span(f"{link['title']}: {link['url']}") for link in document.get("links", [])]),
        ("depends on", ", ".join(document.get("depends_on", []))),
        ("needed by", ", ".join(view.needed_by)),
        ("former names", ", ".join(view.aliases)),
        ("recorded", f"{recorded} since {day(first)}" if first else recorded),
    ]
    return labelled_list(layout, pairs)


def _cells(layout: TextLayout, cells: Sequence[CellState]) -> str:
    columns = [
        Column("environment", 11),
        Column("version", 11),
        Column("running for"),
        Column("also", 20),
    ]
    rows: list[list[CellText]] = []
    for cell in cells:
        age = age_text(cell.age_seconds) if cell.since else ""
        notes = [Span("rollback", "drift")] if is_rolled_back(cell) else []
        notes += [
            Span(abbreviate(each.version), STATUS_STYLES[word], f" {word}")
            for word, each in other_deployments(cell)
        ]
        notes += observed_lines(cell)
        rows.append([cell.environment, running_lines(cell), age, notes or ""])
    return table(layout, columns, rows, indent="  ")
