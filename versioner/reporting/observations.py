"""Reports of `versioner observe`, and of what was observed beside what is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.reporting.tables import Column, table
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import Span, abbreviate, count, moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.editing.observe import ObservedProduct, ObserveResult
    from versioner.editing.observed_products import Unclaimed
    from versioner.query.matrix import CellState
    from versioner.query.observed import ObservedState
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import TextLayout

__all__ = ["observed_document", "observed_json", "observed_table", "observed_text", "running_short"]

_UNCLAIMED_SHOWN = 20
_UNSEEN_SHOWN = 10


def observed_json(result: ObserveResult, *, dry_run: bool) -> str:
    """Return what an observation found as JSON."""
    return as_json(
        {
            "environment": result.environment,
            "instance": result.instance,
            "source": result.source,
            "at": result.at,
            "dry_run": dry_run,
            "products": [
                {
                    "product": each.product,
                    **observed_document(each.state),
                    "written": each.written,
                    "notes": list(each.notes),
                }
                for each in result.products
            ],
            "unclaimed": [
                {
                    "image": each.image,
                    "count": each.count,
                    "workloads": each.workloads,
                    "reason": each.reason or None,
                }
                for each in result.unclaimed
            ],
            "unseen": result.unseen,
            "uncertain": result.uncertain,
            "instance_listed": result.is_listed,
            "commit": result.edited.commit,
            "branch": result.edited.branch or None,
        }
    )


def observed_document(state: ObservedState) -> dict[str, Any]:
    """Return what was last seen in one place as data."""
    return {
        "instance": state.instance,
        "source": state.source,
        "running": state.running,
        "version": state.version or None,
        "versions": list(state.versions),
        "images": list(state.images),
        "artifacts": state.artifacts,
        "since": state.since,
        "at": state.at,
        "recorded": state.recorded or None,
        "comparison": state.comparison,
        "differs_since": state.differs_since or None,
    }


def observed_text(result: ObserveResult, *, dry_run: bool) -> str:
    """Return what an observation found: differences first, then what no product claims."""
    where = " ".join(part for part in (result.environment, result.instance) if part)
    same = [each for each in result.products if each.state.differs is False]
    unknown = [each for each in result.products if each.state.differs is None]
    seen = count(len(result.products), "product")
    lines = [f"{clean(where)}: {seen} seen, {len(same):,} as recorded"]
    lines += [_difference_line(each) for each in result.differing]
    lines += [_unknown_line(each) for each in unknown]
    lines += [
        f"  note: {each.product}: {clean(note)}" for each in result.products for note in each.notes
    ]
    if result.unseen:
        names = ", ".join(result.unseen[:_UNSEEN_SHOWN])
        more = len(result.unseen) - _UNSEEN_SHOWN
        names += f" and {more:,} more" if more > 0 else ""
        lines.append(f"  recorded there, never seen: {clean(names)}")
    if not result.is_listed:
        place = f'"{result.instance}" is not in the instances of {result.environment}'
        lines.append(f"  warning: {clean(place)}")
    if result.uncertain:
        lines.append("  note: a workload names no image, so no product is recorded as not running")
    lines += _unclaimed_lines(result.unclaimed)
    return "\n".join([*lines, *_written_lines(result, dry_run=dry_run)])


def observed_table(layout: TextLayout, cells: Iterable[CellState]) -> str:
    """Return a table of what was last seen in each cell, "" where nothing was looked at."""
    rows: list[list[CellText]] = [
        [
            cell.environment,
            each.instance,
            running_short(each),
            Span(each.comparison, "drift" if each.differs else "dim"),
            moment(each.differs_since or each.since),
            moment(each.at),
            Span(each.source, "dim"),
        ]
        for cell in cells
        for each in cell.observed
    ]
    columns = [
        Column("environment", 11),
        Column("instance", 8),
        Column("runs", 11),
        Column("comparison"),
        Column("since (UTC)"),
        Column("last seen (UTC)"),
        Column("source", spare=True),
    ]
    return table(layout, columns, rows, indent="  ") if rows else ""


def running_short(state: ObservedState) -> str:
    """Return what was seen to run in few words, for a cell of a table."""
    if not state.running:
        return "nothing"
    return " and ".join(abbreviate(version) for version in state.versions) or "unknown"


def running_text(state: ObservedState) -> str:
    """Return what was seen to run in words: a version, several, or `nothing`."""
    if not state.running:
        return "nothing"
    known = " and ".join(abbreviate(version) for version in state.versions)
    if not known:
        return "an unknown version"
    return known if state.version or len(state.versions) > 1 else f"{known} and another version"


def _difference_line(each: ObservedProduct) -> str:
    state = each.state
    recorded = " and ".join(map(abbreviate, state.recorded_versions)) or "nothing"
    since = f"since {moment(state.differs_since)} UTC"
    return f"  differs: {each.product} runs {running_text(state)}, recorded {recorded}, {since}"


def _unknown_line(each: ObservedProduct) -> str:
    images = f" ({', '.join(each.state.images)})" if each.state.images else ""
    return f"  unknown: {each.product} runs {running_text(each.state)}{clean(images)}"


def _unclaimed_lines(unclaimed: list[Unclaimed]) -> list[str]:
    if not unclaimed:
        return []
    lines = [f"  {count(len(unclaimed), 'image')} of no product:"]
    for each in unclaimed[:_UNCLAIMED_SHOWN]:
        why = f" ({each.reason})" if each.reason else ""
        where = ", ".join(each.workloads[:2]) + (", ..." if each.count > 2 else "")
        lines.append(f"    {clean(each.image)}{why}: {clean(where)}")
    more = len(unclaimed) - _UNCLAIMED_SHOWN
    return [*lines, f"    and {more:,} more"] if more > 0 else lines


def _written_lines(result: ObserveResult, *, dry_run: bool) -> list[str]:
    written = sum(each.written for each in result.products)
    if not written and result.is_late:
        return ["nothing to record: a later observation is recorded already"]
    if not written:
        return ["nothing to record: nothing changed since the last observation"]
    lines = [f"{'would record' if dry_run else 'recorded'} {count(written, 'observation')}"]
    if result.edited.commit:
        place = result.edited.branch.removeprefix("refs/heads/") or "a detached HEAD"
        lines.append(f"  commit {result.edited.commit[:12]} on {clean(place)}")
    return lines
