"""The registries in which operations are measured, one set for each size."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from typing import TYPE_CHECKING

from tests.benchmarks.bench_site import make_content
from tests.benchmarks.generate import git, make_bare, make_clone
from tests.benchmarks.operations import Place
from tests.benchmarks.rows import Row, repeated

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_pages", "make_place"]


def make_place(top: Path, rows: list[Row], events: int, seed: int, *, with_rows: bool) -> Place:
    """Generate a registry of that many events, and the clones that operations use."""
    top.mkdir(parents=True)
    make_bare(top / "bare.git", rows, events, seed=seed)
    make_clone(top / "bare.git", top / "clone")
    make_clone(top / "bare.git", top / "plain")
    chosen = [row for _, row in repeated(rows, events, seed)]
    if with_rows:
        with (top / "rows.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([Row._fields, *chosen])
    product = usual_product(chosen)
    version, log = latest_of(top / "clone", product, chosen)
    return Place(top, product, version, log, events)


def usual_product(rows: list[Row]) -> str:
    """Return the product in the middle of those with 100 events or more, else the largest."""
    counts = Counter(row.product for row in rows)
    many = sorted((number, name) for name, number in counts.items() if number >= 100)
    return many[len(many) // 2][1] if many else counts.most_common(1)[0][0]


def latest_of(clone: Path, product: str, rows: list[Row]) -> tuple[str, str]:
    """Return the latest version of a product that is not in each month, and its latest log."""
    logs = git("ls-files", f"registry/products/{product}/deployments", folder=clone).splitlines()
    last = [row.version for row in rows if row.product == product and row.version != "latest"]
    return (last[-1] if last else "latest"), max(logs)


def make_pages(place: Place) -> int:
    """Turn the built site into content for other generators; return the number of its pages."""
    pages = sum(1 for _ in place.site.rglob("*.html"))
    target = place.top / "hugo"
    shutil.rmtree(target, ignore_errors=True)
    make_content(place.site, target, "md")
    return pages
