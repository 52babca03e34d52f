"""`site check`: clean on what the tool builds, and every planted fault is found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.builders import NOW
from tests.site.machine_files import HOSTILE
from tests.site.samples import TOOL, everything
from versioner.cli.errors import run
from versioner.errors import OperationFailed
from versioner.site.build import build_site
from versioner.site.check import check_site

BASE: Final = "https://example.test/registry/"
MONTH: Final = "api/v1/products/user-service/2026-11.json"
FEED: Final = "feeds/products/user-service.atom"
TABLE: Final = "tables/user-service/2026-11.csv"
BADGE: Final = "badges/user-service/production.svg"
ABOUT: Final = "about/index.html"

# (file, what stands there, what is put in its place, what is said of it)
PLANTED: Final = [
    (ABOUT, '<main id="content"', '<main id="contents"', "names an anchor that is not there"),
    (ABOUT, "../index.html", "../nowhere.html", "../nowhere.html leads nowhere"),
    (ABOUT, "../index.html", "/index.html", "holds on one server only"),
    (ABOUT, "../index.html", "javascript:alert(1)", "neither relative nor to the web"),
    (ABOUT, "../index.html", "//evil.test/", "neither relative nor to the web"),
    ("404.html", 'href="/products/index.html"', 'href="/no/index.html"', "leads nowhere"),
    (ABOUT, "<h1>", '<h1 id="build-title">', 'the id "build-title" stands 2 times'),
    (ABOUT, "Content-Security-Policy", "X-Policy", "it has no Content-Security-Policy"),
    (ABOUT, "default-src 'none'", "default-src 'self'", "does not begin with default-src"),
    (ABOUT, "script-src 'self'", "script-src 'self' 'unsafe-inline'", "inline code in"),
    (ABOUT, "script-src 'self'", "script-src 'self' https://cdn.test", "lets other hosts"),
    (ABOUT, 'src="../assets/site.js"', 'src="https://cdn.test/a.js"', "<script> asks another"),
    (ABOUT, "<h1>", '<img src="//cdn.test/a.png"><h1>', "<img> asks another host"),
    (
        ABOUT,
        'href="../assets/site.css"',
        'href="https://cdn.test/a.css"',
        "<link> asks another host",
    ),
    (ABOUT, "<h1>", '<h1 onclick="x()">', "an inline onclick on <h1>"),
    (ABOUT, "<h1>", '<h1 style="color:red">', "an inline style on <h1>"),
    (ABOUT, "<h1>", "<script>x()</script><h1>", "an inline <script>"),
    (ABOUT, "<h1>", "<h1 <b>", "a tag that is not well-formed"),
    (ABOUT, "<h1>", "<h1>\udcff", "it is not UTF-8"),
    (
        ABOUT,
        "<meta charset",
        '<meta http-equiv="refresh" content="0;url=x"><meta charset',
        "it refreshes",
    ),
    ("assets/site.css", ":root", "@import 'a.css';\n:root", "it imports another style sheet"),
    ("assets/site.css", ":root", "a{background:url(//cdn.test/a)}:root", "it asks another host"),
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
        "the OpenAPI document does not describe it",
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


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("check") / "built"
    build_site(everything(), out, now=NOW, tool_version=TOOL)
    return out


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "copy"))


def plant(top: Path, path: str, old: str, new: str) -> None:
    content = (top / path).read_bytes()
    assert old.encode() in content, f"{path} has no {old}"
    changed = content.replace(old.encode(), new.encode("utf-8", "surrogateescape"), 1)
    (top / path).write_bytes(changed)


def test_what_the_tool_builds_is_clean(built: Path) -> None:
    assert check_site(built) == []


@pytest.mark.parametrize("base_url", ["", BASE])
@pytest.mark.parametrize("text", HOSTILE[:3])
def test_a_site_of_hostile_text_is_clean(tmp_path: Path, text: str, base_url: str) -> None:
    out = tmp_path / "out"
    build_site(everything(text), out, now=NOW, tool_version=TOOL, base_url=base_url)
    assert check_site(out) == []


@pytest.mark.parametrize(("path", "old", "new", "said"), PLANTED)
def test_a_planted_fault_is_found(copy: Path, path: str, old: str, new: str, said: str) -> None:
    plant(copy, path, old, new)
    found = [str(fault) for fault in check_site(copy)]
    assert [line for line in found if said in line], found


def test_a_fault_is_found_in_its_own_file_alone(copy: Path) -> None:
    plant(copy, MONTH, '"part":1', '"part":"1"')
    assert {fault.path for fault in check_site(copy)} == {MONTH}


@pytest.mark.parametrize(
    "path", ["products/user-service/2026-11.html", BADGE, "api/v1/openapi.json", FEED]
)
def test_a_missing_file_is_missed(copy: Path, path: str) -> None:
    (copy / path).unlink()
    assert check_site(copy)


def test_two_entries_of_one_id_are_found(copy: Path) -> None:
    text = (copy / FEED).read_text()
    entry = text[text.index("<entry>") : text.index("</entry>") + len("</entry>")]
    plant(copy, FEED, "</feed>", f"{entry}</feed>")
    assert any("has the id of another one" in str(fault) for fault in check_site(copy))


def test_entries_without_any_author_are_found(copy: Path) -> None:
    text = (copy / FEED).read_text()
    (copy / FEED).write_text(
        text.replace("<author>", "<contributor>").replace("</author>", "</contributor>")
    )
    assert any("has no author" in str(fault) for fault in check_site(copy))


def test_a_sitemap_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_site(everything(), out, now=NOW, tool_version=TOOL, base_url=BASE)
    plant(out, "sitemap.xml", f"{BASE}about/", f"{BASE}nowhere/")
    assert any("is no file of the site" in str(fault) for fault in check_site(out))
    (out / "robots.txt").unlink()
    assert any("robots.txt does not name it" in str(fault) for fault in check_site(out))


def test_a_link_out_of_the_folder_is_found_and_not_followed(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("<h1>")
    (copy / "leak.html").symlink_to(tmp_path / "secret.html")
    assert [str(fault) for fault in check_site(copy)] == ["leak.html: it is not a regular file"]


def test_a_folder_without_a_site_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OperationFailed, match="no site in it"):
        check_site(tmp_path)


def test_the_command_prints_a_line_a_fault_and_exits_with_3(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["site", "check", str(copy)]) == 0
    plant(copy, ABOUT, "../index.html", "../nowhere.html")
    plant(copy, MONTH, '"part":1', '"part":"1"')
    capsys.readouterr()
    assert run(["site", "check", str(copy)]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [ABOUT, MONTH]


def test_the_command_shows_no_control_characters(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(copy, ABOUT, "../index.html", "../\x1b[31m\x9b::error::.html")
    assert run(["site", "check", str(copy)]) == 3
    said = capsys.readouterr().out
    assert "leads nowhere" in said
    assert not set(said) & {"\x1b", "\x9b"}


def test_a_forged_openapi_document_is_no_traceback(copy: Path) -> None:
    for document in ([], {"openapi": "3.1.0", "paths": {"/x": {"get": {}}}}, 7, None):
        (copy / "api/v1/openapi.json").write_text(json.dumps(document))
        assert any("it cannot be used" in str(fault) for fault in check_site(copy))


def test_every_kind_of_file_is_looked_at(copy: Path) -> None:
    for ending in (".html", ".json", ".atom", ".svg", ".csv"):
        path = next(iter(sorted(copy.rglob(f"*{ending}"))))
        path.write_bytes(b"\xff\xfe<")
        where = path.relative_to(copy).as_posix()
        assert where in {fault.path for fault in check_site(copy)}
