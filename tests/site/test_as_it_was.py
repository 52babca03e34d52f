"""The documents and pages of what ran when say what `versioner status --at` says."""

from __future__ import annotations

import random
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import NOW, deployment, moment, product, registry
from tests.registry.test_naive_fold import history
from tests.site.checker import check_site, read_site
from tests.site.samples import DAY, TOOL, everything
from tests.site.test_incremental import content
from tests.site.test_real_shape import ENVIRONMENTS, twin_rows
from versioner.query.matrix import matrix
from versioner.registry.event_order import seconds_of
from versioner.site.api.past import month_of_past
from versioner.site.build import build_site
from versioner.site.context import SiteContext

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from versioner.registry.records import Registry

State = dict[tuple[str, str], str]


def replayed(document: dict[str, Any], second: int) -> State:
    """Return what runs at a moment, as the script of the page reads a document."""
    products, environments, running = (
        document[name] for name in ("products", "environments", "running")
    )
    zero = seconds_of(f"{document['month']}-01T00:00:00Z")
    state = {(products[p], environments[e]): running[r] for p, e, r, _ in document["begin"]}
    for at, p, e, r in document["changes"]:
        if zero + at <= second:
            state[products[p], environments[e]] = running[r]
    return {place: text for place, text in state.items() if text}


def told(whole: Registry, at: str) -> State:
    """Return what `status --at` says of all environments, as the texts of the documents."""
    found = {}
    for row in matrix(whole, now=NOW, at=at, environments=[*whole.environments]).rows:
        for cell in row.cells:
            texts = [f"{each.name}={each.version}" for each in cell.instances]
            if cell.versions:
                found[row.product, cell.environment] = " ".join(texts) or cell.version
    return found


def assert_at(whole: Registry, moments: list[str]) -> None:
    context = SiteContext(whole, now=NOW)
    documents = {month: month_of_past(context, month) for month in context.catalogue.past_months}
    months = sorted(documents)
    for at in moments:
        index = bisect_right(months, at[:7]) - 1
        found = replayed(documents[months[index]], seconds_of(at)) if index >= 0 else {}
        assert found == told(whole, at), at


def real_shape(rows: int) -> Registry:
    events: dict[str, list[dict[str, Any]]] = {}
    for number, row in enumerate(twin_rows(rows)):
        said = {key: value for key, value in row.items() if key != "product"}
        event = deployment(said.pop("version"), id=f"{number:026d}", **said)
        events.setdefault(row["product"], []).append(event)
    records = [product(name, events[name]) for name in sorted(events)]
    return registry(*records, environments={name: {} for name in ENVIRONMENTS})


def test_random_moments_are_what_the_command_says_of_them(scale: Callable[[int, int], int]) -> None:
    chance = random.Random(3)
    for whole in (everything(), real_shape(600)):
        times = [each["at"] for record in whole.products.values()
                 for each in record.deployment_events]  # fmt: skip
        first, last = seconds_of(min(times)), seconds_of(NOW)
        moments = [moment((chance.randint(first - 99, last) - last) / 60)
                   for _ in range(scale(8, 200))]  # fmt: skip
        assert_at(whole, [*moments, *chance.sample(times, 4), min(times), NOW])


def test_generated_histories_with_instances_and_voids_are_too(
    scale: Callable[[int, int], int],
) -> None:
    for seed in range(scale(40, 2_000)):
        events, listed = history(seed)
        # A month begins within the history.
        start = moment(4, "2026-11-01T00:00:00Z")
        for each in events:
            each["at"] = moment((seconds_of(each["at"]) - seconds_of(NOW)) / 60 - 10, start)
        places = {"staging": {}, "production": {"instances": list(listed)} if listed else {}}
        whole = registry(product("api", events), environments=places)
        assert_at(whole, sorted({each["at"] for each in events}))


def build(whole: Registry, folder: Path, trees: dict[str, str]) -> dict[str, bytes]:
    build_site(
        whole, folder / "out", now=NOW, tool_version=TOOL, cache=folder / "memory.json",
        trees=trees,
    )  # fmt: skip
    return content(folder / "out")


@pytest.mark.slow
def test_an_event_writes_the_open_month_alone_and_a_late_one_what_it_changed(
    tmp_path: Path,
) -> None:
    def events(*more: dict[str, Any]) -> Registry:
        own = [deployment(f"v{n}", minutes=(n - 9) * 30 * DAY, id=f"e{n}") for n in range(9)]
        return registry(product("a", [*own, *more]), product("b", own[:3]))

    old = build(events(), tmp_path, {"a": "1", "b": "1"})
    new = build(events(deployment("v10", id="new")), tmp_path, {"a": "2", "b": "1"})
    changed = {path for path in new if "as-it-was/" in path and new[path] != old.get(path)}
    assert changed == {"as-it-was/index.html", "api/v1/as-it-was/2026-11.json"}
    late = deployment("v11", id="late", minutes=-25 * DAY)
    whole = events(deployment("v10", id="new"), late)
    again = build(whole, tmp_path, {"a": "3", "b": "1"})
    changed = {path for path in again if "as-it-was/2" in path and again[path] != new.get(path)}
    documents = {f"api/v1/as-it-was/2026-{month}.json" for month in (10, 11)}
    assert changed == {"as-it-was/2026-10.html", *documents}
    assert check_site(tmp_path / "out") == []
    pages = read_site(tmp_path / "out")
    assert "a v11 since 28 Oct 2026 b v2" in pages["as-it-was/2026-10.html"].shown
    assert (
        "as-it-was/2026-03.html" in pages and "October 2026" in pages["as-it-was/index.html"].shown
    )
    assert "a v10 since 22 Nov 2026" in pages["as-it-was/index.html"].shown
