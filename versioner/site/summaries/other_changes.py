"""Changes of a product that are no deployments: decisions, and what was seen to differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.layout import month_of
from versioner.query.incident import changes_of_product

if TYPE_CHECKING:
    from versioner.registry.records import ProductRecord

__all__ = ["OTHERS", "other_rows"]

# The rows of a month are kept under this and the month.
OTHERS: Final = "other "


def other_rows(record: ProductRecord) -> dict[str, list[list[Any]]]:
    """Return the changes of a product by the name of their rows, as JSON data."""
    found: dict[str, list[list[Any]]] = {}
    for each in sorted(changes_of_product(record)):
        found.setdefault(OTHERS + month_of(each.at), []).append([*each])
    return found
