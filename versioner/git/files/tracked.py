"""The files of a work tree that git's index knows, and those of them that are unchanged."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from versioner.git.config import finish_settings, start_settings
from versioner.git.files.attributes import ATTRIBUTES, FOLDERS, converts_content, converts_line_ends
from versioner.git.files.index_file import IndexFile, read_index
from versioner.git.files.stat_rules import SETTINGS, is_left_out, stat_rules
from versioner.git.index import files_left_out
from versioner.git.object_format import TreeEntry

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from versioner.git.files.cached_trees import CachedTree
    from versioner.git.files.stat_rules import StatRules
    from versioner.git.repository import Repository

    Records = Mapping[bytes, bytes]

__all__ = ["TrackedFiles", "mode_of"]

_TREE: Final = 0o40000


class TrackedFiles:
    """The entries of a work tree's index, read when they are first needed.

    A file is unchanged where the index says so by stat data, unless attributes let git convert
    its text: then a file is only known by its content.
    """

    def __init__(self, repo: Repository, top: Path) -> None:
        self._repo = repo
        self._top = top
        self.id_bytes: int = 20 if repo.object_format == "sha1" else 32

    def below(self, folder: str) -> Records:
        """Return the entries below a directory of the registry, those whose stat data counts.

        For the directories that have all products, these are all entries.
        """
        if self.index is None or self._is_converted or not f"{folder}/".startswith("registry/"):
            return {}
        if folder in ("registry", "registry/products"):
            return self.index.records
        return self.index.below(folder.encode("utf-8", "surrogateescape"))

    def at(self, path: str) -> Records:
        """Return the entry at a path, where its stat data counts."""
        parent, _, name = path.rpartition("/")
        encoded = path.encode("utf-8", "surrogateescape")
        records = self.below(parent) if parent and name else {}
        return {encoded: records[encoded]} if encoded in records else {}

    @cached_property
    def is_unchanged(self) -> Callable[[bytes, os.stat_result], bool]:
        """Return the function that says whether a file has the content that its entry names."""
        written = self.index.written if self.index is not None else 0
        return self.rules.comparison(written, self.id_bytes)

    @cached_property
    def is_same(self) -> Callable[[bytes, os.stat_result], bool]:
        """Return the function that says whether a file is as its entry, its mode included."""
        written = self.index.written if self.index is not None else 0
        return self.rules.whole_comparison(written, self.id_bytes)

    def id_of(self, record: bytes) -> str:
        """Return the blob id of an entry."""
        return record[40 : 40 + self.id_bytes].hex()

    def trees_below(self, folder: str) -> Mapping[str, CachedTree]:
        """Return the trees of the directories in `folder` that are as the index's entries."""
        return {} if self.index is None else self.index.trees_below(folder)

    def is_submodule(self, path: str) -> bool:
        """Return whether the index has a submodule at a path."""
        encoded = path.encode("utf-8", "surrogateescape")
        return self.index is not None and encoded in self.index.submodules

    @cached_property
    def index(self) -> IndexFile | None:
        """Return the index, None where there is none that can be read."""
        return self._loaded[0]

    @cached_property
    def rules(self) -> StatRules:
        """Return the rules of comparison."""
        rules = self._loaded[1]
        named = any(converts_line_ends(path) for path in self._attributes())
        return rules._replace(converts=rules.converts or named)

    @cached_property
    def left_out(self) -> Mapping[str, TreeEntry]:
        """Return the entries with the mark of files that git leaves out of the work tree."""
        if self.index is None or not self.index.may_leave_out:
            return {}
        records = self.index.records
        if any(mode_of(record) == _TREE for record in records.values()):
            # Only git knows what is in a directory that the index has as one entry.
            return files_left_out(self._top, self._repo.git_dir)
        return {
            path.decode("utf-8", "surrogateescape"): TreeEntry(mode_of(record), self.id_of(record))
            for path, record in records.items()
            if is_left_out(record, self.id_bytes)
        }

    @cached_property
    def _loaded(self) -> tuple[IndexFile | None, StatRules]:
        # git lists its configuration meanwhile.
        listing = start_settings(self._top, SETTINGS)
        try:
            index = read_index(self._repo.git_dir, self.id_bytes)
        finally:
            settings = finish_settings(listing)
        return index, stat_rules(settings)

    @property
    def is_plain(self) -> bool:
        """Return whether each file is as git has it, and none is in the index alone."""
        rules = self.rules
        return rules.executable and not (rules.converts or self._is_converted or self.left_out)

    @property
    def is_index_plain(self) -> bool:
        """Return whether the index has no file that is left out, and no submodule."""
        index = self.index
        return index is None or not (index.may_leave_out or index.submodules)

    @cached_property
    def _is_converted(self) -> bool:
        left_out = (path.rpartition("/")[2] for path in self.left_out)
        return ATTRIBUTES in left_out or any(map(converts_content, self._attributes()))

    def _attributes(self) -> list[Path]:
        here = [self._top / f"{folder}{ATTRIBUTES}" for folder in FOLDERS]
        return [*here, self._repo.common_dir / "info" / "attributes"]


def mode_of(record: bytes) -> int:
    """Return git's mode in an entry."""
    return int.from_bytes(record[24:28], "big")
