"""The layout of a registry: paths of names, and names of paths.

Paths are relative to the repository's top, with `/` between parts. They are built from
validated names only (`versioner.names`), so no part of a path can leave the registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from versioner.models import LogKind

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
    "with_yaml_extension",
]

ROOT: Final = "registry"
CONFIG: Final = "registry/registry.yaml"

_LOG_DIRS: Final[dict[LogKind, str]] = {
    "build": "versions",
    "deployment": "deployments",
    "observation": "observations",
}

PlaceKind = Literal[
    "config", "environment", "product", "build", "deployment", "observation", "alias", "deleted"
]


class Place(NamedTuple):
    """What a path of the registry contains.

    `name` is the environment, alias, deleted name or product; `month` is `YYYY-MM` for a log.
    """

    kind: PlaceKind
    name: str
    month: str = ""

    @property
    def log_kind(self) -> LogKind | None:
        """Return the kind of the log, None where the path is not one of a log."""
        kind = self.kind
        return kind if kind in ("build", "deployment", "observation") else None


def product_dir(product: str) -> str:
    """Return the directory of a product, without a final slash."""
    return f"registry/products/{product}"


def product_path(product: str) -> str:
    """Return the path of a product's description."""
    return f"registry/products/{product}/product.yaml"


def log_path(product: str, kind: LogKind, month: str) -> str:
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
    """Return what a path contains, or None if it is not a path of a registry."""
    parts = path.removesuffix(".yaml").split("/")
    if not path.endswith(".yaml") or parts[0] != ROOT or not all(parts):
        return None
    match parts[1:]:
        case ["registry"]:
            return Place("config", "")
        case ["environments", name]:
            return Place("environment", name)
        case ["aliases", name]:
            return Place("alias", name)
        case ["deleted", name]:
            return Place("deleted", name)
        case ["products", name, "product"]:
            return Place("product", name)
        case ["products", name, "versions", month] if _is_month(month):
            return Place("build", name, month)
        case ["products", name, "deployments", month] if _is_month(month):
            return Place("deployment", name, month)
        case ["products", name, "observations", month] if _is_month(month):
            return Place("observation", name, month)
    return None


def _is_month(text: str) -> bool:
    year, dash, month = text[:4], text[4:5], text[5:]
    digits = f"{year}{month}"
    plain = len(text) == 7 and digits.isascii() and digits.isdigit()
    return plain and dash == "-" and "01" <= month <= "12"


def with_yaml_extension(path: str) -> str:
    """Return the path of the registry's file that a `.yml` or `.YAML` was meant to be, else ""."""
    stem, dot, extension = path.rpartition(".")
    meant = f"{stem}.yaml" if dot and extension.lower() in ("yml", "yaml") else ""
    return meant if meant != path and place_of(meant) is not None else ""
