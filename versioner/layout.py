"""Where things are: ids to repository paths, and back.

Paths are relative to the repository's top, with `/` between parts. They are built from
validated names only (`versioner.names`), so no part of one can lead elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from versioner.models import EventKind

__all__ = [
    "CONFIG",
    "ROOT",
    "Place",
    "alias_path",
    "deleted_path",
    "environment_path",
    "log_path",
    "month_of",
    "place_of",
    "previous_month",
    "product_dir",
    "product_path",
]

ROOT: Final = "registry"
CONFIG: Final = "registry/registry.yaml"

_LOG_DIRS: Final[dict[EventKind, str]] = {"build": "versions", "deployment": "deployments"}

PlaceKind = Literal["config", "environment", "product", "build", "deployment", "alias", "deleted"]

_PLACES: Final = re.compile(
    r"registry/(?:"
    r"(?P<config>registry)\.yaml"
    r"|environments/(?P<environment>[^/]+)\.yaml"
    r"|aliases/(?P<alias>[^/]+)\.yaml"
    r"|deleted/(?P<deleted>[^/]+)\.yaml"
    r"|products/(?P<owner>[^/]+)/(?:"
    r"(?P<product>product)\.yaml"
    r"|versions/(?P<build>[0-9]{4}-(?:0[1-9]|1[0-2]))\.yaml"
    r"|deployments/(?P<deployment>[0-9]{4}-(?:0[1-9]|1[0-2]))\.yaml))"
)


class Place(NamedTuple):
    """Say what a path of the registry holds.

    `name` is the environment, alias, deleted name or product; `month` is `YYYY-MM` for a log.
    """

    kind: PlaceKind
    name: str
    month: str = ""


def product_dir(product: str) -> str:
    """Return the directory of everything about a product, without a final slash."""
    return f"registry/products/{product}"


def product_path(product: str) -> str:
    """Return the path of a product's description."""
    return f"registry/products/{product}/product.yaml"


def log_path(product: str, kind: EventKind, month: str) -> str:
    """Return the path of a product's log of one kind for one month (`YYYY-MM`)."""
    return f"registry/products/{product}/{_LOG_DIRS[kind]}/{month}.yaml"


def environment_path(environment: str) -> str:
    """Return the path of an environment's description."""
    return f"registry/environments/{environment}.yaml"


def alias_path(name: str) -> str:
    """Return the path of the alias that a rename left under an old name."""
    return f"registry/aliases/{name}.yaml"


def deleted_path(name: str) -> str:
    """Return the path of the record that a deletion left."""
    return f"registry/deleted/{name}.yaml"


def month_of(at: str) -> str:
    """Return the UTC month (`YYYY-MM`) of an event's time (RFC 3339, `Z`)."""
    return at[:7]


def previous_month(month: str) -> str:
    """Return the month before (`2026-01` gives `2025-12`)."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1:04}-12" if number == 1 else f"{year:04}-{number - 1:02}"


def place_of(path: str) -> Place | None:
    """Return what a path holds, or None where the registry knows no such place."""
    match = _PLACES.fullmatch(path)
    if match is None:
        return None
    found = {key: value for key, value in match.groupdict().items() if value is not None}
    owner = found.pop("owner", "")
    kind, value = next(iter(found.items()))
    if kind == "config":
        return Place("config", "")
    if kind == "product":
        return Place("product", owner)
    if kind in ("build", "deployment"):
        return Place(kind, owner, value)  # type: ignore[arg-type]
    return Place(kind, value)  # type: ignore[arg-type]
