"""versioner site build: what it is asked, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import Desk

if TYPE_CHECKING:
    from pathlib import Path


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
