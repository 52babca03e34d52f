"""Bytes to data and back: logs and people's files, each module imported where it is used."""

from __future__ import annotations

__all__: list[str] = []
