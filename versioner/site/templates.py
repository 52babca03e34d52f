"""The templates that pages are made with: the tool's own, and a registry's over them.

They are text in memory, read once: while a page is rendered no file is opened, so that no
template, wherever it came from, can name one.
"""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["OWN", "Templates", "read_templates"]

# What a registry's template extends to change a part of the tool's: `versioner:product.html`.
OWN: Final = "versioner:"

_TAG: Final = re.compile(r"\{%[-+]?\s*(?:extends|include|import|from)\b")
_NAMED: Final = re.compile(
    r"""\{%[-+]?\s*(?:extends|include|import|from)\s+(?:"([^"\\]*)"|'([^'\\]*)')"""
)


class Templates:
    """Hold templates by name; `over` stands before `own`, which stay within reach as `versioner:`.

    `place_of` names where a template is written, for messages.
    """

    def __init__(self, own: Mapping[str, str], over: Mapping[str, str] | None = None) -> None:
        self._own = dict(own)
        # A copy of the tool's template changes nothing, and is not told apart from it.
        self._over = {name: text for name, text in (over or {}).items() if own.get(name) != text}
        self._prints: dict[str, bytes] = {}

    def source(self, name: str) -> tuple[str, str] | None:
        """Return a template's text and its file name, or None where there is no such template."""
        if name in self._over:
            return self._over[name], f"site_templates/{name}"
        own = name.removeprefix(OWN)
        return (self._own[own], f"{OWN}{own}") if own in self._own else None

    def is_over(self, place: str) -> bool:
        """Tell whether a file name that `source` returned is one of the registry's."""
        return place.removeprefix("site_templates/") in self._over and not place.startswith(OWN)

    @property
    def changed(self) -> tuple[str, ...]:
        """Return the names of the registry's own templates."""
        return tuple(sorted(self._over))

    def fingerprint(self, name: str) -> bytes:
        """Return a hash of a template with all that it extends, includes and imports."""
        if name not in self._prints:
            digest = hashlib.blake2b(digest_size=16)
            for each in sorted(self._reached(name)):
                text, place = self.source(each) or ("", "")
                for part in (each, place, text):
                    digest.update(b"%d " % len(part.encode("utf-8", "surrogatepass")))
                    digest.update(part.encode("utf-8", "surrogatepass"))
            self._prints[name] = digest.digest()
        return self._prints[name]

    def _reached(self, name: str) -> set[str]:
        reached, pending = set[str](), [name]
        while pending:
            each = pending.pop()
            if each not in reached:
                reached.add(each)
                pending += self._references.get(each, [])
        return reached

    @cached_property
    def _references(self) -> dict[str, list[str]]:
        names = [*self._own, *self._over, *(OWN + own for own in self._own)]
        found: dict[str, list[str]] = {}
        for name in names:
            text = (self.source(name) or ("", ""))[0]
            named = [double or single for double, single in _NAMED.findall(text)]
            # A name that is computed may be any.
            found[name] = named if len(named) == len(_TAG.findall(text)) else names
        return found


def read_templates(folder: Path) -> dict[str, str]:
    """Read the templates of a folder, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] != "assets"
    }
