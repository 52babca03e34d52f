"""The check of a built site by its files alone: dead links, missing anchors, unsafe markup.

The registry's own templates can break what the tool's templates hold, so every page is read
again as a visitor's browser reads it. This module shares no code with the one that renders.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter
from html import unescape
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from versioner.errors import OperationFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SiteProblem", "check_site"]

_NOT_FOUND: Final = "404.html"
_TAG: Final = re.compile(
    r"<!--.*?-->|<!doctype [^>]*>|</[a-zA-Z][a-zA-Z0-9-]*\s*>"
    r'|<([a-zA-Z][a-zA-Z0-9-]*)((?:\s+[^\s"\'<>/=]+(?:="[^"]*")?)*)\s*/?>|(<)',
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE: Final = re.compile(r'([^\s"\'<>/=]+)(?:="([^"]*)")?')
_INLINE: Final = re.compile(r"<(script|style)\b[^>]*>([^<]*)</", re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//)")
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
_FETCHING_ATTRIBUTES: Final = frozenset({"src", "srcset", "data", "poster", "background"})
_FETCHING_RELATIONS: Final = re.compile(r"stylesheet|icon|preload|prefetch|preconnect|manifest")
_LINKS: Final = frozenset({"href", "src", "action"})
# Most tags have none of these, and parsing attributes is most of the time.
_RELEVANT: Final = re.compile(r"id=|href=|src|http-equiv=|action=|data=|poster=|style|\bon|=\"//")
_POLICY: Final = "Content-Security-Policy"
# A mail has its styles in its elements, since mail programs read no style sheet.
_MAIL: Final = "today/mail.html"
_POLICY_OF_MAIL: Final = "default-src 'none'; style-src 'unsafe-inline'"


class SiteProblem(NamedTuple):
    """A problem of one file of a site; `str()` of it is one line."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class _Page(NamedTuple):
    """What a page is checked by; the problems are those that it shows without other files."""

    ids: Counter[str]
    links: list[str]
    problems: list[str]
    is_mail: bool = False


class _Folder:
    """The files of a built site, and the anchors of its pages once they are read."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.files, self.irregular = _files_in(top)
        self.anchors: dict[str, frozenset[str]] = {}
        if "index.html" not in self.files:
            raise OperationFailed(
                f"{top} has no site in it", hint="build one: `versioner site build --out DIR`"
            )

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return (self.top / path).read_bytes()

    def ending(self, suffix: str) -> list[str]:
        """Return the paths that end with a suffix, in order."""
        return [path for path in self.files if path.endswith(suffix)]

    def link_problem(self, path: str, link: str) -> str:
        """Return what is wrong with a relative link of a file; `""` where it works."""
        target, _, fragment = link.partition("#")
        target = unquote(target.partition("?")[0])
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if not target:
            there = path
        if there not in self.files:
            return f"dead link: {link} (there is no such file)"
        known = self.anchors.get(there)
        if fragment and known is not None and unquote(fragment) not in known:
            return f"dead link: {link} (the page has no such anchor)"
        return ""


def check_site(top: Path) -> list[SiteProblem]:
    """Return every problem of the site in a folder, by path.

    Raises OperationFailed where the folder has no site.
    """
    folder = _Folder(top)
    found = [SiteProblem(path, "not a regular file") for path in folder.irregular]
    pages = {path: _read_page(path, folder.read(path)) for path in folder.ending(".html")}
    folder.anchors = {path: frozenset(page.ids) for path, page in pages.items()}
    for path, page in pages.items():
        problems = [*page.problems, *_repeated_ids(page), *_dead_links(folder, path, page)]
        found += [SiteProblem(path, message) for message in problems]
    for path in folder.ending(".css"):
        text = folder.read(path).decode("utf-8", "replace")
        found += [SiteProblem(path, message) for message in _style_problems(text)]
    return sorted(dict.fromkeys(found))


def _files_in(top: Path) -> tuple[dict[str, None], list[str]]:
    """Return the paths of regular files in order, and of other entries; follow no link."""
    files: list[str] = []
    others: list[str] = []
    for base, folders, names in os.walk(top):
        for name in (*names, *folders):
            entry = os.path.join(base, name)  # noqa: PTH118 -- thousands of times
            path = os.path.relpath(entry, top).replace(os.sep, "/")
            if os.path.islink(entry):  # noqa: PTH114
                others.append(path)
            elif name in names:
                (files if os.path.isfile(entry) else others).append(path)  # noqa: PTH113
    return dict.fromkeys(sorted(files)), sorted(others)


def _read_page(path: str, content: bytes) -> _Page:
    page = _Page(Counter(), [], [], is_mail=path == _MAIL)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        page.problems.append("not UTF-8")
        return page
    policies: list[str] = []
    for found in _TAG.finditer(text):
        tag, attributes, stray = found.groups()
        if stray:
            line = text.count("\n", 0, found.start()) + 1
            page.problems.append(f"line {line}: malformed tag")
        elif attributes and _RELEVANT.search(attributes):
            _read_tag(page, tag.lower(), _attributes(attributes), policies)
    page.problems.extend(
        f"inline <{kind}>" for kind, inside in _INLINE.findall(text) if inside.strip()
    )
    if not page.is_mail or policies != [_POLICY_OF_MAIL]:
        page.problems.extend(_policy_problems(policies))
    return page


def _attributes(text: str) -> dict[str, str]:
    return {
        name.lower(): unescape(value) if "&" in value else value
        for name, value in _ATTRIBUTE.findall(text)
    }


def _read_tag(page: _Page, tag: str, attributes: dict[str, str], policies: list[str]) -> None:
    for name, value in attributes.items():
        if name == "id":
            page.ids[value] += 1
        elif (name == "style" and not page.is_mail) or name.startswith("on"):
            page.problems.append(f"inline {name} on <{tag}>")
        elif name in _LINKS:
            page.links.append(value)
        if name in _FETCHING_ATTRIBUTES and _SCHEME.match(value):
            page.problems.append(f"<{tag}> loads from another host: {value}")
    if tag == "link" and _SCHEME.match(attributes.get("href", "")):
        if _FETCHING_RELATIONS.search(attributes.get("rel", "")):
            page.problems.append(f"<link> loads from another host: {attributes['href']}")
    elif tag == "meta" and "http-equiv" in attributes:
        if attributes["http-equiv"].lower() == _POLICY.lower():
            policies.append(attributes.get("content", ""))
        elif attributes["http-equiv"].lower() == "refresh":
            page.problems.append("the page loads another one by itself (http-equiv refresh)")


def _policy_problems(policies: list[str]) -> Iterator[str]:
    if len(policies) != 1:
        yield f"{len(policies) or 'no'} {_POLICY}"
        return
    policy = policies[0]
    if "default-src 'none'" not in policy:
        yield f"the {_POLICY} lacks default-src 'none'"
    if re.search(r"'unsafe-|\*|//|https?:", policy):
        yield f"the {_POLICY} allows other hosts or inline code: {policy}"


def _repeated_ids(page: _Page) -> Iterator[str]:
    return (f'the id "{name}" occurs {n} times' for name, n in page.ids.items() if n > 1)


def _dead_links(folder: _Folder, path: str, page: _Page) -> Iterator[str]:
    base = _base(page) if path == _NOT_FOUND else ""
    for link in dict.fromkeys(page.links):
        if _SCHEME.match(link):
            if not _WEB.match(link):
                yield f"the link {link} is neither relative nor http(s)"
            continue
        if link.startswith("/"):
            if not base or not link.startswith(base):
                yield f"the link {link} is absolute: it works at one address of the site only"
                continue
            link = link.removeprefix(base) or "index.html"
        if problem := folder.link_problem(path, link):
            yield problem


def _base(page: _Page) -> str:
    """Return the path of the site on its server, which 404.html puts before its links."""
    sheet = next((link for link in page.links if link.endswith("assets/site.css")), "")
    return sheet.removesuffix("assets/site.css")


def _style_problems(text: str) -> Iterator[str]:
    for link in re.findall(r"url\(\s*[\"']?([^\"')]+)", text):
        if _SCHEME.match(link) and not link.startswith("data:"):
            yield f"url() loads from another host: {link}"
    if "@import" in text:
        yield "@import of another style sheet"
