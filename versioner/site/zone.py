"""The zone in which the site groups by day: the registry's own, wherever it is built."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache

__all__ = ["Zone"]


class Zone:
    """Tell day and time of a moment in a zone (IANA name); an unknown one is UTC."""

    def __init__(self, name: str) -> None:
        self._zone = _zone(name)
        self.name = name if self._zone is not UTC else "UTC"

    def day(self, at: str) -> str:
        """Return the day (`2025-11-22`) of a moment (RFC 3339, `Z`)."""
        return at[:10] if self._zone is UTC else self._local(at)[:10]

    def clock(self, at: str) -> str:
        """Return the time of day (`10:15`) of a moment (RFC 3339, `Z`)."""
        return at[11:16] if self._zone is UTC else self._local(at)[11:16]

    @lru_cache(maxsize=4096)  # noqa: B019 -- there is one zone for each build
    def _local(self, at: str) -> str:
        return datetime.fromisoformat(at).astimezone(self._zone).isoformat()


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return UTC if name in ("", "UTC") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
