"""The filters of a partial fetch, in the order in which they are tried."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["FILTERS", "FilterLevel"]

FilterLevel = Literal["combine:tree:3+blob:none", "tree:0", "blob:none", ""]

# From the filter that fetches least to no filter.
FILTERS: Final[tuple[FilterLevel, ...]] = ("combine:tree:3+blob:none", "tree:0", "blob:none", "")
