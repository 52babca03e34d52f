"""What answers say in place of secrets and of the paths of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from versioner.remote.url import Remote
from versioner.secret_scanning import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import HTTPConnection

    from versioner.server.settings import ServerSettings

__all__ = ["PublicTexts", "public_texts_of", "texts_of"]


class PublicTexts:
    """Texts as everybody may read them; `folders` are those of this machine, by their words."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        words = {
            path: word
            for word, folder in folders.items()
            for path in {str(folder), str(folder.resolve())} - {folder.anchor, "."}
        }
        # A folder in another one has a word of its own.
        self._words = sorted(words.items(), key=lambda each: len(each[0]), reverse=True)

    def of(self, text: str) -> str:
        """Return a text without secrets, with words in place of the paths of folders."""
        for path, word in self._words:
            text = text.replace(path, word)
        return without_secrets(text)


def public_texts_of(settings: ServerSettings) -> PublicTexts:
    """Return the texts of a server, whose folders are nobody's business."""
    folders = {"STATE": settings.state_dir}
    if not isinstance(settings.location, Remote):
        folders["REPOSITORY"] = settings.location
    elif settings.location.url.startswith("file://"):
        folders["REPOSITORY"] = Path(settings.location.url.removeprefix("file://"))
    return PublicTexts(folders)


def texts_of(request: HTTPConnection) -> PublicTexts:
    """Return the texts of the server that got a request."""
    return cast("PublicTexts", request.app.state.texts)
