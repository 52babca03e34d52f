"""The recorder on the site: the file, its hash, and the page with the lines that use it."""

from __future__ import annotations

import hashlib
import html
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, deployment, product, registry
from tests.site.samples import TOOL
from versioner.recorder.archive import made_recorder
from versioner.site.build import build_site

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def lines_of(site: Path) -> list[str]:
    page = (site / "record/index.html").read_text("utf-8")
    found = re.search(r'<pre tabindex="0">(.*?)</pre>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1]).splitlines()


def test_the_file_is_that_of_the_command_with_its_hash_beside_it(site: Path) -> None:
    data = (site / "versioner.pyz").read_bytes()
    assert data == made_recorder().data
    digest = hashlib.sha256(data).hexdigest()
    assert (site / "versioner.pyz.sha256").read_text("utf-8") == f"{digest}  versioner.pyz\n"
    assert f'echo "{digest}  versioner.pyz" | sha256sum -c -' in lines_of(site)
    assert "record/index.html" in (site / "about/index.html").read_text("utf-8")


def test_the_lines_have_the_addresses_of_this_site_and_registry_quoted(tmp_path: Path) -> None:
    config = {"forge": {"type": "gitea", "url": "https://git.example.test/a/$(id)"}}
    whole = registry(product("shop", [deployment()]), config=config)
    build_site(whole, tmp_path / "out", now=NOW, tool_version=TOOL, base_url="https://a.test/x/")
    _, download, _, record = map(shlex.split, lines_of(tmp_path / "out"))
    assert download == ["curl", "-fsSLO", "https://a.test/x/versioner.pyz"]
    assert record[-2:] == ["--repo", "https://git.example.test/a/$(id).git"]
