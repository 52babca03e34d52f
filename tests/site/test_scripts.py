"""Each kind of page has one script: the modules that it needs, joined, and no others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW
from tests.site.samples import TOOL, everything
from versioner.resources import site_templates_dir
from versioner.site.build import build_site
from versioner.site.scripts import script_files
from versioner.site.template_overrides import Overrides
from versioner.site.urls import TODAY_MAIL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site.checker import Page

pytestmark = pytest.mark.slow

SCRIPTS = site_templates_dir() / "scripts"
MODULES = sorted(SCRIPTS.rglob("*.js"))
FILES = dict(script_files(SCRIPTS))
NAMES = re.compile(r"^(?:export )?(?:async function|function|const|let|class) (\w+)", re.MULTILINE)
IMPORTS = re.compile(r'^import \{ ([\w, ]+) \} from "(\S+)";$', re.MULTILINE)
# What a script looks for on its pages, and the attribute of a page that asks for it.
WORK = {
    '"[data-tools]"': "data-tools",
    '"[data-columns]"': "data-columns",
    '"table[data-table]"': "data-table",
    '"[data-copy]"': "data-copy",
    '"[data-create]"': "data-create",
    '"[data-try]"': "data-try",
    '"[data-built]"': "data-built",
    '"a[data-moved]"': "data-moved",
}


def attributes(page: Page) -> set[str]:
    return {name for _, attrs in page.elements for name, _ in attrs}


def script_of(page: Page) -> str:
    """Return the name of the one script of a page, which is a classic one.

    Before it comes the one that sets what the reader chose, which the page is painted with.
    """
    early, attrs = [dict(attrs) for tag, attrs in page.elements if tag == "script"]
    assert early.keys() == {"src"}
    assert (early["src"] or "").endswith("assets/scripts/early.js")
    assert attrs.keys() == {"defer", "src"}
    return (attrs["src"] or "").rpartition("assets/scripts/")[2]


def test_a_page_has_one_script_that_does_what_the_page_asks_for(
    site: Path, pages: dict[str, Page]
) -> None:
    asked: dict[str, set[str]] = {}
    assert "<script" not in pages[TODAY_MAIL].text
    for path, page in pages.items():
        if path == TODAY_MAIL:
            continue
        asked.setdefault(script_of(page), set()).update(attributes(page))
    found = {path.name for path in (site / "assets/scripts").iterdir()}
    assert set(asked) == found - {"search.js", "closed.js", "early.js", "keys.js", "view.js"}
    for name, wanted in asked.items():
        text = (site / "assets/scripts" / name).read_text(encoding="utf-8")
        does = {attribute for mark, attribute in WORK.items() if mark in text}
        assert does == wanted & set(WORK.values()), name


def test_the_published_scripts_are_classic_and_short() -> None:
    for path, content in FILES.items():
        text = content.decode()
        assert text.startswith('(() => {\n"use strict";\n'), path
        assert not re.search(r"^\s*(import|export)\b", text, re.MULTILINE), path
        assert len(content) < 16_000, path


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_a_module_imports_what_others_export_and_uses_all_of_it(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert text.count("import {") == len(IMPORTS.findall(text))
    body = IMPORTS.sub("", text)
    for names, source in IMPORTS.findall(text):
        exported = re.findall(
            r"^export (?:async function|function|const) (\w+)",
            (module.parent / source).read_text(encoding="utf-8"),
            re.MULTILINE,
        )
        for name in names.split(", "):
            assert name in exported
            assert re.search(rf"\b{name}\b", body), name
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize("path", FILES)
def test_no_name_is_declared_twice_in_a_published_script(path: str) -> None:
    names = NAMES.findall(FILES[path].decode())
    assert len(names) == len(set(names))


def test_every_module_is_part_of_a_published_script() -> None:
    published = b"".join(FILES.values()).decode()
    for module in MODULES:
        comment = module.read_text(encoding="utf-8").partition("\n\n")[0]
        assert comment.startswith("import") or comment in published, module


def test_a_registry_replaces_a_published_script_by_its_name(tmp_path: Path) -> None:
    own = Overrides({}, {"assets/scripts/month.js": b"/* own */"})
    build_site(everything(), tmp_path / "out", now=NOW, tool_version=TOOL, overrides=own)
    published = tmp_path / "out/assets/scripts"
    assert (published / "month.js").read_bytes() == b"/* own */"
    assert (published / "product.js").read_bytes() == FILES["assets/scripts/product.js"]
