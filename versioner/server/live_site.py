"""The built site of a server: built again after each commit, and served with its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from versioner.server.reader import RegistryReader
    from versioner.server.settings import ServerSettings

__all__ = ["LiveSite"]


class LiveSite:
    """The site in the state folder."""

    def __init__(self, settings: ServerSettings, reader: RegistryReader) -> None:
        self._settings = settings
        self._reader = reader

    def start(self) -> None:
        """Begin to build."""

    def stop(self) -> None:
        """End."""
