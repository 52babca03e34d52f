"""versioner site build: what it is asked, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import Desk
from tests.site.checker import check_site, read_site

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_a_bare_repository_wants_a_folder_to_be_named(desk: Desk, tmp_path: Path) -> None:
    desk.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    bare = Desk(tmp_path / "bare.git", desk.capsys)
    outcome = bare.run("site", "build")
    assert outcome.code == 2
    assert "--out" in outcome.err
    assert not (bare.top / "_site").exists()
    assert bare.run("site", "build", "--out", str(tmp_path / "site")).code == 0


@pytest.mark.parametrize("url", ["example.com", "ftp://example.com", "https://", "javascript:x"])
def test_a_base_url_is_a_web_address(desk: Desk, url: str) -> None:
    outcome = desk.run("site", "build", "--base-url", url)
    assert outcome.code == 2
    assert "https://example.com/releases" in outcome.err


def test_an_error_in_the_registry_has_the_place_that_validate_tells(desk: Desk) -> None:
    path = desk.top / "registry/products/user-service/product.yaml"
    path.write_text(path.read_text() + "lifecycle: gone\n")
    told = desk.run("validate", "--format", "text").out.splitlines()[0].partition(" error[")[0]
    assert told.startswith("registry/products/user-service/product.yaml:")
    outcome = desk.run("site", "build")
    assert outcome.code == 3
    assert told in outcome.err


def test_an_id_that_two_products_have_is_a_warning_and_each_has_its_own_page(
    desk: Desk, tmp_path: Path
) -> None:
    for name in ("shop", "till"):
        where = ("--product", name, "--environment", "production", "--version", "1.0")
        done = desk.run("track", "deployment", *where, "--event-id", "twin-id")
        assert done.code == 0, done.err
    checked = desk.run("validate")
    assert checked.code == 0, checked.out + checked.err
    assert "warning[duplicate-id]" in checked.out + checked.err
    assert desk.run("deployment", "show", "twin-id").code == 2
    assert "till" in desk.run("deployment", "show", "till/twin-id").out
    assert desk.run("site", "build", "--out", str(tmp_path / "site")).code == 0
    assert check_site(tmp_path / "site") == []
    pages = read_site(tmp_path / "site")
    for name in ("shop", "till"):
        page = pages[f"products/{name}/2026-11.html"]
        assert 'id="d-twin-id"' in page.text
        # The history knows an event by its id: no commit is better than the other product's.
        assert "recorded by" not in page.text
