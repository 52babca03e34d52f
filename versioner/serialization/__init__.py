"""YAML and JSON: read, write, edit and format logs and people's files."""

from __future__ import annotations

__all__: list[str] = []
