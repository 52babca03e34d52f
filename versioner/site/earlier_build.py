"""The build that was made into a folder before: its units, and which of its files are still there.

The state in the git directory has, by unit, the key and the files with their sizes and times, and
the times of all folders. A folder whose time is the same has the same entries, so its files are
not looked at one by one. A folder that another program changed is looked at file by file.
Where the folder's manifest is not as the last build left it, nothing here is used to say which
files there are: the manifest does.
"""

from __future__ import annotations

import json
import os
import stat
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.backoff import Backoff
from versioner.serialization.compact_json import ascii_json
from versioner.site.output import MANIFEST, FileChange, claim
from versioner.site.summaries.state import StateLost

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from versioner.site.summaries.state import SiteState
    from versioner.site.units import Unit

__all__ = ["EarlierBuild", "KnownUnit"]

# A later change may have the time of one that was made somewhat less than so many seconds before.
_TICK_SECONDS: Final = 0.03


class KnownUnit(NamedTuple):
    """What the state has of a unit: its key, its numbers of pages and of files, its folders."""

    key: str
    pages: int
    files: int
    folders: frozenset[str]


class EarlierBuild:
    """The last build into a folder; without a state, or in another folder, it has no units.

    With `fresh`, no unit is kept.
    """

    def __init__(self, out: Path, state: SiteState, *, fresh: bool = False) -> None:
        self._out, self._state, self._fresh = out, state, fresh
        self._name = str(out.resolve())
        self._known = {
            unit: KnownUnit(key, pages, files, frozenset(json.loads(folders)))
            for unit, key, pages, files, folders in state.outputs(self._name)
        }
        record = state.build(self._name) or {}
        self._times: dict[str, list[int]] = record.get("folders", {})
        self._unsure = frozenset(record.get("unsure", ()))
        self._manifest = record.get("manifest")
        # Is the manifest as that build left it, so that the files of its units are all files?
        self._is_whole = self._manifest is not None and self._manifest == _time_of_file(
            f"{out}/{MANIFEST}"
        )
        self._listed = None if self._is_whole and not out.is_symlink() else claim(out)
        self._is_whole = self._listed is None
        self._kept: dict[str, KnownUnit] = {}
        # The paths of the parts that are kept of units that are made.
        self._kept_parts: dict[str, list[str]] = {}

    def to_make(self, units: Iterable[Unit]) -> list[Unit]:
        """Return the units that are to be made, without those parts of them that need not be."""
        return [self._without_kept_parts(unit) for unit in units if not self._keep(unit)]

    def _keep(self, unit: Unit) -> bool:
        """Return whether a unit need not be made, because its files are there with its key."""
        known = self._known.get(unit.name)
        if self._fresh or known is None or not known.key or known.key != unit.key:
            return False
        if known.folders.isdisjoint(self._changed) or self._is_there(unit.name, known):
            self._kept[unit.name] = known
        return unit.name in self._kept

    def _without_kept_parts(self, unit: Unit) -> Unit:
        """Return a unit without the parts that need not be made."""
        if self._fresh or unit.parts is None or unit.name not in self._known or not unit.key:
            return unit
        known = self._state.parts(self._name, unit.name)
        same = {part for part, key in unit.parts.keys().items() if known.get(part) == key}
        if not same:
            return unit
        files: dict[str, dict[str, Any]] = {part: {} for part in same}
        for path, each in self._files([unit.name])[unit.name].items():
            if (part := unit.parts.of(path)) in same:
                files[part][path] = each
        there = {
            part
            for part, own in files.items()
            if all(_file(f"{self._out}/{path}") == each for path, each in own.items())
        }
        self._kept_parts[unit.name] = [path for part in there for path in files[part]]
        return unit.parts.without(there)

    def keep_list(self, unit: Unit, made: Mapping[str, Sequence[str]], prefix: str = "") -> bool:
        """Return whether a unit need not be made that lists the files of others, now all made.

        The others are those whose names begin so; `made` has the paths of those that were made.
        """
        if not self._is_whole or not self._keep(unit):
            return False
        whole = self.with_kept_parts(made)
        old, new = self._old_and_new(
            {name: paths for name, paths in whole.items() if name.startswith(prefix)},
            [name for name in self._known if name.startswith(prefix)],
        )
        if old != new:
            del self._kept[unit.name]
        return old == new

    def with_kept_parts(self, made: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Return by unit the paths that were made of it, and those that are kept of it."""
        return {name: [*self._kept_parts.get(name, ()), *own] for name, own in made.items()}

    def is_kept(self, name: str) -> bool:
        """Return whether a unit need not be made."""
        return name in self._kept

    @property
    def pages(self) -> int:
        """Return the number of pages that are kept."""
        parts = (path for paths in self._kept_parts.values() for path in paths)
        whole = sum(each.pages for each in self._kept.values())
        return whole + sum(path.endswith(".html") for path in parts)

    def paths(self, prefix: str = "") -> list[str]:
        """Return the paths of the files that are kept, by the beginning of the names of units.

        Raises StateLost where the state has lost them.
        """
        names = [name for name in self._kept if name.startswith(prefix)]
        parts = (own for name, own in self._kept_parts.items() if name.startswith(prefix))
        return [path for own in (*self._files(names).values(), *parts) for path in own]

    def _files(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        found = self._state.files(self._name, names)
        if len(found) < len(names):
            raise StateLost
        return found

    def change(self, made: Mapping[str, Sequence[str]]) -> FileChange:
        """Return what changes in the list of the folder's files when some units were made."""
        number = sum(each.files for each in self._kept.values()) + sum(map(len, made.values()))
        if self._is_whole:
            old, new = self._old_and_new(made, self._known)
            listed = claim(self._out) if old != new else None
            return FileChange(new - old, old - new, number, listed)
        before = self._listed or set()
        wanted = {*self.paths(), *(path for own in made.values() for path in own)}
        return FileChange(wanted - before, before - wanted, number, before)

    def _old_and_new(
        self, made: Mapping[str, Sequence[str]], known: Iterable[str]
    ) -> tuple[set[str], set[str]]:
        other = [name for name in known if name not in self._kept]
        old = {path for own in self._files(other).values() for path in own}
        return old, {path for own in made.values() for path in own}

    def replace(self, made: Iterable[tuple[Unit, Sequence[str]]], written: Collection[str]) -> None:
        """Keep what was made in the state, when the paths `written` were written or removed."""
        units = [*made]
        gone = self._known.keys() - self._kept.keys() - {unit.name for unit, _ in units}
        changed = {"", *(folder for path in written for folder in _above(path))}
        names = {folder for _, paths in units for path in paths for folder in _above(path)}
        names |= changed | self._changed
        if written:
            # A change that another program makes from now on gives a folder another time.
            Backoff(_TICK_SECONDS).pause()
        found = {name: _time_of_folder(f"{self._out}/{name}") for name in names}
        times = {name: each for name, each in found.items() if each is not None}
        # A folder that another program changed has the time from before its files were looked at,
        # and is looked at once more; and so is one whose file system has times in whole seconds.
        others = {name: self._now[name] for name in self._changed - changed if name in self._now}
        times |= others
        coarse = {name for name, (at, _) in times.items() if at % 1_000_000_000 == 0}
        kept = {name: each for name, each in self._times.items() if name not in names}
        self._state.keep_outputs(
            self._name,
            (_row(unit, paths, self._out) for unit, paths in units),
            gone,
            {
                "manifest": _time_of_file(f"{self._out}/{MANIFEST}"),
                "folders": {**kept, **times},
                "unsure": sorted(coarse | (others.keys() - self._unsure)),
            },
        )

    @cached_property
    def _now(self) -> dict[str, list[int]]:
        """Return the times of the folders as they are now."""
        found = {name: _time_of_folder(f"{self._out}/{name}") for name in self._times}
        return {name: each for name, each in found.items() if each is not None}

    @cached_property
    def _changed(self) -> frozenset[str]:
        """Return the folders whose files are to be looked at one by one."""
        now, before = self._now, self._times
        changed = {name for name, each in before.items() if now.get(name) != each}
        other = {name for name in changed if name not in now or now[name][1] != before[name][1]}
        # What is in another folder of the same name is not what was there.
        below = (name for name in before if not other.isdisjoint(_above(f"{name}/")))
        return frozenset({*changed, *self._unsure, *(below if other else ())})

    def _is_there(self, name: str, known: KnownUnit) -> bool:
        """Return whether a unit's files in changed folders are as the last build left them."""
        if any(each not in self._now for folder in known.folders for each in _above(f"{folder}/")):
            return False
        files = self._state.files(self._name, [name]).get(name)
        return files is not None and all(
            _file(f"{self._out}/{path}") == each
            for path, each in files.items()
            if _folder(path) in self._changed
        )


def _row(unit: Unit, paths: Sequence[str], out: Path) -> tuple[str, str, int, int, str, str, str]:
    """Return the row of a unit that was written."""
    parts = unit.parts.keys() if unit.parts is not None and unit.key else {}
    folders = sorted({_folder(path) for path in paths})
    pages = sum(path.endswith(".html") for path in paths)
    files = {path: _file(f"{out}/{path}") for path in paths} if unit.key else dict.fromkeys(paths)
    data = ascii_json(folders), ascii_json(files), ascii_json(parts)
    return unit.name, unit.key, pages, len(paths), *data


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _above(path: str) -> list[str]:
    """Return the folders above a path, the outermost ("") first."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts))]


def _file(path: str) -> list[int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns] if stat.S_ISREG(found.st_mode) else None


def _time_of_file(path: str) -> list[int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _time_of_folder(path: str) -> list[int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_ino] if stat.S_ISDIR(found.st_mode) else None
