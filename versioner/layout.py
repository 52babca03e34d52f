"""The layout of a registry: paths of names, and names of paths.

Paths are relative to the repository's top, with `/` between parts. They are built from
validated names only (`versioner.names`), so no part of a path can leave the registry.

A log is the file of a month, `deployments/2025-03.yaml`, or of the archived months of a year,
`deployments/2025.yaml` (`versioner archive`). Both may have events of one month: an event that
arrives after its month was archived is written to the file of the month again. Events of one month
keep this order: those of the year's file first, each file in its own order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import LogKind

__all__ = [
    "ALLOWED_SIGNERS",
    "CONFIG",
    "ROOT",
    "Place",
    "alias_path",
    "deleted_path",
    "environment_path",
    "in_log_order",
    "log_path",
    "log_paths",
    "month_of",
    "place_of",
    "product_dir",
    "product_path",
    "request_decisions_path",
    "request_path",
    "rule_path",
    "template_path",
    "visible_months",
    "visible_periods",
    "with_yaml_extension",
    "year_of",
]

ROOT: Final = "registry"
CONFIG: Final = "registry/registry.yaml"
# The keys of those whose signed approvals count, in the format of OpenSSH, which git reads.
ALLOWED_SIGNERS: Final = "registry/allowed_signers"

_LOG_DIRS: Final[dict[LogKind, str]] = {
    "build": "versions",
    "deployment": "deployments",
    "observation": "observations",
    "decision": "decisions",
}

PlaceKind = Literal[
    "config",
    "environment",
    "product",
    "build",
    "deployment",
    "observation",
    "decision",
    "alias",
    "deleted",
    "request",
    "request-decision",
    "rule",
    "template",
]


class Place(NamedTuple):
    """What a path of the registry contains.

    `name` is the environment, alias, deleted name, rule, request, template or product; `period` is
    the time that a log is for: a month, `YYYY-MM`, or the archived months of a year, `YYYY`. The
    times of its events begin with it. The log of a request has none.
    """

    kind: PlaceKind
    name: str
    period: str = ""

    @property
    def log_kind(self) -> LogKind | None:
        """Return the kind of the log, None where the path is not one of a log."""
        kind = self.kind
        if kind in ("build", "deployment", "observation", "decision", "request-decision"):
            return kind
        return None

    @property
    def is_of_year(self) -> bool:
        """Return whether the path is the log of a year's archived months."""
        return len(self.period) == len("2025")


def product_dir(product: str) -> str:
    """Return the directory of a product, without a final slash."""
    return f"registry/products/{product}"


def product_path(product: str) -> str:
    """Return the path of a product's description."""
    return f"registry/products/{product}/product.yaml"


def log_path(product: str, kind: LogKind, period: str) -> str:
    """Return the path of a product's log of one kind for a month (`YYYY-MM`) or a year (`YYYY`).

    A request has one log, of no period, for the kind "request-decision".
    """
    if kind == "request-decision":
        return request_decisions_path(product)
    return f"registry/products/{product}/{_LOG_DIRS[kind]}/{period}.yaml"


def log_paths(product: str, kind: LogKind, at: str) -> tuple[str, str]:
    """Return the paths of the logs that may have an event of a time: its month's, its year's."""
    return log_path(product, kind, month_of(at)), log_path(product, kind, year_of(at))


def environment_path(environment: str) -> str:
    """Return the path of an environment's description."""
    return f"registry/environments/{environment}.yaml"


def alias_path(name: str) -> str:
    """Return the path of the alias that a rename left under an old name."""
    return f"registry/aliases/{name}.yaml"


def deleted_path(name: str) -> str:
    """Return the path of the record that a deletion left."""
    return f"registry/deleted/{name}.yaml"


def rule_path(rule: str) -> str:
    """Return the path of a rule."""
    return f"registry/rules/{rule}.yaml"


def request_path(request: str) -> str:
    """Return the path of a deployment request."""
    return f"registry/requests/{request}/request.yaml"


def request_decisions_path(request: str) -> str:
    """Return the path of the log of decisions about a request."""
    return f"registry/requests/{request}/decisions.yaml"


def template_path(template: str) -> str:
    """Return the path of a template of requests."""
    return f"registry/templates/{template}.yaml"


def month_of(at: str) -> str:
    """Return the UTC month (`YYYY-MM`) of an event's time (RFC 3339, `Z`)."""
    return at[:7]


def year_of(at: str) -> str:
    """Return the UTC year (`YYYY`) of an event's time or month."""
    return at[:4]


def in_log_order(paths: Iterable[str]) -> list[str]:
    """Return paths in the order in which logs are read: a year's file before those of its months.

    Where a product has the file of a year, its events then need a stable sort by month
    (`registry.event_order.in_month_order`).
    """
    return sorted(paths, key=lambda path: path.removesuffix(".yaml"))


def previous_month(month: str) -> str:
    """Return the month before (`2026-01` gives `2025-12`)."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1:04}-12" if number == 1 else f"{year:04}-{number - 1:02}"


def visible_months(at: str) -> tuple[str, str]:
    """Return the months whose events are visible to a writer of an event: its own and the last."""
    return month_of(at), previous_month(month_of(at))


def visible_periods(at: str) -> set[str]:
    """Return the periods of the logs that may have events of the visible months."""
    months = visible_months(at)
    return {*months, *map(year_of, months)}


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
        case ["rules", name]:
            return Place("rule", name)
        case ["products", name, "product"]:
            return Place("product", name)
        case ["products", name, "versions", period] if _is_period(period):
            return Place("build", name, period)
        case ["products", name, "deployments", period] if _is_period(period):
            return Place("deployment", name, period)
        case ["products", name, "observations", period] if _is_period(period):
            return Place("observation", name, period)
        case ["products", name, "decisions", period] if _is_period(period):
            return Place("decision", name, period)
        case ["requests", name, "request"]:
            return Place("request", name)
        case ["requests", name, "decisions"]:
            return Place("request-decision", name)
        case ["templates", name]:
            return Place("template", name)
    return None


def _is_period(text: str) -> bool:
    """Return whether a text is a year, or a month of one."""
    year, dash, month = text[:4], text[4:5], text[5:]
    if len(year) < 4 or not year.isascii() or not year.isdigit():
        return False
    plain = len(month) == 2 and month.isascii() and month.isdigit()
    return text == year or (dash == "-" and plain and "01" <= month <= "12")


def with_yaml_extension(path: str) -> str:
    """Return the path of the registry's file that a `.yml` or `.YAML` was meant to be, else ""."""
    stem, dot, extension = path.rpartition(".")
    meant = f"{stem}.yaml" if dot and extension.lower() in ("yml", "yaml") else ""
    return meant if meant != path and place_of(meant) is not None else ""
