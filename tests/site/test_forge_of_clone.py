"""The links to the forge where registry.yaml names none: the remote of the clone tells it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW
from versioner.git.repository import open_repository
from versioner.remote.hosting import hosting_of_clone
from versioner.setup.init import initialise
from versioner.site.forge_links import ForgeLinks
from versioner.site.publish import publish_site

if TYPE_CHECKING:
    from pathlib import Path

GITHUB = "https://github.com/acme/registry"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("clone") / "registry"
    initialise(top, example=True, now=NOW)
    return top


def git(top: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=top, check=True, capture_output=True)


def page(clone: Path, out: Path, url: str) -> str:
    git(clone, "config", "remote.origin.url", url)
    publish_site(open_repository(clone), None, out, now=NOW)
    product = next(path for path in (out / "products").iterdir() if path.is_dir())
    texts = [path.read_text(encoding="utf-8") for path in out.rglob("*.html")]
    assert not any("t0ken" in text for text in texts)
    return (product / "index.html").read_text(encoding="utf-8")


def test_the_links_appear_when_the_remote_is_added_after_init(clone: Path, tmp_path: Path) -> None:
    assert "forge:" not in (clone / "registry/registry.yaml").read_text(encoding="utf-8")
    before = page(clone, tmp_path / "before", "/srv/git/registry.git")
    assert GITHUB not in before
    after = page(clone, tmp_path / "after", "https://jane:t0ken@github.com/acme/registry.git")
    for kind in ("edit", "commits"):
        assert f"{GITHUB}/{kind}/main/registry/products/" in after
    assert f"{GITHUB}/actions/workflows/delete-product.yml" in after
    assert page(clone, tmp_path / "ssh", "git@github.com:acme/registry.git") == after


@pytest.mark.parametrize(
    ("remotes", "url"),
    [
        ({"origin": f"{GITHUB}.git"}, GITHUB),
        ({"upstream": f"{GITHUB}.git"}, GITHUB),
        ({"origin": f"{GITHUB}.git", "fork": "https://gitlab.com/x/y"}, GITHUB),
        ({"one": f"{GITHUB}.git", "two": "https://gitlab.com/x/y"}, ""),
        ({"origin": "https://user:t0ken@github.com/acme/registry"}, GITHUB),
        ({"origin": "javascript:alert(1)"}, ""),
        ({"origin": "https://github.com/a b"}, ""),
        ({}, ""),
    ],
)
def test_the_remote_origin_tells_the_forge_or_the_only_one(
    tmp_path: Path, remotes: dict[str, str], url: str
) -> None:
    git(tmp_path, "init", "-q")
    for name, address in remotes.items():
        git(tmp_path, "config", f"remote.{name}.url", address)
    found = hosting_of_clone(open_repository(tmp_path))
    assert (found.url, found.forge) == (url, "github" if url else "")


CLONE = {"type": "github", "url": GITHUB}


@pytest.mark.parametrize(
    ("named", "told", "kind", "url"),
    [
        ({}, CLONE, "github", GITHUB),
        ({"type": "none"}, CLONE, "none", GITHUB),
        ({"type": "gitlab", "url": "https://git.acme.com/r"}, CLONE, "gitlab",
         "https://git.acme.com/r"),
        ({"type": "gitlab"}, {"type": "none", "url": "https://git.acme.com/r"}, "gitlab",
         "https://git.acme.com/r"),
        ({}, {"type": "none", "url": "https://git.acme.com/r"}, "none", "https://git.acme.com/r"),
        ({}, {}, "none", ""),
    ],
)  # fmt: skip
def test_what_registry_yaml_says_of_the_forge_comes_first(
    named: dict[str, str], told: dict[str, str], kind: str, url: str
) -> None:
    links = ForgeLinks.of({"forge": named}, told)
    assert links.kind == kind
    assert bool(links.edit("x")) is (kind != "none")
    assert links.url in (url, "")
