"""Reports of where a change runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.query.derived.running_versions import place_text
from versioner.reporting.delimited import Listing
from versioner.reporting.tables import Column, table
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import Span, abbreviate, count, moment, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.query.commits.where import Presence
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import TextLayout

__all__ = ["where_json", "where_listing", "where_text"]

_RECORDED: Final = (
    "By the commits that are recorded: a revert is not known. --source PATH, with a clone of the "
    "source, tells exactly."
)
_COLUMNS: Final = (
    "product", "environment", "instance", "state", "since", "until", "version", "by",
)  # fmt: skip


def where_text(
    layout: TextLayout,
    commits: Sequence[tuple[str, str]],
    found: Sequence[Presence],
    *,
    exact: bool,
) -> str:
    """Return where a change is as a table; `commits` are ids with their subjects."""
    lines = [f"{each[:12]}  {clean(subject)}".rstrip() for each, subject in commits[:10]]
    if len(commits) > len(lines):
        lines.append(f"and {count(len(commits) - len(lines), 'other commit')}")
    columns = [
        Column("product", 9),
        Column("environment", 9),
        Column("state"),
        Column("since (UTC)"),
        Column("until (UTC)"),
        Column("version", 9),
        Column("by", spare=True),
    ]
    rows: list[list[CellText]] = [
        [
            each.product,
            place_text(each.environment, each.instance),
            Span(each.state.replace("-", " "), "dim" if each.state == "never" else "bold"),
            moment(each.since) if each.since else "",
            moment(each.until) if each.until else "",
            abbreviate(each.version),
            each.by,
        ]
        for each in found
    ]
    body = table(layout, columns, rows) if rows else "No product was built from it."
    rests = "" if exact else "\n".join(wrap(_RECORDED, layout.width))
    return "\n\n".join(filter(None, ["\n".join(lines), body, rests]))


def where_json(
    commits: Sequence[tuple[str, str]], found: Sequence[Presence], *, source: bool, problems: int
) -> str:
    """Return where a change is as JSON."""
    return as_json(
        {
            "commits": [{"id": each, "subject": subject or None} for each, subject in commits],
            "exact": source,
            "environments": [_document(each) for each in found],
            "problems": problems,
        }
    )


def where_listing(found: Sequence[Presence]) -> Listing:
    """Return where a change is as rows."""
    return Listing(_COLUMNS, [_document(each) for each in found])


def _document(each: Presence) -> dict[str, Any]:
    return {
        "product": each.product,
        "environment": each.environment,
        "instance": each.instance,
        "state": each.state,
        "since": each.since or None,
        "until": each.until or None,
        "version": each.version or None,
        "by": each.by or None,
    }
