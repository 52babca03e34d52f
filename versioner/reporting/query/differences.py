"""Reports of the differences between two environments, or two points in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.query.commits.words import difference_words
from versioner.reporting.delimited import Listing
from versioner.reporting.tables import Column, table
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import Span, abbreviate, count, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.models import Deployment
    from versioner.query.commits.between import CommitDifference
    from versioner.query.compare.environments import Difference, EnvironmentAt
    from versioner.query.matrix import CellState
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import TextLayout

__all__ = ["diff_json", "diff_listing", "diff_text", "difference_document"]

_COLUMNS: Final = (
    "product",
    "instance",
    "a.version",
    "a.since",
    "a.deployment",
    "b.version",
    "b.since",
    "b.deployment",
    "newer",
    "between",
    "compare_url",
    "differs_since",
)
_COMMITS: Final = ("commits.added", "commits.removed")

_BETWEEN_SHOWN = 3


def diff_text(
    layout: TextLayout, a: EnvironmentAt, b: EnvironmentAt, found: Sequence[Difference]
) -> str:
    """Return what differs as a table, and the compare links below it."""
    sides = f"{_named(a)} and {_named(b)}"
    if not found:
        return f"No difference between {sides}."
    dated = any(each.differs_since for each in found)
    counted = any(each.commits is not None for each in found)
    columns = [
        Column("product", 12),
        Column(_title(a), 11),
        Column(_title(b), 11),
        Column("newer in", spare=True),
        *([Column("differs since", spare=True)] if dated else []),
        Column("versions between", 16, spare=True),
        *([Column("commits", 16, spare=True)] if counted else []),
    ]
    rows = [_row(each, a, b, dated=dated, counted=counted) for each in found]
    parts = [table(layout, columns, rows)]
    links = [
        f"  {clean(each.product)}  {clean(each.compare_url)}" for each in found if each.compare_url
    ]
    if links:
        parts.append("\n".join([layout.heading("Compare"), *links]))
    many = "differs" if len(found) == 1 else "differ"
    parts.append(layout.note(f"{count(len(found), 'product')} {many} between {sides}"))
    return "\n\n".join(parts)


def diff_json(
    a: EnvironmentAt, b: EnvironmentAt, found: Sequence[Difference], *, problems: int = 0
) -> str:
    """Return what differs as JSON: `a`, `b`, `differences`, and the errors in what was read."""
    return as_json(
        {
            "a": {"environment": a.environment, "at": a.at},
            "b": {"environment": b.environment, "at": b.at},
            "differences": [difference_document(each) for each in found],
            "problems": problems,
        }
    )


def diff_listing(found: Sequence[Difference]) -> Listing:
    """Return what differs as rows of a table: one for each instance that differs, if any does."""
    columns = (*_COLUMNS, *_COMMITS) if any(each.commits for each in found) else _COLUMNS
    return Listing(columns, [row for each in found for row in _rows_of(each)])


def _rows_of(difference: Difference) -> Iterator[dict[str, Any]]:
    document = difference_document(difference)
    if not difference.instances:
        yield document
    for each in difference.instances:
        sides = {
            "a": _side_of_instance(difference.a, each.instance),
            "b": _side_of_instance(difference.b, each.instance),
        }
        yield {**document, **sides, "instance": each.instance}


def _side_of_instance(cell: CellState, name: str) -> dict[str, Any]:
    """Return what runs on an instance; the unnamed one, or the cell, stands for those not named."""
    version = cell.version_on(name)
    if not version:
        return {"version": None}
    if not cell.instances:
        return {"version": version, **_since(cell.since, cell.deployment)}
    states = {each.name: each for each in cell.instances}
    found = states.get(name) or states[""]
    return {"version": version, **_since(found.since, found.current)}


def _since(since: str, deployment: Deployment | None) -> dict[str, Any]:
    return {"since": since, "deployment": deployment.id if deployment is not None else None}


def difference_document(difference: Difference) -> dict[str, Any]:
    """Return the difference of one product as data."""
    return {
        "product": difference.product,
        "a": _side(difference.a),
        "b": _side(difference.b),
        "newer": difference.newer or None,
        "between": list(difference.between),
        "compare_url": difference.compare_url or None,
        "differs_since": difference.differs_since or None,
        "instances": [
            {"instance": each.instance, "a": each.a or None, "b": each.b or None}
            for each in difference.instances
        ],
        **_commits(difference.commits),
    }


def _commits(found: CommitDifference | None) -> dict[str, Any]:
    """Return how many commits would come and go, as keys that only known commits have."""
    if found is None:
        return {}
    return {"commits": {"added": found.added.count, "removed": found.removed.count}}


def _named(side: EnvironmentAt) -> str:
    return f"{side.environment} at {moment(side.at)} UTC" if side.at else side.environment


def _title(side: EnvironmentAt) -> str:
    return f"{side.environment} {moment(side.at)}" if side.at else side.environment


def _row(
    difference: Difference, a: EnvironmentAt, b: EnvironmentAt, *, dated: bool, counted: bool
) -> list[CellText]:
    newer = {"a": a, "b": b}.get(difference.newer)
    # If both sides are the same environment, the name does not tell them apart.
    named = "" if newer is None else newer.environment
    if a.environment == b.environment and newer is not None:
        named = "first" if newer is a else "second"
    return [
        Span(difference.product, "bold"),
        _side_lines(difference, difference.a),
        _side_lines(difference, difference.b),
        named,
        *([moment(difference.differs_since)] if dated else []),
        _between(difference.between) if difference.newer else "",
        *([difference_words(difference.commits) if difference.commits else ""] if counted else []),
    ]


def _side_lines(difference: Difference, cell: CellState) -> list[Span]:
    """Return the version of a side, or those of the instances that differ."""
    if not difference.instances or not (difference.a.mixed or difference.b.mixed):
        return [Span(abbreviate(cell.version)) if cell.version else Span("-", "dim")]
    lines = []
    for each in difference.instances:
        version = each.a if cell is difference.a else each.b
        text = Span(abbreviate(version)) if version else Span("-", "dim")
        lines.append(text._replace(tail=f"  {each.instance or 'others'}"))
    return lines


def _between(versions: Sequence[str]) -> str:
    if len(versions) <= _BETWEEN_SHOWN:
        return ", ".join(map(abbreviate, versions)) or "none"
    return f"{len(versions)}: {abbreviate(versions[0])} to {abbreviate(versions[-1])}"


def _side(cell: CellState) -> dict[str, Any] | None:
    if not cell.versions:
        return None
    return {
        "version": cell.version or None,
        "since": cell.since,
        "deployment": cell.deployment.id if cell.deployment else None,
        "mixed": cell.mixed,
    }
