"""The changes of each of the last months, one sentence each, for the page of incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.layout import month_of
from versioner.query.incident import (
    Change,
    change_of,
    change_of_rule,
    changes_of_request,
)
from versioner.serialization.compact_json import compact_json
from versioner.site.summaries.other_changes import OTHERS
from versioner.site.urls import changes_document
from versioner.site.views.parts.report_source import happening_of_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.site.context import SiteContext

__all__ = ["MONTHS", "changes_file", "changes_in", "key_of_changes", "months_of_changes"]

# An incident of longer ago is looked for with the command.
MONTHS: Final = 12


def months_of_changes(context: SiteContext) -> list[str]:
    """Return the last months with changes, oldest first."""
    months = {*context.catalogue.months, *context.catalogue.other_months}
    months |= {month_of(each.at) for each in _beside(context)}
    return sorted(months)[-MONTHS:]


def changes_in(context: SiteContext, month: str) -> list[Change]:
    """Return the changes of a month in order; a deployment is in the month in which it began."""
    hidden = context.hidden
    rows = context.catalogue.listed(month)
    found = [change_of(happening_of_row(row, hidden)) for row in rows]
    found += [Change(*each) for each in context.catalogue.others(month)]
    found += [each for each in _beside(context) if month_of(each.at) == month]
    return sorted(found)


def key_of_changes(context: SiteContext, month: str) -> list[Any]:
    """Return what the changes of a month are made from."""
    catalogue = context.catalogue
    beside = [[*each] for each in _beside(context) if month_of(each.at) == month]
    others = catalogue.digest_of(OTHERS + month)
    return [f"{catalogue.total(month).digest:x}", others, beside, sorted(context.hidden)]


def changes_file(context: SiteContext, month: str) -> Iterator[tuple[str, bytes]]:
    """Yield the document of a month's changes with its path."""
    path = changes_document(month)
    changes = [
        {
            "at": each.at,
            "kind": each.kind,
            "environment": each.environment or None,
            "text": each.text,
        }
        for each in changes_in(context, month)
    ]
    document = {"root": "../" * path.count("/"), "month": month, "changes": changes}
    text = compact_json(document)
    yield path, f"{text}\n".encode("utf-8", "replace")


def _beside(context: SiteContext) -> Iterator[Change]:
    """Yield the changes of rules in the last days, and the decisions about requests."""
    yield from map(change_of_rule, context.activity.changes)
    for request in context.registry.governance.requests:
        yield from changes_of_request(request)
