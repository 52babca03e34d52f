"""Know the files that editors and systems leave beside people's own."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_litter"]

# vim and its probe, Emacs, what merges and patches put aside, macOS, Windows.
_LITTER: Final = (
    r".*\.sw[a-p]|.*~|4913|\.#.*|#.*#|.*\.orig|.*\.rej|\.DS_Store|(?i:thumbs\.db|desktop\.ini)"
)


def is_litter(path: str) -> bool:
    """Tell whether a file's name is one that a program chose (`starter/dot-gitignore` too)."""
    return re.fullmatch(_LITTER, path.rpartition("/")[2]) is not None
