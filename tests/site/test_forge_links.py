"""Links to the registry's own repository on each kind of forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, deployment, product, registry
from tests.site.checker import Page
from tests.site.samples import TOOL
from versioner.site.build import build_site
from versioner.site.forge_links import ForgeLinks

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PATH = "registry/products/a/product.yaml"


def links(kind: str, url: str = "https://forge.test/acme/deployments", **more: str) -> ForgeLinks:
    return ForgeLinks.of({"forge": {"type": kind, "url": url}, **more})


@pytest.mark.parametrize(
    ("kind", "edit", "log", "commit", "new"),
    [
        ("github", "edit/main/", "commits/main/", "commit/abc", "new/main"),
        ("gitlab", "-/edit/main/", "-/commits/main/", "-/commit/abc", "-/new/main/"),
        ("gitea", "_edit/main/", "commits/branch/main/", "commit/abc", "_new/main/"),
        ("forgejo", "_edit/main/", "commits/branch/main/", "commit/abc", "_new/main/"),
    ],
)
def test_each_forge_has_pages_of_its_own(
    kind: str, edit: str, log: str, commit: str, new: str
) -> None:
    forge = links(kind)
    base = "https://forge.test/acme/deployments/"
    assert forge.edit(PATH) == f"{base}{edit}{PATH}"
    assert forge.log(PATH) == f"{base}{log}{PATH}"
    assert forge.commit("abc") == f"{base}{commit}"
    assert forge.new_file()[0] == f"{base}{new}"


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("github", "actions/workflows/delete-product.yml"),
        ("gitlab", "-/pipelines/new"),
        ("gitea", "actions?workflow=delete-product.yml"),
        ("forgejo", "actions?workflow=delete-product.yml"),
    ],
)
def test_each_forge_has_a_page_that_starts_a_workflow(kind: str, page: str) -> None:
    found = links(kind).workflow("delete-product.yml")
    assert found == f"https://forge.test/acme/deployments/{page}"
    assert links("bitbucket").workflow("delete-product.yml") == ""


@pytest.mark.parametrize(
    ("kind", "path", "content"),
    [
        ("github", "filename", "value"),
        ("gitlab", "file_name", "content"),
        ("gitea", "filename", "value"),
        ("forgejo", "filename", "value"),
    ],
)
def test_the_page_of_a_new_file_takes_path_and_content(kind: str, path: str, content: str) -> None:
    assert links(kind).new_file()[1:] == (path, content)


def test_the_branch_of_the_registry_is_the_one_that_is_edited() -> None:
    assert "/edit/team/live/registry" in links("github", branch="team/live").edit(PATH)


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "https://user:word@forge.test/a/b", "https://forge.test/ a"]
)
def test_without_a_usable_address_there_are_no_links(url: str) -> None:
    forge = links("github", url)
    assert (forge.edit(PATH), forge.log(PATH), forge.commit("a")) == ("", "", "")
    assert forge.new_file() == ("", "", "")
    assert forge.name == ""


def test_a_products_page_leads_to_the_workflow_that_deletes_it_and_says_what_goes(
    tmp_path: Path,
) -> None:
    config = {"schema_version": 1, "forge": {"type": "gitea", "url": "https://forge.test/a/b"}}
    whole = registry(
        product("shop", [deployment("1"), deployment("2")]),
        product("web", depends_on=["shop"]),
        config=config,
    )
    build_site(whole, tmp_path, now=NOW, tool_version=TOOL)
    page = Page((tmp_path / "products/shop/index.html").read_text(encoding="utf-8"))
    assert "https://forge.test/a/b/actions?workflow=delete-product.yml" in page.links
    assert "This deletes 2 versions and 2 deployments in one commit" in page.shown
    assert "refused while 1 product needs it" in page.shown
    assert "versioner product delete shop" in page.shown
