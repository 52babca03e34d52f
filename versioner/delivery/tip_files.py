"""Fetch more files of the tip into a partial clone, for what reads more than one event's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.git.object_format import parse_tree
from versioner.git.objects import TreeView, reading
from versioner.remote.prefetch import Wanted, prefetch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from versioner.git.objects import ObjectReader
    from versioner.git.repository import Repository

__all__ = ["fetch_tip_files"]


def fetch_tip_files(place: Repository, files: Sequence[str], trees: Sequence[str] = ()) -> None:
    """Fetch what is at some paths of the tip, files and all below directories.

    Of `trees` the directories alone are fetched, with all below them. Objects that are here already
    are not fetched again; each level of missing directories is one request.
    """
    tip = place.tip
    if tip is None:
        return
    with reading(place) as reader:
        prefetch(reader, [Wanted(tip, path) for path in (*files, *trees)])
        view = TreeView(reader, tip)
        blobs = _walk(reader, view, files)
        _walk(reader, view, trees)
        for _ in reader.find_or_fetch(list(dict.fromkeys(blobs))):
            pass


def _walk(reader: ObjectReader, view: TreeView, paths: Iterable[str]) -> list[str]:
    """Fetch the directories below some paths; return the ids of the files."""
    entries = [entry for path in paths if (entry := view.entry(path)) is not None]
    blobs = [each.id for each in entries if each.is_file]
    level = [each.id for each in entries if not each.is_file]
    while level:
        below = []
        for found in reader.find_or_fetch(list(dict.fromkeys(level))):
            if found is None or found.type != "tree":
                continue
            for entry in parse_tree(found.data, len(found.id) // 2).values():
                if entry.is_file:
                    blobs.append(entry.id)
                elif not entry.is_elsewhere:
                    below.append(entry.id)
        level = below
    return blobs
