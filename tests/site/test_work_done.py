"""What a build does for each further deployment: pages, look-ups and escapes, and no copies."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.builders import NOW, deployment, product, registry
from versioner.site.api import deployments, documents
from versioner.site.build import build_site
from versioner.site.facts import catalogue
from versioner.site.rendering import template_code
from versioner.site.rendering.render import Renderer
from versioner.site.views.month_rows import MonthRows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

ROWS = 100


def work_of(out: Path, rows: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return how often parts of a build were called for a product with so many deployments."""
    found: Counter[str] = Counter()

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **options: Any) -> Any:
            found[name] += 1
            return call(*args, **options)

        return wrapper

    places: tuple[tuple[Any, str], ...] = (
        (Renderer, "render"),
        (MonthRows, "_deployment"),
        (MonthRows, "_version"),
        (catalogue, "row_from"),
        (template_code, "escaped_text"),
        (deployments, "with_nulls"),
        (documents, "with_nulls"),
    )
    # The versions repeat, so that only the number of deployments differs.
    events = [
        deployment(f"v{n % 9}", at=f"2026-10-{n % 28 + 1:02d}T10:{n % 60:02d}:00Z", id=f"e{n}")
        for n in range(rows)
    ]
    with monkeypatch.context() as patch:
        for owner, name in places:
            patch.setattr(owner, name, counted(name, getattr(owner, name)))
        whole = registry(product("shop", sorted(events, key=lambda each: str(each["at"]))))
        report = build_site(whole, out, now=NOW, tool_version="1")
    assert found["render"] == report.rendered == report.pages
    return found


def test_a_further_deployment_makes_a_row_a_page_and_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = work_of(tmp_path / "few", ROWS, monkeypatch)
    many = work_of(tmp_path / "many", 2 * ROWS, monkeypatch)
    assert few["_deployment"] == ROWS
    assert few["_version"] == 9
    more = {name: (many[name] - few[name]) / ROWS for name in many}
    # The page of the month shows all of it, those of all deployments and of its environment less.
    assert more["_deployment"] == 1
    assert 2 <= more["row_from"] < 4
    # Each value once on each of the four pages with the row: the product, its month, two lists.
    assert more["escaped_text"] < 36
    # Summaries of the newest ones are copied, and no document of a month.
    assert more["with_nulls"] < 40
    assert more["render"] == more["_version"] == 0
