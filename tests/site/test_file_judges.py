"""The files for programs of a built site are clean, and the judges find every planted fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from tests.builders import NOW
from tests.site.file_judges import check_files
from tests.site.machine_files import HOSTILE
from tests.site.samples import TOOL, everything, plant
from versioner.site.build import build_site

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

BASE: Final = "https://example.test/registry/"
MONTH: Final = "api/v1/products/user-service/2026-11.json"
FEED: Final = "feeds/products/user-service.atom"
TABLE: Final = "tables/user-service/2026-11.csv"
BADGE: Final = "badges/user-service/production.svg"

# (file, what stands there, what is put in its place, what is said of it)
PLANTED: Final = [
    (MONTH, '"product":', '"produkt":', '"product" is a required property'),
    (MONTH, '"void":false', '"void":null', "at deployments/0/void"),
    (MONTH, '"part":1', '"part":"1"', "at part"),
    (MONTH, "{", "", "it is not JSON"),
    (MONTH, '"root":', '"more":1,"root":', "more"),
    ("api/v1/index.json", '"page":"index.html"', '"page":"i.html"', "i.html leads nowhere"),
    ("api/v1/matrix.json", "#d-", "#e-", "names an anchor that is not there"),
    ("build.json", '"generator"', '"maker"', '"generator" is a required property'),
    ("badges/user-service.drift.json", '"#', '"', "at color"),
    ("api/v1/openapi.json", '"3.1.0"', '"2.0"', "it is not OpenAPI 3.1"),
    ("api/v1/openapi.json", '"paths"', '"ways"', "it cannot be used"),
    (
        "api/v1/openapi.json",
        '"/api/v1/matrix.json"',
        '"/api/v1/other.json"',
        "the OpenAPI document describes it 0 times",
    ),
    (FEED, "</feed>", "", "it is not well-formed XML"),
    (FEED, "<title>", "<title>\x07", "it is not well-formed XML"),
    (FEED, "<feed ", '<!DOCTYPE feed [<!ENTITY a "b">]><feed ', "it has a document type"),
    (FEED, "http://www.w3.org/2005/Atom", "http://www.w3.org/2006/Atom", "is not an Atom feed"),
    (FEED, "<id>urn:uuid:", "<id>", "an id that is no URI"),
    (FEED, "<updated>20", "<updated>never 20", "was updated at no moment"),
    (FEED, "<entry><id>", "<entry><id>urn:x</id><id>", "entry 1 has 2 id"),
    (FEED, "<author>", "<writer>", "it is not well-formed XML"),
    (FEED, "#d-", "#x-", "names an anchor that is not there"),
    (FEED, "../../products/", "https://evil.test/", "leaves the site"),
    (BADGE, "</svg>", "", "it is not well-formed XML"),
    (BADGE, "<title>", "<script>x()</script><title>", "it has a <script>"),
    (BADGE, "<rect ", '<rect onload="x()" ', "its <rect> has onload"),
    (BADGE, "<title>", "<desc>", "it is not well-formed XML"),
    (TABLE, "at,product,", "when,what,", "it has no heading"),
    (TABLE, "\r\n", "\n", "a line does not end in CR LF"),
    (TABLE, ",user-service,", ",=user-service,", "begins like a formula: '=user-service'"),
    (TABLE, ",user-service,", ",user,service,", "cells of 11"),
    (TABLE, "at,", '"at"x,', "it is not CSV"),
    (TABLE, "at,", "at,\udcff", "it is not CSV"),
]


def test_what_the_tool_builds_is_clean(site: Path) -> None:
    assert check_files(site) == []


@pytest.mark.parametrize("base_url", ["", BASE])
@pytest.mark.parametrize("text", HOSTILE[:3])
def test_a_site_of_hostile_text_is_clean(tmp_path: Path, text: str, base_url: str) -> None:
    out = tmp_path / "out"
    build_site(everything(text), out, now=NOW, tool_version=TOOL, base_url=base_url)
    assert check_files(out) == []


@pytest.mark.parametrize(("path", "old", "new", "said"), PLANTED)
def test_a_planted_fault_is_found(copy: Path, path: str, old: str, new: str, said: str) -> None:
    plant(copy, path, old, new)
    found = check_files(copy)
    assert [line for line in found if said in line], found


def test_a_fault_is_found_in_its_own_file_alone(copy: Path) -> None:
    plant(copy, MONTH, '"part":1', '"part":"1"')
    assert {fault.partition(": ")[0] for fault in check_files(copy)} == {MONTH}


@pytest.mark.parametrize(
    "path", ["products/user-service/2026-11.html", BADGE, "api/v1/openapi.json", FEED]
)
def test_a_missing_file_is_missed(copy: Path, path: str) -> None:
    (copy / path).unlink()
    assert check_files(copy)


def test_two_entries_of_one_id_are_found(copy: Path) -> None:
    text = (copy / FEED).read_text()
    entry = text[text.index("<entry>") : text.index("</entry>") + len("</entry>")]
    plant(copy, FEED, "</feed>", f"{entry}</feed>")
    assert any("has the id of another one" in fault for fault in check_files(copy))


def test_entries_without_any_author_are_found(copy: Path) -> None:
    text = (copy / FEED).read_text()
    (copy / FEED).write_text(
        text.replace("<author>", "<contributor>").replace("</author>", "</contributor>")
    )
    assert any("has no author" in fault for fault in check_files(copy))


def test_a_sitemap_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_site(everything(), out, now=NOW, tool_version=TOOL, base_url=BASE)
    plant(out, "sitemap.xml", f"{BASE}about/", f"{BASE}nowhere/")
    assert any("is no file of the site" in fault for fault in check_files(out))
    (out / "robots.txt").unlink()
    assert any("robots.txt does not name it" in fault for fault in check_files(out))


def test_a_forged_openapi_document_is_no_traceback(copy: Path) -> None:
    for document in ([], {"openapi": "3.1.0", "paths": {"/x": {"get": {}}}}, 7, None):
        (copy / "api/v1/openapi.json").write_text(json.dumps(document))
        assert any("it cannot be used" in fault for fault in check_files(copy))


def test_every_kind_of_file_is_looked_at(copy: Path) -> None:
    for ending in (".json", ".atom", ".svg", ".csv"):
        path = next(iter(sorted(copy.rglob(f"*{ending}"))))
        path.write_bytes(b"\xff\xfe<")
        where = path.relative_to(copy).as_posix()
        assert where in {fault.partition(": ")[0] for fault in check_files(copy)}
