"""Changes: what a command wants of the registry, before it is a commit."""

from __future__ import annotations

__all__ = ["Changes"]

# Repository path ("registry/...", "/" between parts) to its new bytes; None deletes the file.
Changes = dict[str, bytes | None]
