"""CSV tables of deployments and undeployments, by product and month, safe to open in a spreadsheet.

RFC 4180: comma, CR LF, a heading, quotes where they are needed; UTF-8 without a byte order mark.
A cell that a spreadsheet would read as a formula, and one that begins with an apostrophe, gets
an apostrophe in front. A program that reads the column removes one leading apostrophe.
"""

from __future__ import annotations

import csv
import io
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from versioner.query.derived.latest_values import latest_value
from versioner.query.times.text import seconds_between
from versioner.serialization.csv_cells import formula_safe
from versioner.site.exports.xml import xml_text
from versioner.site.pagination import undeployments_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from versioner.models import Deployment, Undeployment
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext

__all__ = ["COLUMNS", "cell_text", "months_of", "tables_of"]

COLUMNS: Final = (
    "at",
    "product",
    "environment",
    "version",
    "status",
    "kind",
    "void",
    "seconds",
    "deployed_by",
    "reason",
    "id",
)


def tables_of(
    context: SiteContext, record: ProductRecord, less: Collection[str] = ()
) -> Iterator[tuple[str, bytes]]:
    """Yield each month of a product's deployments and undeployments but some as CSV, oldest first.

    The column `instance` is there, last, where an event of the product names an instance.
    """
    entries = _by_time(record)
    named = any(each.instance for each in entries)
    columns = (*COLUMNS, "instance") if named else COLUMNS
    width = len(columns)
    for month, own in groupby(entries, key=_month):
        if month in less:
            continue
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([_row(each, context.hidden)[:width] for each in own])
        yield month, text.getvalue().encode("utf-8")


def months_of(record: ProductRecord) -> list[str]:
    """Return the months in which a product was deployed or undeployed, oldest first."""
    return sorted({_month(each) for each in _entries(record)})


@lru_cache(maxsize=8192)
def cell_text(value: str) -> str:
    """Return a text as a cell that no spreadsheet reads as a formula."""
    return formula_safe(xml_text(value))


def _row(entry: Deployment | Undeployment, hidden: frozenset[str]) -> tuple[str | int, ...]:
    void = entry.void
    at, changed = entry.at, entry.changed_at
    return (
        at,
        entry.product,
        entry.environment,
        entry.version,
        entry.status,
        # The usual kind stays empty, so that the others are easy to see.
        "" if entry.kind == "deployment" else entry.kind,
        "" if void is None else "yes",
        0 if changed == at else max(0, seconds_between(at, changed)),
        # Only these two are free text; the others begin with a letter or a digit.
        cell_text(latest_value(entry.events, "deployed_by", hidden)),
        cell_text(latest_value(entry.events if void is None else [void], "reason", hidden)),
        entry.id,
        entry.instance,
    )


def _by_time(record: ProductRecord) -> list[Deployment | Undeployment]:
    return sorted(_entries(record), key=attrgetter("at"))


def _entries(record: ProductRecord) -> list[Deployment | Undeployment]:
    return [*record.deployments, *undeployments_of(record)]


def _month(entry: Deployment | Undeployment) -> str:
    return entry.at[:7]
