"""The lines for each CI system, from the documentation, with the addresses of one registry."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.resources import docs_dir

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.site.views.parts.layout import View

__all__ = ["REGISTRY", "snippet_views"]

# What stands in the documentation for the registry, its page on a forge, the recorder and its hash.
REGISTRY: Final = "https://git.example.com/acme/deployments.git"
_ON_GITHUB: Final = "https://github.com/acme/deployments"
_RECORDER: Final = "https://deployments.example.com/versioner.pyz"
_SHA256: Final = "0" * 64
_FIRST, _LAST = "GitHub Actions", "Any other system, in plain shell"
_SECTION: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_SNIPPET: Final = re.compile(r"<!-- snippet: [a-z-]+ -->\n```[a-z]*\n(.*?)\n```", re.DOTALL)
_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")
# An address is put into the text of a script only where no character can mean anything there.
_PLAIN: Final = re.compile(r"(?:https|ssh)://[A-Za-z0-9.:/_~@-]+")


class _Section(NamedTuple):
    title: str
    paragraphs: tuple[tuple[str, ...], ...]
    code: str


def snippet_views(registry: str, recorder: str, sha256: str) -> list[View]:
    """Return the views of the sections, in the order of the documentation."""
    own: dict[str, str] = {_SHA256: sha256}
    if _PLAIN.fullmatch(registry):
        own |= {REGISTRY: registry, _ON_GITHUB: registry.removesuffix(".git")}
    if _PLAIN.fullmatch(recorder):
        own[_RECORDER] = recorder
    return [
        {
            "title": each.title,
            "anchor": re.sub(r"[^a-z0-9]+", "-", each.title.lower()),
            "paragraphs": each.paragraphs,
            "code": _filled(each.code, own),
        }
        for each in _sections()
    ]


def _filled(code: str, own: Mapping[str, str]) -> str:
    for placeholder, value in own.items():
        code = code.replace(placeholder, value)
    return code


@cache
def _sections() -> tuple[_Section, ...]:
    parts = _SECTION.split((docs_dir() / "recording.md").read_text(encoding="utf-8"))
    titles = parts[1::2]
    wanted = slice(titles.index(_FIRST), titles.index(_LAST) + 1)
    return tuple(map(_section, titles[wanted], parts[2::2][wanted]))


def _section(title: str, text: str) -> _Section:
    found = _SNIPPET.search(text)
    before = text[: found.start()] if found is not None else text
    paragraphs = [_LINK.sub(r"\1", " ".join(each.split())) for each in before.split("\n\n")]
    parts = tuple(tuple(each.split("`")) for each in paragraphs if each)
    return _Section(title, parts, found[1] if found is not None else "")
