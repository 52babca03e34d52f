"""Building: the same bytes every time, only what changed is written, nothing foreign is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, deployment, product, registry
from tests.site.samples import TOOL, everything
from versioner.errors import OperationFailed
from versioner.site.build import BuildReport, build_site
from versioner.site.output import MANIFEST
from versioner.site.rendering.render import Renderer

if TYPE_CHECKING:
    from versioner.registry.records import Registry

pytestmark = pytest.mark.slow

TOP = Path(__file__).parents[2]
BUILD = """
import sys
from pathlib import Path
from tests.builders import NOW
from tests.site.samples import TOOL, everything
from versioner.site.build import build_site
build_site(everything(), Path(sys.argv[1]), now=NOW, tool_version=TOOL)
"""


def build(whole: Registry, out: Path) -> BuildReport:
    return build_site(whole, out, now=NOW, tool_version=TOOL)


def content(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
    }


def test_zone_locale_hash_seed_and_folder_change_no_byte(tmp_path: Path) -> None:
    surroundings = [
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "4242", "TZ": "Pacific/Auckland", "LC_ALL": "tr_TR.UTF-8"},
    ]
    outs = [tmp_path / "a", tmp_path / "deeper" / "b"]
    for out, extra in zip(outs, surroundings, strict=True):
        subprocess.run(
            [sys.executable, "-c", BUILD, str(out)], cwd=TOP, check=True, env=os.environ | extra
        )
    assert content(outs[0]) == content(outs[1])


def test_a_second_build_touches_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = build(everything(), out)
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.html")}
    second = build(everything(), out)
    assert first.written == second.unchanged
    assert (second.written, second.removed) == (0, 0)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.html")} == times


def test_one_more_event_writes_only_the_pages_that_show_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = {"a": product("a", [deployment("1", minutes=-9)]), "b": product("b")}
    whole = registry(*before.values())
    build(whole, out)
    old = content(out)
    whole.products["a"] = product("a", [*before["a"].deployment_events, deployment("2")])
    build(whole, out)
    new = content(out)
    changed = {path for path in new if new[path] != old.get(path)}
    assert {path for path in changed if path.endswith(".html")} == {
        "about/index.html",
        "api/index.html",
        "as-it-was/index.html",
        "compare/dev/production.html",
        "compare/staging/production.html",
        "compare/test/production.html",
        "deployments/2026-11.html",
        "deployments/index.html",
        "environments/index.html",
        "environments/production/2026-11.html",
        "environments/production/index.html",
        "incident/index.html",
        "index.html",
        "metrics/index.html",
        "products/a/2026-11.html",
        "products/a/index.html",
        "products/index.html",
        "today/index.html",
        "today/mail.html",
        "today/week.html",
    }


def test_what_is_no_longer_wanted_goes_and_what_is_foreign_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(registry(product("a", [deployment("1")]), product("b")), out)
    (out / "notes.txt").write_text("mine")
    (out / "products" / "a" / "mine.txt").write_text("mine")
    report = build(registry(product("c")), out)
    assert report.removed > 3
    assert not (out / "products" / "b").exists()
    assert (out / "notes.txt").read_text() == "mine"
    assert [path.name for path in (out / "products" / "a").iterdir()] == ["mine.txt"]


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OperationFailed, match="not empty"):
        build(registry(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_not_a_folder_is_refused(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("x")
    else:
        (tmp_path / "real").mkdir()
        out.symlink_to(tmp_path / "real")
    with pytest.raises(OperationFailed, match="not a folder"):
        build(registry(), out)


@pytest.mark.parametrize(
    "paths", [["../victim.txt"], ["/etc/passwd"], ["a/../../victim.txt"], [7], "x", [".git/config"]]
)
def test_a_forged_manifest_leads_nowhere(tmp_path: Path, paths: object) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("here")
    out = tmp_path / "out"
    out.mkdir()
    manifest = {"format": "versioner-site/1", "files": paths}
    (out / MANIFEST).write_text(json.dumps(manifest))
    if paths == "x":
        build(registry(), out)
    else:
        with pytest.raises(OperationFailed, match="not a list"):
            build(registry(), out)
    assert victim.read_text() == "here"


def test_links_inside_the_folder_are_not_followed(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    build(registry(product("a")), out)
    elsewhere.mkdir()
    (elsewhere / "index.html").write_text("theirs")
    page = out / "products" / "a" / "index.html"
    page.unlink()
    page.parent.rmdir()
    page.parent.symlink_to(elsewhere)
    build(registry(product("a")), out)
    assert (elsewhere / "index.html").read_text() == "theirs"
    assert not page.parent.is_symlink()
    assert page.is_file()


def test_links_are_not_followed_when_pages_go(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    build(registry(product("a")), out)
    elsewhere.mkdir()
    (elsewhere / "index.html").write_text("theirs")
    (out / "products" / "a" / "index.html").unlink()
    (out / "products" / "a").rmdir()
    (out / "products" / "a").symlink_to(elsewhere)
    build(registry(), out)
    assert (elsewhere / "index.html").read_text() == "theirs"


def test_a_killed_build_is_finished_by_the_next(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(registry(product("a")), out)
    whole = content(out)
    manifest = json.loads((out / MANIFEST).read_text())
    manifest["files"] = [*manifest["files"], "products/never-written/index.html"]
    (out / MANIFEST).write_text(json.dumps(manifest))
    (out / "index.html").unlink()
    build(registry(product("a")), out)
    assert content(out) == whole


def test_nothing_is_written_when_a_page_cannot_be_rendered(tmp_path: Path) -> None:
    whole = registry(product("a"))
    whole.products["a"].document["links"] = [7]
    with pytest.raises(AttributeError):
        build(whole, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_progress_counts_the_pages(tmp_path: Path) -> None:
    told: list[int] = []
    report = build_site(
        registry(),
        tmp_path / "out",
        now=NOW,
        tool_version=TOOL,
        progress=lambda done, _total: told.append(done),
    )
    assert told == list(range(1, report.pages + 1))


def test_a_broken_template_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>\n{{ wanted['missing'] }}\n")
    (tmp_path / "other.html").write_text("<p>\n\n{% if %}\n")
    renderer = Renderer(tmp_path)
    with pytest.raises(OperationFailed, match=r"page\.html:2 .*missing"):
        renderer.render("page.html", {"wanted": {}})
    with pytest.raises(OperationFailed, match=r"other\.html:3"):
        renderer.render("other.html", {})
    with pytest.raises(OperationFailed, match=r"none\.html"):
        renderer.render("none.html", {})


@pytest.mark.parametrize("name", ["a.html", "a.txt", "a.svg", "a.js", "a"])
def test_everything_is_escaped_whatever_a_template_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{{ text }}")
    assert Renderer(tmp_path).render(name, {"text": "<b>"}) == b"&lt;b&gt;"


def test_templates_reach_nothing_of_python(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("{{ text.__class__.__mro__ }}")
    with pytest.raises(OperationFailed):
        Renderer(tmp_path).render("a.html", {"text": "x"})
