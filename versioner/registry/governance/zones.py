"""The data of time zones: of the package tzdata, or as the recorder contains them, in one file.

So one version of the package gives the same answers on all machines.
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from versioner import IS_RECORDER
from versioner.resources import ZONES, read_packaged

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["pack_zones", "packaged_zones", "zone_data", "zone_names"]

_MAGIC = b"TZif"


def zone_data(name: str) -> bytes | None:
    """Return the data of a zone; None where the package has none of this name, or is missing."""
    if IS_RECORDER:
        return _packed().get(name)
    for folder in _folders():
        with suppress(OSError):
            return Path(folder, name).read_bytes()
    return None


def zone_names() -> set[str]:
    """Return the names of all zones that this machine or the recorder has."""
    from zoneinfo import available_timezones

    return {*available_timezones(), *(_packed() if IS_RECORDER else ())}


def packaged_zones() -> dict[str, bytes]:
    """Return the data of all zones of the package tzdata by name."""
    return {
        path.relative_to(folder).as_posix(): data
        for folder in map(Path, _folders())
        for path in folder.rglob("*")
        if path.is_file() and (data := path.read_bytes()).startswith(_MAGIC)
    }


def pack_zones(zones: Mapping[str, bytes]) -> bytes:
    """Return zones as one file: a line of JSON that says where each is, and then the data.

    Many zones have several names; their data is there once.
    """
    places: dict[bytes, tuple[int, int]] = {}
    index: dict[str, tuple[int, int]] = {}
    size = 0
    for name, data in sorted(zones.items()):
        if data not in places:
            places[data] = size, len(data)
            size += len(data)
        index[name] = places[data]
    head = json.dumps(index, separators=(",", ":")).encode("ascii")
    return b"\n".join([head, b"".join(places)])


@cache
def _packed() -> dict[str, bytes]:
    head, _, data = read_packaged(ZONES).partition(b"\n")
    return {name: data[at : at + size] for name, (at, size) in json.loads(head).items()}


def _folders() -> list[str]:
    # Not by importlib.resources, which is slow to import.
    package = find_spec("tzdata")
    places = package.submodule_search_locations if package is not None else None
    return [f"{place}/zoneinfo" for place in places or ()]
