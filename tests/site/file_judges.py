"""Judges of the site's files for programs: JSON by its own OpenAPI, Atom, SVG, sitemap and CSV.

Formats are judged by their specifications and by other people's validators: no judge shares code
with what writes the files, so that a fault of one does not hide in the other.
"""

from __future__ import annotations

import csv
import io
import json
import posixpath
import re
import xml.etree.ElementTree as ET
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import jsonschema_rs
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.site.checker import read_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

OPENAPI = "api/v1/openapi.json"
# What is for the site's own script alone is no part of the API.
DESCRIBED = ("api/", "badges/", "build.json")
LINKS = {"page", "data", "feed", "image"}

ATOM = "{http://www.w3.org/2005/Atom}"
SVG = "{http://www.w3.org/2000/svg}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")

FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001
HEADING = ("at", "product", "environment", "version", "status")

# (pattern of a path, validator)
Endpoint = tuple[re.Pattern[str], Any]


class Folder:
    """The files of a built site by path, and the anchors of its pages."""

    def __init__(self, top: Path) -> None:
        self.top = top
        files = (path for path in top.rglob("*") if path.is_file())
        self.files = sorted(path.relative_to(top).as_posix() for path in files)
        self.anchors = {path: set(page.ids) for path, page in read_site(top).items()}

    def read(self, path: str) -> bytes:
        return (self.top / path).read_bytes()

    def resolve(self, path: str, link: str) -> str:
        """Return what is wrong with a relative link in a file; `""` where it leads somewhere."""
        target, _, fragment = link.partition("#")
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(target)))
        if there not in self.files:
            return f"the link {link} leads nowhere"
        if fragment and unquote(fragment) not in self.anchors.get(there, ()):
            return f"the link {link} names an anchor that is not there"
        return ""


def check_files(top: Path) -> list[str]:
    """Return every fault of the files for programs of a built site, as `path: fault`."""
    folder = Folder(top)
    endpoints, problem = endpoints_of(folder)
    faults = [f"{OPENAPI}: {problem}"] if problem else []
    for path in folder.files:
        faults += [f"{path}: {each}" for each in _faults(folder, path, endpoints)]
    return faults


def _faults(folder: Folder, path: str, endpoints: list[Endpoint]) -> Iterator[str]:
    if path.endswith(".json"):
        yield from judge_json(folder, path, endpoints)
    elif path.endswith((".atom", ".svg", ".xml")):
        yield from judge_xml(folder, path)
    elif path.endswith(".csv"):
        yield from judge_csv(folder.read(path))


# JSON: each document by the schema that the site's own OpenAPI document has for it.


def endpoints_of(folder: Folder) -> tuple[list[Endpoint], str]:
    if OPENAPI not in folder.files:
        return [], "it is not there"
    try:
        described = json.loads(folder.read(OPENAPI).decode("utf-8"))
        if not described["openapi"].startswith("3.1."):
            return [], "it is not OpenAPI 3.1"
        validate_openapi(folder.read(OPENAPI))
        return [
            (path_pattern(path, item["get"]), jsonschema_rs.validator_for(schema))
            for path, item in described["paths"].items()
            if (schema := response_schema(described, item["get"])) is not None
        ], ""
    except Exception as error:
        return [], f"it cannot be used: {type(error).__name__}: {error}"


@cache
def validate_openapi(content: bytes) -> None:
    """Raise what is wrong with an OpenAPI document; it takes seconds, so once for each one."""
    OpenAPIV31SpecValidator(json.loads(content)).validate()


def response_schema(described: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation["responses"]["200"]["content"]
    if "application/json" not in content:
        return None
    return {**content["application/json"]["schema"], "components": described["components"]}


def path_pattern(path: str, operation: dict[str, Any]) -> re.Pattern[str]:
    patterns = {
        each["name"]: each["schema"]["pattern"].removeprefix("^").removesuffix("$")
        for each in operation["parameters"]
    }
    parts = re.split(r"\{(\w+)\}", path.removeprefix("/"))
    return re.compile(
        "".join(
            f"(?:{patterns[part]})" if number % 2 else re.escape(part)
            for number, part in enumerate(parts)
        )
    )


def judge_json(folder: Folder, path: str, endpoints: list[Endpoint]) -> Iterator[str]:
    try:
        document = json.loads(folder.read(path).decode("utf-8"))
    except ValueError as error:
        yield f"it is not JSON: {error}"
        return
    if path == OPENAPI or not path.startswith(DESCRIBED) or not endpoints:
        return
    found = [validator for pattern, validator in endpoints if pattern.fullmatch(path)]
    if len(found) != 1:
        yield f"the OpenAPI document describes it {len(found)} times"
        return
    errors = list(found[0].iter_errors(document))
    for error in errors:
        yield f"at {'/'.join(map(str, error.instance_path)) or 'its top'}: {error.message}"
    if not errors and "root" in document:
        yield from dead_links(folder, path, document["root"], document)


def dead_links(folder: Folder, path: str, root: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from dead_links(folder, path, root, each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in LINKS and isinstance(each, str):
                if each and (problem := folder.resolve(path, root + each)):
                    yield problem
            elif isinstance(each, list | dict):
                yield from dead_links(folder, path, root, each)


# XML by a strict parser: feeds by RFC 4287, badges, and the sitemap.


def judge_xml(folder: Folder, path: str) -> Iterator[str]:
    content = folder.read(path)
    # Without a document type there is no entity that could grow or reach outside.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        yield "it has a document type"
        return
    try:
        root = ET.fromstring(content)
    except (ET.ParseError, ValueError) as error:
        yield f"it is not well-formed XML: {error}"
        return
    if path.endswith(".atom"):
        yield from judge_feed(folder, path, root)
    elif path.endswith(".svg"):
        yield from judge_picture(path, root)
    else:
        yield from judge_sitemap(folder, root)


def judge_feed(folder: Folder, path: str, feed: Element) -> Iterator[str]:
    if feed.tag != f"{ATOM}feed":
        yield "its root is not an Atom feed"
        return
    yield from judge_once(feed, "the feed")
    is_signed = has_author(feed)
    seen: set[str] = set()
    for number, entry in enumerate(feed.findall(f"{ATOM}entry"), 1):
        what = f"entry {number}"
        yield from judge_once(entry, what)
        name = entry.findtext(f"{ATOM}id", "")
        if name in seen:
            yield f"{what} has the id of another one"
        seen.add(name)
        if not is_signed and not has_author(entry):
            yield f"{what} has no author, nor has the feed"
        links = [link.get("rel", "alternate") for link in entry.findall(f"{ATOM}link")]
        if entry.find(f"{ATOM}content") is None and "alternate" not in links:
            yield f"{what} has neither content nor a link"
    base = base_of(feed, path)
    for link in feed.iter(f"{ATOM}link"):
        yield from judge_link(folder, path, link.get("href", ""), base)


def judge_once(element: Element, what: str) -> Iterator[str]:
    for name in ("id", "title", "updated"):
        found = element.findall(ATOM + name)
        if len(found) != 1:
            yield f"{what} has {len(found) or 'no'} {name}"
    if not URI.fullmatch(element.findtext(f"{ATOM}id", "urn:x")):
        yield f"{what} has an id that is no URI"
    for name in ("updated", "published"):
        for moment in element.findall(ATOM + name):
            if not MOMENT.fullmatch(moment.text or ""):
                yield f"{what} was {name} at no moment: {moment.text}"


def has_author(element: Element) -> bool:
    authors = element.findall(f"{ATOM}author")
    return any((each.findtext(f"{ATOM}name") or "").strip() for each in authors)


def base_of(feed: Element, path: str) -> str:
    """Return the site's address, as the feed's link to itself has it; else `""`."""
    links = feed.findall(f"{ATOM}link")
    own = [link.get("href", "") for link in links if link.get("rel") == "self"]
    return own[0].removesuffix(path) if own and own[0].endswith(path) else ""


def judge_link(folder: Folder, path: str, href: str, base: str) -> Iterator[str]:
    if not href:
        yield "a link without an address"
    elif base and href.startswith(base):
        if problem := folder.resolve("index.html", href.removeprefix(base)):
            yield problem
    elif URI.match(href):
        yield f"the link {href} leaves the site"
    elif problem := folder.resolve(path, href):
        yield problem


def judge_picture(path: str, root: Element) -> Iterator[str]:
    if root.tag != f"{SVG}svg":
        yield "its root is not an SVG picture"
    if path.startswith("badges/") and not (root.findtext(f"{SVG}title") or "").strip():
        yield "it has no title"
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]
        if name in ("script", "foreignObject", "image", "use", "style"):
            yield f"it has a <{name}>"
        for key, value in element.attrib.items():
            if key.rpartition("}")[2].startswith(("on", "href")) or "url(" in value:
                yield f"its <{name}> has {key.rpartition('}')[2]}"


def judge_sitemap(folder: Folder, root: Element) -> Iterator[str]:
    if root.tag not in (f"{SITEMAP}urlset", f"{SITEMAP}sitemapindex"):
        yield "its root is not a sitemap"
        return
    robots = folder.read("robots.txt").decode() if "robots.txt" in folder.files else ""
    named = re.search(r"^Sitemap: (\S+)sitemap\.xml$", robots, re.MULTILINE)
    if named is None:
        yield "robots.txt does not name it"
        return
    for place in root.iter(f"{SITEMAP}loc"):
        address = place.text or ""
        inside = address.startswith(named[1]) and address.removeprefix(named[1]) in folder.files
        if not inside:
            yield f"{address} is no file of the site"


# CSV by RFC 4180, with one heading and nothing that a spreadsheet would take for a formula.


def judge_csv(content: bytes) -> Iterator[str]:
    try:
        text = content.decode("utf-8")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        yield f"it is not CSV: {error}"
        return
    if not rows or tuple(rows[0][: len(HEADING)]) != HEADING:
        yield "it has no heading"
        return
    if not text.endswith("\r\n") or re.search(r"(?<!\r)\n", re.sub(r'"[^"]*"', "", text)):
        yield "a line does not end in CR LF"
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            yield f"row {number} has {len(row)} cells of {len(rows[0])}"
        yield from (
            f"row {number} has a cell that begins like a formula: {cell[:40]!r}"
            for cell in row
            if FORMULA.match(cell)
        )
