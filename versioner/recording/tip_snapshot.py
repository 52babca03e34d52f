"""The files of the tip with changes, as far as the judge of a start reads them."""

from __future__ import annotations

from copy import copy
from functools import lru_cache
from typing import TYPE_CHECKING

from versioner import layout
from versioner.git.files.entries import FileEntry, product_of
from versioner.git.object_format import hash_object
from versioner.git.snapshot import OverlaySnapshot
from versioner.rules.gate.open_logs import is_open_log

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from versioner.git.snapshot import Snapshot

__all__ = ["TipSnapshot"]


@lru_cache(maxsize=256)
def _entry_of(data: bytes, object_format: str) -> FileEntry:
    # A server judges one start after the other, each with the files of those before it.
    return FileEntry("file", len(data), hash_object("blob", data, object_format))


class TipSnapshot(OverlaySnapshot):
    """The files of the tip with changes; of all but some products the recent deployments alone."""

    def __init__(
        self, base: Snapshot, changes: Mapping[str, bytes | None], object_format: str
    ) -> None:
        super().__init__(base, dict(changes), object_format)
        self._whole: Collection[str] = ()
        self._periods: Collection[str] = ()

    def with_recent(self, whole: Collection[str], periods: Collection[str]) -> TipSnapshot:
        """Return the same files, of all but some products the deployments of periods alone."""
        found = copy(self)
        found._whole, found._periods = whole, periods
        return found

    def product_names(self) -> set[str]:
        """Return the names of the products, by their directories: changes remove no product."""
        changed = {product_of(path) for path, data in self._changes.items() if data is not None}
        return {*self._base.product_names(), *changed} - {""}

    def product_trees(self, names: Collection[str] | None = None) -> Mapping[str, str | None]:
        """Return no trees: the records are made for one question."""
        return {}

    def names_with_events(self) -> list[str]:
        """Return the products that have a log of the periods."""
        entries = self.entries().items()
        return sorted({product_of(path) for path, each in entries if self._is_recent(path, each)})

    def paths_of(self, name: str) -> list[str]:
        """Return what is read of a product."""
        folder = layout.product_dir(name)
        if name in self._whole:
            return [folder]
        logs = [f"{folder}/deployments/{each}.yaml" for each in sorted(self._periods)]
        return [f"{folder}/product.yaml", *logs]

    def is_shown(self, path: str, entry: FileEntry) -> bool:
        """Return whether an entry of the tip is read."""
        name = product_of(path)
        is_whole = not self._periods or not name or name in self._whole
        return is_whole or path.endswith("/product.yaml") or self._is_recent(path, entry)

    def entry_of(self, data: bytes) -> FileEntry:
        """Return the entry of a changed file."""
        return _entry_of(data, self._object_format)

    def _is_recent(self, path: str, entry: FileEntry) -> bool:
        if entry.kind != "file":
            # It stands in place of a log, or of their folder.
            return bool(product_of(path))
        return is_open_log(path, self._periods)
