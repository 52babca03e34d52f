"""The recorder on the site: the file, its hash, and the page with the lines that use it."""

from __future__ import annotations

import hashlib
import html
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, deployment, product, registry
from tests.forge.snippets import SNIPPETS
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


def test_each_ci_system_has_its_lines_with_the_addresses_filled_in(tmp_path: Path) -> None:
    def page_of(url: str) -> str:
        whole = registry(
            product("shop", [deployment()]), config={"forge": {"type": "gitea", "url": url}}
        )
        out = tmp_path / hashlib.sha256(url.encode()).hexdigest()[:8]
        build_site(whole, out, now=NOW, tool_version=TOOL, base_url="https://a.test/x/")
        return html.unescape((out / "record/index.html").read_text("utf-8"))

    page = page_of("https://git.example.test/a/deployments")
    for name, code in SNIPPETS.items():
        if name in ("pip", "post-receive"):
            continue
        lines = [line for line in code.strip().splitlines() if "example.com" not in line]
        lines = [line for line in lines if "acme/deployments" not in line and "0" * 64 not in line]
        assert all(line in page for line in lines), name
    assert "VERSIONER_REPO: https://git.example.test/a/deployments.git\n" in page
    assert "registry: https://git.example.test/a/deployments\n" in page
    assert f"VERSIONER_SHA256 = '{made_recorder().sha256}'" in page
    assert "https://a.test/x/versioner.pyz'" in page
    systems = page.partition("By CI system")[2].partition("The file")[0]
    assert "git.example.com" not in systems
    # Nothing that a shell or a YAML reader would take for something else goes into their text.
    hostile = page_of("https://git.example.test/a/$(id)")
    assert hostile.count("$(id)") == 2
    assert "VERSIONER_REPO: https://git.example.com/acme/deployments.git\n" in hostile
