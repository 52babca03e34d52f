"""The limits of what is read."""

from __future__ import annotations

from typing import Final

__all__ = ["LOG_LIMIT"]

# Bytes of a whole log; the snapshot reads no file that is larger.
LOG_LIMIT: Final = 64 * 1024 * 1024
