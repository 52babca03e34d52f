"""Judge pages: ids, links, anchors, the policy, and what they would ask other hosts for."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.site.checks.folder import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.site.checks.folder import Folder

__all__ = ["check_pages"]

_LOST: Final = "404.html"
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
_INTERESTING: Final = re.compile(
    r"id=|href=|src|http-equiv=|action=|data=|poster=|style|\bon|=\"//"
)
_POLICY: Final = "Content-Security-Policy"

_Attributes = dict[str, str]


class _Page(NamedTuple):
    ids: Counter[str]
    links: list[str]
    faults: list[str]


def check_pages(folder: Folder) -> Iterator[Fault]:
    """Yield every fault of a site's pages, and remember their anchors in the folder."""
    pages = {path: _read(folder.read(path)) for path in folder.ending(".html")}
    folder.anchors = {path: frozenset(page.ids) for path, page in pages.items()}
    for path, page in pages.items():
        yield from (Fault(path, problem) for problem in page.faults)
        for name, times in page.ids.items():
            if times > 1:
                yield Fault(path, f'the id "{name}" stands {times} times')
        yield from (Fault(path, problem) for problem in _links(folder, path, page))
    for path in folder.ending(".css"):
        yield from _styles(folder, path)


def _read(content: bytes) -> _Page:
    page = _Page(Counter(), [], [])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        page.faults.append("it is not UTF-8")
        return page
    policies: list[str] = []
    for found in _TAG.finditer(text):
        tag, said, stray = found.groups()
        if stray:
            line = text.count("\n", 0, found.start()) + 1
            page.faults.append(f"line {line} has a tag that is not well-formed")
        elif said and _INTERESTING.search(said):
            _judge(page, tag.lower(), _attributes(said), policies)
    page.faults.extend(
        f"an inline <{kind}>" for kind, inside in _INLINE.findall(text) if inside.strip()
    )
    page.faults.extend(_policy(policies))
    return page


def _attributes(said: str) -> _Attributes:
    return {
        name.lower(): unescape(value) if "&" in value else value
        for name, value in _ATTRIBUTE.findall(said)
    }


def _judge(page: _Page, tag: str, attributes: _Attributes, policies: list[str]) -> None:
    for name, value in attributes.items():
        if name == "id":
            page.ids[value] += 1
        elif name == "style" or name.startswith("on"):
            page.faults.append(f"an inline {name} on <{tag}>")
        elif name in _LINKS:
            page.links.append(value)
        if name in _FETCHING_ATTRIBUTES and _SCHEME.match(value):
            page.faults.append(f"<{tag}> asks another host: {value}")
    if tag == "link" and _SCHEME.match(attributes.get("href", "")):
        if _FETCHING_RELATIONS.search(attributes.get("rel", "")):
            page.faults.append(f"<link> asks another host: {attributes['href']}")
    elif tag == "meta" and "http-equiv" in attributes:
        if attributes["http-equiv"].lower() == _POLICY.lower():
            policies.append(attributes.get("content", ""))
        elif attributes["http-equiv"].lower() == "refresh":
            page.faults.append("it refreshes to somewhere by itself")


def _policy(policies: list[str]) -> Iterator[str]:
    if len(policies) != 1:
        yield f"it has {len(policies) or 'no'} {_POLICY}"
        return
    policy = policies[0]
    if "default-src 'none'" not in policy:
        yield f"its {_POLICY} does not begin with default-src 'none'"
    if re.search(r"'unsafe-|\*|//|https?:", policy):
        yield f"its {_POLICY} lets other hosts or inline code in: {policy}"


def _links(folder: Folder, path: str, page: _Page) -> Iterator[str]:
    base = _base(page) if path == _LOST else ""
    for link in dict.fromkeys(page.links):
        if _SCHEME.match(link):
            if not _WEB.match(link):
                yield f"the link {link} is neither relative nor to the web"
            continue
        if link.startswith("/"):
            if not base or not link.startswith(base):
                yield f"the link {link} holds on one server only"
                continue
            link = link.removeprefix(base) or "index.html"
        if problem := folder.resolve(path, link):
            yield problem


def _base(page: _Page) -> str:
    """Return where the site's root is on its server, as the page for what is lost has it."""
    sheet = next((link for link in page.links if link.endswith("assets/site.css")), "")
    return sheet.removesuffix("assets/site.css")


def _styles(folder: Folder, path: str) -> Iterator[Fault]:
    text = folder.read(path).decode("utf-8", "replace")
    for link in re.findall(r"url\(\s*[\"']?([^\"')]+)", text):
        if _SCHEME.match(link) and not link.startswith("data:"):
            yield Fault(path, f"it asks another host: {link}")
    if "@import" in text:
        yield Fault(path, "it imports another style sheet")
