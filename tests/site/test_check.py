"""`site check`: clean on what the tool builds, and every planted problem of a page is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.builders import NOW
from tests.site.machine_files import HOSTILE
from tests.site.samples import TOOL, everything, plant
from versioner.cli.errors import run
from versioner.errors import OperationFailed
from versioner.site.build import build_site
from versioner.site.check import check_site

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

BASE: Final = "https://example.test/registry/"
MONTH: Final = "products/user-service/2026-11.html"
ABOUT: Final = "about/index.html"
LINKED: Final = (MONTH, "api/v1/openapi.json", "feeds/products/user-service.atom")

# (file, what stands there, what is put in its place, what is said of it)
PLANTED: Final = [
    (ABOUT, '<main id="content"', '<main id="contents"', "has no such anchor"),
    (ABOUT, "../index.html", "../nowhere.html", "dead link: ../nowhere.html"),
    (ABOUT, "../index.html", "/index.html", "is absolute"),
    (ABOUT, "../index.html", "javascript:alert(1)", "neither relative nor http(s)"),
    (ABOUT, "../index.html", "//evil.test/", "neither relative nor http(s)"),
    ("404.html", 'href="/products/index.html"', 'href="/no/index.html"', "dead link"),
    (ABOUT, "<h1>", '<h1 id="build-title">', 'the id "build-title" occurs 2 times'),
    (ABOUT, "Content-Security-Policy", "X-Policy", "no Content-Security-Policy"),
    (ABOUT, "default-src 'none'", "default-src 'self'", "lacks default-src"),
    (ABOUT, "script-src 'self'", "script-src 'self' 'unsafe-inline'", "other hosts or inline code"),
    (ABOUT, "script-src 'self'", "script-src 'self' https://cdn.test", "allows other hosts"),
    (
        ABOUT,
        'src="../assets/scripts/default.js"',
        'src="https://cdn.test/a.js"',
        "<script> loads from another",
    ),
    (ABOUT, "<h1>", '<img src="//cdn.test/a.png"><h1>', "<img> loads from another host"),
    (
        ABOUT,
        'href="../assets/site.css"',
        'href="https://cdn.test/a.css"',
        "<link> loads from another host",
    ),
    (ABOUT, "<h1>", '<h1 onclick="x()">', "inline onclick on <h1>"),
    (ABOUT, "<h1>", '<h1 style="color:red">', "inline style on <h1>"),
    (ABOUT, "<h1>", "<script>x()</script><h1>", "inline <script>"),
    (ABOUT, "<h1>", "<h1 <b>", "malformed tag"),
    (ABOUT, "<h1>", "<h1>\udcff", "not UTF-8"),
    (
        ABOUT,
        "<meta charset",
        '<meta http-equiv="refresh" content="0;url=x"><meta charset',
        "loads another one by itself",
    ),
    ("assets/site.css", ":root", "@import 'a.css';\n:root", "@import of another style sheet"),
    ("assets/site.css", ":root", "a{background:url(//cdn.test/a)}:root", "loads from another host"),
]


def test_what_the_tool_builds_is_clean(site: Path) -> None:
    assert check_site(site) == []


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
    plant(copy, MONTH, "../../index.html", "../../nowhere.html")
    assert {fault.path for fault in check_site(copy)} == {MONTH}


@pytest.mark.parametrize("path", LINKED)
def test_a_missing_file_is_missed(copy: Path, path: str) -> None:
    (copy / path).unlink()
    assert check_site(copy)


def test_a_link_out_of_the_folder_is_found_and_not_followed(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("<h1>")
    (copy / "leak.html").symlink_to(tmp_path / "secret.html")
    assert [str(fault) for fault in check_site(copy)] == ["leak.html: not a regular file"]


def test_a_folder_without_a_site_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OperationFailed, match="no site in it"):
        check_site(tmp_path)


def test_the_command_prints_a_line_a_fault_and_exits_with_3(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["site", "check", str(copy)]) == 0
    plant(copy, ABOUT, "../index.html", "../nowhere.html")
    plant(copy, MONTH, "../../index.html", "../../nowhere.html")
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
    assert "dead link" in said
    assert not set(said) & {"\x1b", "\x9b"}


@pytest.mark.parametrize("ending", [".html", ".css"])
def test_what_is_not_utf8_is_no_traceback(copy: Path, ending: str) -> None:
    path = next(iter(sorted(copy.rglob(f"*{ending}"))))
    path.write_bytes(b"\xff\xfe<")
    if ending == ".html":
        assert path.relative_to(copy).as_posix() in {each.path for each in check_site(copy)}
    else:
        assert check_site(copy) == []
