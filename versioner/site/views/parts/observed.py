"""What was seen to run where it differs from what is recorded, for the cells of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.site.wording import day_text, version_text

if TYPE_CHECKING:
    from versioner.query.matrix import CellState
    from versioner.query.observed import ObservedState
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = [
    "DIFFERS",
    "differing",
    "last_looks",
    "observed_marks",
    "recorded_words",
    "running_words",
]

# The class of the mark; the style sheet gives it a shape.
DIFFERS = "status-observed"


def differing(state: CellState) -> list[ObservedState]:
    """Return the observations of a cell that differ from what is recorded."""
    return [each for each in state.observed if each.differs]


def running_words(state: ObservedState) -> tuple[str, str]:
    """Return what was seen to run, in short and in full."""
    if not state.running:
        return "nothing", "nothing"
    if not state.versions:
        return "unknown", ", ".join(state.images) or "a version that is not known"
    short = [version_text(version) for version in state.versions]
    return ", ".join(short), ", ".join(state.versions)


def recorded_words(state: ObservedState) -> str:
    """Return what is recorded to run where something was seen: versions, or `nothing`."""
    return ", ".join(map(version_text, state.recorded_versions)) or "nothing"


def last_looks(state: CellState) -> list[View]:
    """Return what was last seen to run in a cell and when, for each instance and source."""
    return [
        {
            "text": f"seen to run: {running_words(each)[0]}"
            + (f" on {each.instance}" if each.instance else "")
            + f" ({each.source})",
            "at": each.at,
            "when": day_text(each.at[:10]),
        }
        for each in state.observed
    ]


def observed_marks(context: SiteContext, page: str, state: CellState) -> list[View]:
    """Return the marks of a cell, in the form of the deployments beside its version."""
    marks = []
    for each in differing(state):
        short, full = running_words(each)
        link = context.version(page, state.product, each.version) if each.version else ""
        marks.append(
            {
                "status_class": DIFFERS,
                "status": f"observed on {each.instance}" if each.instance else "observed",
                "version": short,
                "version_full": full,
                "href": link or context.product(page, state.product),
                "since": True,
                "at": each.differs_since,
                "when": day_text(each.differs_since[:10]),
                "age": context.age(each.differs_since),
            }
        )
    return marks
