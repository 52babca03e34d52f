"""A container, or a row, that a source lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from versioner.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Workload", "mapping_in", "mappings_in", "text_in"]


@dataclass(frozen=True, slots=True)
class Workload:
    """One container that a source lists, or one row of a table.

    `name` says where it is. `image` is the reference to its image, and `digests` are those of
    the image that runs; a row has `product` and `version` instead. `running` is false for what
    is only wanted. `partly` is true where others of the same workload run another image, which
    the source does not name.
    """

    name: str
    image: str = ""
    digests: tuple[str, ...] = ()
    product: str = ""
    version: str = ""
    running: bool = True
    partly: bool = False


def mapping_in(value: Any, key: str) -> dict[str, Any]:
    """Return the mapping under a key, an empty one where there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def mappings_in(value: Any, key: str, where: str = "") -> Iterator[dict[str, Any]]:
    """Yield the mappings of the list under a key; raise InvalidInput where it has other items."""
    found = value.get(key) if isinstance(value, dict) else None
    if found is None:
        return
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InvalidInput(
            f'"{key}"{f" of {where}" if where else ""} is not a list of objects',
            hint="give the output of the command as it is",
        )
    yield from found


def text_in(value: Any, key: str) -> str:
    """Return the text under a key, "" where there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
