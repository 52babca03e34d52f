"""Judge a built site by reading its files alone: structure, links, anchors, what may not be there.

It shares no code with the site: a fault of one does not hide in the other.
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from pathlib import Path

VOID = {"meta", "link", "input", "br", "img", "hr"}
# A mail has its styles in its elements, and no frame.
MAIL = "today/mail.html"
FAULTS_OF_MAIL = ("inline style", "0 <header>", "0 <footer>", "a table without caption")
LANDMARKS = ("header", "main", "footer")


class Page(HTMLParser):
    """Read one page into what can be judged: elements with attributes, ids, links, faults."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = text
        self.open: list[str] = []
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()
        if self.open:
            self.faults.append(f"not closed: {self.open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        raw = self.get_starttag_text() or ""
        if re.search(r"=\s*[^\"\s>]", re.sub(r'"[^"]*"', '""', raw)):
            self.faults.append(f"an attribute without quotes: {raw}")
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"an attribute twice: {raw}")
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in ("href", "src"):
                self.links.append(value or "")
            if name.startswith("on") or name == "style":
                self.faults.append(f"inline {name}")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> inside {self.open[-3:]}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style") and data.strip():
            self.faults.append(f"inline {self.open[-1]}")
        self.words.append(data)

    @property
    def skeleton(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the elements with the names of their attributes, without any text."""
        return [(tag, tuple(name for name, _ in attrs)) for tag, attrs in self.elements]

    @property
    def shown(self) -> str:
        """Return the text, white space collapsed."""
        return " ".join(" ".join(self.words).split())

    def count(self, tag: str) -> int:
        """Return how many elements of a kind there are."""
        return sum(name == tag for name, _ in self.elements)


@lru_cache(maxsize=300)
def page_of(text: str) -> Page:
    """Parse a page; one of the same text is parsed once, for sites that are compared are alike."""
    return Page(text)


def read_site(out: Path) -> dict[str, Page]:
    """Parse every page of a site, by path."""
    return {
        path.relative_to(out).as_posix(): page_of(path.read_text(encoding="utf-8"))
        for path in sorted(out.rglob("*.html"))
    }


def check_site(out: Path) -> list[str]:
    """Return every fault of a built site."""
    pages = read_site(out)
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    faults = []
    for path, page in pages.items():
        found = [*page.faults, *_structure(page), *_links(path, page, pages, files)]
        faults += [f"{path}: {fault}" for fault in unless_of_mail(path, found)]
    return faults


def unless_of_mail(path: str, faults: list[str]) -> list[str]:
    """Return the faults of a page without those that a mail has to have."""
    return [each for each in faults if path != MAIL or each not in FAULTS_OF_MAIL]


def _structure(page: Page) -> list[str]:
    faults = [f"id twice: {name}" for name in set(page.ids) if page.ids.count(name) > 1]
    faults += [f"id with a space: {name}" for name in page.ids if re.search(r"\s", name)]
    faults += [f"{page.count(tag)} <{tag}>" for tag in ("h1", *LANDMARKS) if page.count(tag) != 1]
    for tag, attrs in page.elements:
        given = dict(attrs)
        if tag == "th" and "scope" not in given:
            faults.append("a <th> without scope")
        if tag in ("script", "img", "iframe") and urlsplit(given.get("src") or "").scheme:
            faults.append(f"<{tag}> from elsewhere")
        for name in ("aria-labelledby", "for"):
            for each in (given.get(name) or "-").split() if name in given else ():
                if each not in page.ids:
                    faults.append(f"{name} names no id: {each}")
    if page.count("caption") != page.count("table"):
        faults.append("a table without caption")
    policy = [a for tag, a in page.elements if tag == "meta" and "http-equiv" in dict(a)]
    if len(policy) != 1 or "default-src 'none'" not in (dict(policy[0])["content"] or ""):
        faults.append("no content security policy")
    return faults


def _links(path: str, page: Page, pages: dict[str, Page], files: set[str]) -> list[str]:
    faults = []
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme in ("http", "https"):
            continue
        if parts.scheme or parts.netloc or (link.startswith("/") and path != "404.html"):
            faults.append(f"not a relative link: {link}")
            continue
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
        there = path if not parts.path else target.lstrip("/")
        if there not in files:
            faults.append(f"leads nowhere: {link}")
        elif parts.fragment and unquote(parts.fragment) not in pages[there].ids:
            faults.append(f"no such anchor: {link}")
    return faults
