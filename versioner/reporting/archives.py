"""Reports of archived months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.reporting.edits import commit_line
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import count

if TYPE_CHECKING:
    from versioner.editing.archive import ArchivedYear, ArchiveResult

__all__ = ["archived_json", "archived_text"]

_YEARS_SHOWN: Final = 10


def archived_text(result: ArchiveResult, *, dry_run: bool) -> str:
    """Return what was archived, or would be."""
    notes = [f"  note: {clean(note)}" for note in _notes(result)]
    if not result.years:
        nothing = f"nothing to archive: no month before {result.before} has a log of its own"
        return "\n".join([nothing if not notes else "nothing to archive", *notes])
    lines = [
        f"{'would archive' if dry_run else 'archived'} {count(result.events, 'event')} of "
        f"{count(result.products, 'product')}: {count(result.months, 'log')} of months "
        f"in {count(len(result.years), 'log')} of years",
        *(f"  {_year_text(each)}" for each in result.years[:_YEARS_SHOWN]),
    ]
    more = len(result.years) - _YEARS_SHOWN
    lines += [f"  and {count(more, 'more log')} of years"] if more > 0 else []
    if result.edited.commit:
        lines.append(commit_line(result.edited.commit, result.edited.branch))
    return "\n".join([*lines, *notes])


def archived_json(result: ArchiveResult, *, dry_run: bool) -> str:
    """Return the same as JSON with stable keys."""
    document: dict[str, Any] = {
        "dry_run": dry_run,
        "before": result.before,
        "products": result.products,
        "months": result.months,
        "events": result.events,
        "logs": [
            {
                "product": each.product,
                "kind": each.kind,
                "path": each.path,
                "months": list(each.months),
                "events": each.events,
            }
            for each in result.years
        ],
        "kept": result.kept,
        "commit": result.edited.commit,
        "branch": result.edited.branch.removeprefix("refs/heads/"),
        "notes": _notes(result),
    }
    return as_json(document)


def _year_text(year: ArchivedYear) -> str:
    first, last = year.months[0], year.months[-1]
    months = first if first == last else f"{first} to {last}"
    return clean(f"{year.path}: {months}, {count(year.events, 'event')}")


def _notes(result: ArchiveResult) -> list[str]:
    if not result.kept:
        return []
    logs = count(len(result.kept), "log")
    stay = "stays" if len(result.kept) == 1 else "stay"
    return [f"{logs} of months {stay}, because the log of a year would be too large"]
