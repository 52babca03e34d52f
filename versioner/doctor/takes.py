"""Word what a remote takes: the same whether it was asked, or looked at from inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.doctor.checks import note, ok, warning
from versioner.remote.partial_clone import LADDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.doctor.checks import Check

__all__ = ["filters_check"]


def filters_check(taken: Sequence[str]) -> Check:
    """Tell which filters a fetch may use, and what that means for what it moves."""
    best = LADDER[0]
    if best in taken:
        return ok("filters", ", ".join(taken))
    if taken:
        return note(
            "filters",
            f"{', '.join(taken)}, but not {best}: recording from afar takes more requests",
            "on a server of your own: git config uploadpackfilter.allow true",
        )
    return warning(
        "filters",
        "none: recording from afar fetches all files of the registry, every time",
        "on a server of your own: git config uploadpack.allowFilter true",
    )
