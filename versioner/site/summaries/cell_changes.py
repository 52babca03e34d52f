"""What ran when: the changes of a product's cells by month, as `status --at` says them.

What runs in a cell is one text: a version, "" for none, or `eu=1.0 us=2.0` for instances, in
which the name before the first `=` may be empty: it stands for the instances not named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.layout import month_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.query.cell_history import Running

__all__ = ["PAST", "past_of", "running_text", "versions_in"]

# The rows of a product under this name and a month are the changes in it, oldest first.
PAST: Final = "past "


def past_of(courses: Mapping[str, Iterable[Running]]) -> tuple[dict[str, list[Any]], list[Any]]:
    """Return the changes of a product's cells by month, and its states around the latest month.

    A change is a time, an environment, and what runs from then on. The states are the latest
    month with a change, and by environment what ran at its begin, and what runs at its end, each
    with since when. `courses` has those of its cells.
    """
    changes = sorted(
        [each.at, name, running_text(each)] for name, course in courses.items() for each in course
    )
    months: dict[str, list[Any]] = {}
    for change in changes:
        months.setdefault(month_of(change[0]), []).append(change)
    latest = max(months, default="")
    begin = {name: [text, at] for at, name, text in changes if month_of(at) < latest}
    end = {name: [text, at] for at, name, text in changes}
    return {PAST + month: own for month, own in months.items()}, [latest, begin, end]


def running_text(running: Running) -> str:
    """Return what runs as one text."""
    if not running.versions:
        return ""
    if not running.instances:
        return running.version
    return " ".join(f"{name}={version}" for name, version in running.instances)


def versions_in(text: str) -> list[tuple[str, str]]:
    """Return the instances and versions in a text of what runs; one "" where there are none."""
    if "=" not in text:
        return [("", text)] if text else []
    found = [each.partition("=") for each in text.split(" ")]
    return [(name, version) for name, _, version in found]
