"""Reports of the commits by which two versions differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.reporting.delimited import Listing
from versioner.reporting.tables import Column, table
from versioner.reporting.terminal import as_json
from versioner.reporting.text import count, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.query.commits.between import CommitDifference, CommitList
    from versioner.query.commits.links import CommitLinks
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import TextLayout

__all__ = ["difference_document", "difference_json", "difference_listing", "difference_text"]

_COLUMNS: Final = ("change", "id", "subject", "author", "keys", "url")
_MOST_NAMED: Final = 10


def difference_text(layout: TextLayout, product: str, found: CommitDifference) -> str:
    """Return what one version adds to another one and takes away, as tables."""
    lines = [f"{product} {found.base}..{found.head}"]
    for commits, verb in ((found.added, "added"), (found.removed, "taken away")):
        if commits.count:
            lines += ["", f"{count(commits.count, 'commit')} {verb}:", _table(layout, commits)]
        if commits.more:
            lines.append(layout.paint(f"and {count(commits.more, 'commit')} not listed", "dim"))
    if not found.added.count and not found.removed.count:
        lines += ["", "No commits." if found.exact else "No commits are recorded."]
    if not found.exact:
        lines += ["", *wrap(_doubt(found), layout.width)]
    return "\n".join(lines)


def _doubt(found: CommitDifference) -> str:
    if not found.unknown:
        return (
            "These are the commits of the versions between the two, in the order of versions: how "
            "the two are related is not recorded."
        )
    names = ", ".join(found.unknown[:_MOST_NAMED])
    more = len(found.unknown) - _MOST_NAMED
    names += f" and {more:,} more" if more > 0 else ""
    return f"There may be others: the commits of {names} are not all known."


def _table(layout: TextLayout, commits: CommitList) -> str:
    columns = [
        Column("commit"),
        Column("author", spare=True),
        Column("names", 8, spare=True),
        Column("subject", 20),
    ]
    rows: list[list[CellText]] = [
        [
            each["id"],
            each.get("author", ""),
            ", ".join(each.get("keys", ())),
            each.get("subject", ""),
        ]
        for each in commits.commits
    ]
    return table(layout, columns, rows)


def difference_document(found: CommitDifference, links: CommitLinks) -> dict[str, Any]:
    """Return what one version adds to another one and takes away, as data."""
    return {
        "from": found.base,
        "to": found.head,
        "exact": found.exact,
        "unknown": list(found.unknown),
        "added": _list_document(found.added, links),
        "removed": _list_document(found.removed, links),
    }


def _list_document(commits: CommitList, links: CommitLinks) -> dict[str, Any]:
    return {
        "count": commits.count,
        "commits": [links.document(each) for each in commits.commits],
    }


def difference_json(
    product: str, found: CommitDifference, links: CommitLinks, *, problems: int
) -> str:
    """Return what one version adds to another one and takes away, as JSON."""
    return as_json({"product": product, **difference_document(found, links), "problems": problems})


def difference_listing(found: CommitDifference, links: CommitLinks) -> Listing:
    """Return the commits as rows, those that are added first."""
    return Listing(
        _COLUMNS, [*_rows("added", found.added, links), *_rows("removed", found.removed, links)]
    )


def _rows(change: str, commits: CommitList, links: CommitLinks) -> Iterator[dict[str, Any]]:
    for each in commits.commits:
        document = links.document(each)
        yield {"change": change, **document, "keys": list(each.get("keys", ()))}
