"""Remotes that stand on this disk and are talked to as any other, and how often they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.repository.clones import LOG, PRODUCT, make, sh
from versioner.git.objects import ObjectReader
from versioner.remote.ladder import LADDER
from versioner.remote.url import Remote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from versioner.remote.partial_clone import PartialClone

FILES = {
    PRODUCT: b'name: "shop"\n',
    LOG: b"# log\n",
    "registry/registry.yaml": b"schema_version: 1\n",
    "registry/products/shop/versions/2026-11.yaml": b"# versions\n",
    "registry/products/web/product.yaml": b'name: "web"\n',
    "src/picture": bytes(range(256)) * 4000,
}
# What a server takes of the ladder, as its own settings say it.
LIMITED = {
    "uploadpackfilter.allow": "false",
    "uploadpackfilter.blob:none.allow": "true",
    "uploadpackfilter.tree.allow": "true",
    "uploadpackfilter.tree.maxDepth": "0",
}
ONLY_BLOBS = {"uploadpackfilter.allow": "false", "uploadpackfilter.blob:none.allow": "true"}
NO_FILTER = {"uploadpackfilter.allow": "false"}
SERVERS = dict(zip(LADDER, ({}, LIMITED, ONLY_BLOBS, NO_FILTER), strict=True))
# One that knows of no filters sends all there is, whatever it is asked for.
OLD = {"uploadpack.allowFilter": "false"}


def bare_remote(top: Path, settings: dict[str, str] | None = None, *init: str) -> Path:
    """Make a bare repository with a few files, set as a server is."""
    bare = top / "remote.git"
    clone = make(top / "source", FILES, "-b", "main", *init)
    sh(clone, "clone", "-q", "--bare", str(clone), str(bare))
    for key, value in {"uploadpack.allowFilter": "true", **(settings or {})}.items():
        sh(bare, "config", key, value)
    return bare


def remote_to(bare: Path) -> Remote:
    return Remote(f"file://{bare}")


class Counting(ObjectReader):
    """Read a partial clone, and keep what had to be brought: a list for each request."""

    def __init__(self, clone: PartialClone) -> None:
        super().__init__(clone.folder, supply=self._supply_and_count)
        self.asked: list[list[str]] = []
        self._clone = clone

    def _supply_and_count(self, ids: Sequence[str]) -> None:
        self.asked.append(list(ids))
        self._clone.bring(ids)
