"""Judge XML by a strict parser: feeds by RFC 4287, badges, and the sitemap."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Final

from versioner.site.checks.folder import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from versioner.site.checks.folder import Folder

__all__ = ["check_markup"]

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_SVG: Final = "{http://www.w3.org/2000/svg}"
_SITEMAP: Final = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_ONCE: Final = ("id", "title", "updated")


def check_markup(folder: Folder) -> Iterator[Fault]:
    """Yield every fault of a site's feeds, pictures and sitemap."""
    for path in folder.ending(".atom", ".svg", ".xml"):
        root = _parsed(folder.read(path))
        if isinstance(root, str):
            yield Fault(path, root)
        elif path.endswith(".atom"):
            yield from (Fault(path, problem) for problem in _feed(folder, path, root))
        elif path.endswith(".svg"):
            yield from (Fault(path, problem) for problem in _picture(path, root))
        else:
            yield from (Fault(path, problem) for problem in _sitemap(folder, root))


def _parsed(content: bytes) -> Element | str:
    # Without a document type there is no entity that could grow or reach outside.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return "it has a document type"
    try:
        return ET.fromstring(content)  # noqa: S314
    except (ET.ParseError, ValueError) as error:
        return f"it is not well-formed XML: {error}"


def _feed(folder: Folder, path: str, feed: Element) -> Iterator[str]:
    if feed.tag != f"{_ATOM}feed":
        yield "its root is not an Atom feed"
        return
    yield from _told_once(feed, "the feed")
    entries = feed.findall(f"{_ATOM}entry")
    is_signed = _is_signed(feed)
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        what = f"entry {number}"
        yield from _told_once(entry, what)
        name = entry.findtext(f"{_ATOM}id", "")
        if name in seen:
            yield f"{what} has the id of another one"
        seen.add(name)
        if not is_signed and not _is_signed(entry):
            yield f"{what} has no author, nor has the feed"
        if entry.find(f"{_ATOM}content") is None and not _alternates(entry):
            yield f"{what} has neither content nor a link"
    base = _base(feed, path)
    for link in feed.iter(f"{_ATOM}link"):
        yield from _link(folder, path, link.get("href", ""), base)


def _told_once(element: Element, what: str) -> Iterator[str]:
    for name in _ONCE:
        found = element.findall(_ATOM + name)
        if len(found) != 1:
            yield f"{what} has {len(found) or 'no'} {name}"
    if not _URI.fullmatch(element.findtext(f"{_ATOM}id", "urn:x")):
        yield f"{what} has an id that is no URI"
    for name in ("updated", "published"):
        for moment in element.findall(_ATOM + name):
            if not _MOMENT.fullmatch(moment.text or ""):
                yield f"{what} was {name} at no moment: {moment.text}"


def _is_signed(element: Element) -> bool:
    authors = element.findall(f"{_ATOM}author")
    return any((each.findtext(f"{_ATOM}name") or "").strip() for each in authors)


def _alternates(entry: Element) -> list[Element]:
    links = entry.findall(f"{_ATOM}link")
    return [link for link in links if link.get("rel", "alternate") == "alternate"]


def _base(feed: Element, path: str) -> str:
    """Return the site's address, as the feed's link to itself has it; else `""`."""
    own = [
        link.get("href", "") for link in feed.findall(f"{_ATOM}link") if link.get("rel") == "self"
    ]
    return own[0].removesuffix(path) if own and own[0].endswith(path) else ""


def _link(folder: Folder, path: str, href: str, base: str) -> Iterator[str]:
    if not href:
        yield "a link without an address"
    elif base and href.startswith(base):
        if problem := folder.resolve("index.html", href.removeprefix(base)):
            yield problem
    elif _URI.match(href):
        yield f"the link {href} leaves the site"
    elif problem := folder.resolve(path, href):
        yield problem


def _picture(path: str, root: Element) -> Iterator[str]:
    if root.tag != f"{_SVG}svg":
        yield "its root is not an SVG picture"
    if path.startswith("badges/") and not (root.findtext(f"{_SVG}title") or "").strip():
        yield "it has no title"
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]
        if name in ("script", "foreignObject", "image", "use", "style"):
            yield f"it has a <{name}>"
        for key, value in element.attrib.items():
            if key.rpartition("}")[2].startswith(("on", "href")) or "url(" in value:
                yield f"its <{name}> has {key.rpartition('}')[2]}"


def _sitemap(folder: Folder, root: Element) -> Iterator[str]:
    if root.tag not in (f"{_SITEMAP}urlset", f"{_SITEMAP}sitemapindex"):
        yield "its root is not a sitemap"
        return
    robots = folder.read("robots.txt").decode() if "robots.txt" in folder.files else ""
    named = re.search(r"^Sitemap: (\S+)sitemap\.xml$", robots, re.MULTILINE)
    if named is None:
        yield "robots.txt does not name it"
        return
    for place in root.iter(f"{_SITEMAP}loc"):
        address = place.text or ""
        inside = address.startswith(named[1]) and address.removeprefix(named[1]) in folder.files
        if not inside:
            yield f"{address} is no file of the site"
