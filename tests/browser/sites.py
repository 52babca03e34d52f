"""Built sites to look at, and which of their pages to look at: the largest of each kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.builders import deployment, product, registry
from tests.site.samples import TOOL
from tests.site.test_real_shape import ENVIRONMENTS, rows_in, twin_rows
from versioner.git.snapshot import MemorySnapshot
from versioner.registry.load import load_registry
from versioner.site.build import build_site

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.registry.records import Registry

_MONTH = re.compile(r"\d{4}-\d{2}(?:-\d{2})?(?:-\d+)?")
_NAMED = ("products", "environments", "teams", "people")


def build_sample(top: Path, out: Path) -> Path:
    """Build the project's own sample registry, at the moment of its last event."""
    return _build(_sample(top), out)


def last_moment(top: Path) -> str:
    """Return the moment of the sample's last event."""
    return _last(_sample(top))


def _sample(top: Path) -> Registry:
    files = {
        path.relative_to(top).as_posix(): path.read_bytes()
        for path in (top / "registry").rglob("*")
        if path.is_file()
    }
    whole = load_registry(MemorySnapshot(files))
    assert whole.problems == []
    return whole


def build_real_shape(out: Path, source: Path | None) -> Path:
    """Build the real deployments of a file, or rows of their shape where there is none."""
    rows = rows_in(source) if source else twin_rows(3000)
    events: dict[str, list[dict[str, str]]] = {}
    for number, row in enumerate(rows):
        said = {key: value for key, value in row.items() if key != "product"}
        event = deployment(said.pop("version"), id=f"{number:026d}", **said)
        events.setdefault(row["product"], []).append(event)
    records = [product(name, events[name]) for name in sorted(events)]
    return _build(registry(*records, environments={name: {} for name in ENVIRONMENTS}), out)


def _build(whole: Registry, out: Path) -> Path:
    build_site(whole, out, now=_last(whole), tool_version=TOOL)
    return out


def _last(whole: Registry) -> str:
    return max(
        event["at"]
        for record in whole.products.values()
        for event in (*record.deployment_events, *record.builds)
    )


def kind_of(path: str, text: str) -> str:
    """Return what kind of page a page is, by its place: `products/*/month`."""
    parts = path.removesuffix(".html").split("/")
    parts = ["month" if _MONTH.fullmatch(part) else part for part in parts]
    if len(parts) > 2 and parts[0] in _NAMED:
        parts[1] = "*"
    elif parts[0] == "compare" and len(parts) > 2:
        parts[1:] = ["*", "*"]
    if "data-moved" in text:
        parts.append("moved")
    elif " was deleted</h1>" in text:
        parts.append("deleted")
    return "/".join(parts)


def largest_of_each_kind(out: Path) -> dict[str, str]:
    """Return one page of each kind, the largest."""
    found: dict[str, tuple[int, str]] = {}
    for page in sorted(out.rglob("*.html")):
        path = page.relative_to(out).as_posix()
        text = page.read_text(encoding="utf-8")
        kind = kind_of(path, text)
        found[kind] = max(found.get(kind, (0, "")), (len(text), path))
    return {kind: path for kind, (_, path) in sorted(found.items())}
