"""The documentation: each path and each link in it leads to a file that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
DOCS = PROJECT / "versioner" / "docs"
CONTRIBUTING = PROJECT / ".github" / "CONTRIBUTING.md"
PAGES = [
    *sorted(PROJECT.glob("*.md")),
    *sorted(PROJECT.glob(".github/*.md")),
    *sorted(DOCS.glob("*.md")),
]

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:versioner|tests|schemas|site_templates|\.github|\.ci)/[^`\s]*)`")


def prose_of(page: Path) -> str:
    return _FENCE.sub("", page.read_text("utf-8"))


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def name_of(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link in _LINK.findall(prose_of(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.is_file() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


def test_each_path_in_contributing_exists() -> None:
    paths = set(_PATH.findall(CONTRIBUTING.read_text("utf-8")))
    assert len(paths) > 60
    missing = sorted(path for path in paths if not (PROJECT / path).exists())
    assert missing == [], "CONTRIBUTING.md names files that do not exist: give their new paths"


def test_each_name_in_the_map_is_defined_in_its_file() -> None:
    named = re.findall(r"`(versioner/[^`]*\.py)`, `(\w+)`", CONTRIBUTING.read_text("utf-8"))
    assert named
    for path, name in named:
        assert re.search(rf"^(def |class )?{name}\b", (PROJECT / path).read_text("utf-8"), re.M)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_file_of_the_project_that_a_page_names_exists(page: Path) -> None:
    paths = re.findall(r"`((?:versioner|tests)/[^`\s]*)`", prose_of(page))
    assert [path for path in paths if not (PROJECT / path).exists()] == []


@pytest.mark.parametrize("index", [DOCS / "README.md", PROJECT / "README.md"], ids=name_of)
def test_each_page_is_linked_from_an_index(index: Path) -> None:
    targets = {
        (index.parent / link.partition("#")[0]).resolve()
        for link in _LINK.findall(prose_of(index))
        if "://" not in link
    }
    assert {page.resolve() for page in DOCS.glob("*.md")} - {DOCS / "README.md"} <= targets


def test_the_readme_is_short() -> None:
    assert len((PROJECT / "README.md").read_text("utf-8").splitlines()) < 250


def test_the_changelog_begins_with_unreleased_changes() -> None:
    headings = re.findall(r"^## (.+)$", (PROJECT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_installs_the_tool_from_an_index_by_its_bare_name(page: Path) -> None:
    # PyPI has another project under the name versioner.
    blocks = "\n".join(_FENCE.findall(page.read_text("utf-8")))
    bare = r"""(?:pip install|PACKAGE=).*?[\s="']versioner(?:\[\w+\])?["']?[ \t]*(?:#.*)?$"""
    assert re.findall(bare, blocks, re.MULTILINE) == []
