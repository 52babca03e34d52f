"""The changes that a command makes to files, before they are a commit."""

from __future__ import annotations

__all__ = ["Changes"]

# Repository path ("registry/...", "/" between parts) to its new bytes; None deletes the file.
Changes = dict[str, bytes | None]
