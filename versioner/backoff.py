"""How long to wait before another try: those who fail at once are not to try again at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["spread"]


def spread(seconds: float, entropy: Callable[[], tuple[int, bytes]]) -> float:
    """Return between half and one and a half of a pause, by chance."""
    return seconds * (0.5 + entropy()[1][0] / 256)
