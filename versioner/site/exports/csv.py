"""Deployments as CSV, by product and month, safe to open in a spreadsheet.

RFC 4180: comma, CR LF, a heading, quotes where they are needed; UTF-8 without a byte order mark.
A cell that a spreadsheet would take for a formula, and one that begins with an apostrophe, gets
an apostrophe in front: whoever reads a column as text takes one leading apostrophe away.
"""

from __future__ import annotations

import csv
import io
from itertools import groupby
from typing import TYPE_CHECKING, Final

from versioner.site.api.deployments import head_of
from versioner.site.exports.xml import xml_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models import Deployment
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext

__all__ = ["COLUMNS", "FORMULA", "cell_text", "months_of", "tables_of"]

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
# What spreadsheets begin a formula with, full-width forms too, and what they skip before it.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def tables_of(atlas: SiteContext, record: ProductRecord) -> Iterator[tuple[str, bytes]]:
    """Yield each month of a product's deployments as CSV, oldest first."""
    for month, deployments in groupby(_by_time(record), key=_month):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows(_row(each, atlas.hidden) for each in deployments)
        yield month, text.getvalue().encode("utf-8")


def months_of(record: ProductRecord) -> list[str]:
    """Return the months in which something of a product was deployed, oldest first."""
    return sorted({_month(each) for each in record.deployments})


def cell_text(value: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    if not value:
        return ""
    value = xml_text(value)
    return "'" + value if value.startswith((*FORMULA, "'")) else value


def _row(deployment: Deployment, hidden: frozenset[str]) -> list[str]:
    said = head_of(deployment, hidden)
    said["product"] = deployment.product
    said["void"] = "yes" if said["void"] else ""
    # What is not out of the ordinary stays empty, so that the rest is seen.
    said["kind"] = "" if said["kind"] == "deployment" else said["kind"]
    # What begins with a letter or digit is safe: only these two are free text.
    for column in ("deployed_by", "reason"):
        said[column] = cell_text(said[column])
    return [said[column] for column in COLUMNS]


def _by_time(record: ProductRecord) -> list[Deployment]:
    return sorted(record.deployments, key=lambda each: each.at)


def _month(deployment: Deployment) -> str:
    return deployment.at[:7]
