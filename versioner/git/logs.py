"""Tell what of an append to a log is missing from other bytes of the same log.

Only lines are looked at, never what they say: this is what keeps an acknowledged event when a
commit of stale files has taken it out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["appended_lines", "is_log", "with_lines"]

_LOG: Final = r"registry/products/[^/]+/(?:versions|deployments)/[^/]+\.yaml"


def is_log(path: str) -> bool:
    """Tell whether a path is a log's."""
    return re.fullmatch(_LOG, path) is not None


def appended_lines(old: bytes, new: bytes) -> list[bytes] | None:
    """Return the lines that an append added; None where it was no mere append."""
    before, after = old.splitlines(), new.splitlines()
    return after[len(before) :] if after[: len(before)] == before else None


def with_lines(data: bytes, lines: Sequence[bytes]) -> bytes | None:
    """Return data with those lines added that it lacks; None where it lacks none."""
    there = set(data.splitlines())
    lacking = [line for line in lines if line not in there]
    if not lacking:
        return None
    end = b"\r\n" if b"\r\n" in data else b"\n"
    glue = b"" if not data or data.endswith(b"\n") else end
    return data + glue + b"".join(line + end for line in lacking)
