"""Links to the commits of versions, and to the pull requests and tickets that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from versioner.query.source_links import FORGES
from versioner.validation.commit_keys import key_number, pattern_of, patterns_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models.events import RecordedCommit
    from versioner.query.source_links import Source

__all__ = ["CommitLinks"]


class CommitLinks:
    """The addresses of commits and keys of one source, "" for what has none.

    The patterns of registry.yaml come first; `#12` and `!12` are else those of the forge.
    """

    def __init__(self, config: Mapping[str, Any], source: Source | None) -> None:
        self._base = source.url if source is not None else ""
        self._pages = FORGES[source.forge] if source is not None else None
        self._patterns = patterns_of(config)
        own = (config.get("changes") or {}).get("patterns") or ()
        self._urls = {each["match"]: each.get("url", "") for each in own}

    def commit(self, commit: str) -> str:
        """Return the page of a commit, which may be shortened."""
        return f"{self._base}/{self._pages.commit.format(sha=commit)}" if self._pages else ""

    def key(self, key: str) -> str:
        """Return the page of a pull request or ticket."""
        number = key_number(key)
        if self._urls:
            given = self._urls.get(pattern_of(key, self._patterns), "")
            if given:
                address = given.replace("{key}", quote(key, safe=""))
                return str(address.replace("{number}", quote(number, safe="")))
        page = ""
        if self._pages is not None and key[1:] == number:
            page = {"#": self._pages.number, "!": self._pages.merge_request}.get(key[:1], "")
        return f"{self._base}/{page.format(number=number)}" if page else ""

    def document(self, commit: RecordedCommit, *, author: bool = True) -> dict[str, Any]:
        """Return a commit as data, with the addresses of its pages, and with or without author."""
        return {
            "id": commit["id"],
            "subject": commit.get("subject"),
            "author": commit.get("author") if author else None,
            "url": self.commit(commit["id"]) or None,
            "keys": [{"key": key, "url": self.key(key) or None} for key in commit.get("keys", ())],
        }
