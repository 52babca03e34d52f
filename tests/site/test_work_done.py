"""What a build does for each further deployment: pages, look-ups and escapes, and no copies."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.builders import NOW, deployment, product, registry, undeployment
from versioner.site.api import deployments, documents
from versioner.site.build import build_site
from versioner.site.context import SiteContext
from versioner.site.rendering import template_code
from versioner.site.rendering.render import Renderer
from versioner.site.summaries import catalogue
from versioner.site.summaries.state import SiteState
from versioner.site.views.parts.month_rows import MonthRows

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
        (catalogue, "ListedRow"),
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
    # A list is made from rows in short; only the newest ones are read as deployments.
    assert more["ListedRow"] == 1
    assert more["row_from"] < 2
    # Each value once on each of the five pages with the row: the product, its month, two lists,
    # and the rollbacks of the metrics, for each of these deployments goes back to a version.
    assert more["escaped_text"] < 46
    # Summaries of the newest ones are copied, and no document of a month.
    assert more["with_nulls"] < 40
    assert more["render"] == more["_version"] == 0


def test_the_rows_of_a_month_are_read_once_to_count_those_of_all_lists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = ("production", "staging")
    events = [
        make(at=f"2026-{month}-{n % 28 + 1:02d}T10:00:00Z", id=f"{month}-{n}", environment=place)
        for month in ("09", "10")
        for n, make in enumerate([undeployment, *[deployment] * 820])
        for place in (places[n % 2],)
    ]
    events.sort(key=lambda each: str(each["at"]))
    whole = registry(product("shop", events), environments={name: {} for name in places})
    site = SiteContext(whole, now=NOW)
    read: list[str] = []
    rows_of_all = catalogue.Catalogue._rows_of_all
    monkeypatch.setattr(catalogue, "_ROWS_MOST", 0)
    monkeypatch.setattr(
        catalogue.Catalogue,
        "_rows_of_all",
        lambda self, name: read.append(name) or rows_of_all(self, name),
    )
    pages = [site.deployment_links, *site.environment_links.values()]
    assert read == ["2026-09", "2026-10"]
    assert [len(links) for links in pages] == [6, 4, 4]
    assert [sum(each.number for each in links) for links in pages] == [1640, 820, 820]


def test_a_row_of_a_list_needs_no_history_of_its_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More products than the histories that stay in memory, in turn in the same month."""
    names = [f"product-{number}" for number in range(60)]
    whole = registry(
        *(
            product(
                name,
                [
                    deployment(f"v{day}", at=f"2026-10-{day:02d}T10:00:00Z", id=f"{name}-{day}")
                    for day in range(1, 6)
                ],
            )
            for name in names
        )
    )
    reads: Counter[str] = Counter()
    history = SiteState.history

    def counted(state: SiteState, name: str) -> str:
        reads[name] += 1
        return history(state, name)

    monkeypatch.setattr(SiteState, "history", counted)
    build_site(
        whole,
        tmp_path / "site",
        now=NOW,
        tool_version="1",
        cache=tmp_path / "pages.json",
        trees=dict.fromkeys(names, "0" * 40),
    )
    assert reads.keys() == set(names)
    assert max(reads.values()) < 5


def test_the_newest_rows_are_found_once_where_no_list_stays_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "_ROWS_MOST", -1)
    events = [deployment(f"v{day}", at=f"2026-10-{day:02d}T10:00:00Z") for day in range(1, 29)]
    events[3:3] = [undeployment(at="2026-10-04T12:00:00Z", id="gone")]
    made = catalogue.Catalogue(registry(product("shop", events)), SiteState(None), {})
    first = {
        (place, undeployments): made.latest_rows(27, place, undeployments=undeployments)
        for place in ("", "production")
        for undeployments in (True, False)
    }
    assert [each.at[8:10] for each in first["", True]][-3:] == ["04", "04", "03"]
    assert [each.at[8:10] for each in first["production", False]][-3:] == ["04", "03", "02"]
    monkeypatch.setattr(catalogue, "ListedRow", None)
    for (place, undeployments), rows in first.items():
        assert made.latest_rows(27, place, undeployments=undeployments) == rows
        assert made.latest_rows(5, place, undeployments=undeployments) == rows[:5]
