"""The pages and documents that compare environments say what `versioner diff` says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import NOW, build, deployment, product, registry, undeployment, void
from tests.registry.test_naive_fold import history
from tests.site.checker import Page, check_site, read_site
from tests.site.samples import TOOL
from versioner.query.compare.environments import EnvironmentAt, diff
from versioner.reporting.query.differences import difference_document
from versioner.site.api.compare import compare
from versioner.site.build import build_site
from versioner.site.context import SiteContext
from versioner.site.summaries.comparisons import compared_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.registry.records import Registry

DAY = 24 * 60
GITHUB = {"source_system": "github", "scm_repository": "acme/api"}


def sample() -> Registry:
    mistake = deployment("9", environment="staging", minutes=-5)
    return registry(
        product(
            "api",
            builds=[build(f"1.{n}", minutes=n - 90 * DAY, scm_sha=f"{n:040x}", **GITHUB)
                    for n in range(1, 31)],
            deployments=[
                deployment("1.1", minutes=-80 * DAY, environment="staging"),
                deployment("1.1", minutes=-79 * DAY),
                deployment("1.2", minutes=-20 * DAY, environment="staging"),
                deployment("1.30", minutes=-2 * DAY, environment="staging"),
            ],
            extra_metadata={"team": "identity"},
        ),
        product("back", [
            deployment("1", environment="staging", minutes=-9 * DAY),
            deployment("1", minutes=-9 * DAY),
            deployment("2", environment="staging", minutes=-8 * DAY),
            deployment("2", minutes=-8 * DAY),
            deployment("1", minutes=-7 * DAY),
        ]),
        product("same", [deployment("1"), deployment("1", environment="staging"), mistake,
                         void(mistake)]),
        product("gone", [deployment("7", minutes=-9), undeployment(minutes=-3),
                         deployment("7", environment="staging", minutes=-9)]),
        product("here", [deployment("5", minutes=-9), deployment("6", minutes=-5)]),
        product("both", [deployment("3", instance="eu"), deployment("2", instance="us"),
                         deployment("3", environment="staging")]),
    )  # fmt: skip


def assert_like_diff(whole: Registry) -> int:
    """Compare the document of each pair with the command's; return the number of differences."""
    context = SiteContext(whole, now=NOW)
    number = 0
    for a, b in compared_pairs(context):
        told = [difference_document(each)
                for each in diff(whole, EnvironmentAt(a), EnvironmentAt(b), now=NOW)]  # fmt: skip
        found = compare(context, (a, b))["differences"]
        assert sorted(map(comparable, found), key=str) == sorted(map(comparable, told), key=str)
        number += len(told)
    return number


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    sides = {name: (document[name] or {}).get("version") or None for name in ("a", "b")}
    since = {f"{name} since": (document[name] or {}).get("since") for name in ("a", "b")
             if sides[name]}  # fmt: skip
    between = document["between"]
    return {
        **sides,
        **since,
        "product": document["product"],
        "newer": document["newer"] or None,
        "differs_since": document["differs_since"],
        "between": between[-20:],
        "number": document.get("versions_between", len(between)),
        "url": document["compare_url"] or None,
        "instances": [[each["instance"], each["a"] or None, each["b"] or None]
                      for each in document["instances"]],
    }  # fmt: skip


def test_each_pair_has_what_the_command_says() -> None:
    assert assert_like_diff(sample()) > 8


def test_generated_histories_are_compared_as_the_command_does(
    scale: Callable[[int, int], int],
) -> None:
    numbers = 0
    for seed in range(scale(40, 1_500)):
        events, listed = history(seed)
        more = [{**each, "environment": "staging", "id": f"s{each['id']}"}
                for each in events[:-2] if "voids" not in each]  # fmt: skip
        places = {"staging": {}, "production": {"instances": list(listed)} if listed else {}}
        numbers += assert_like_diff(registry(product("api", [*events, *more]), environments=places))
    assert numbers > 10


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    out = tmp_path_factory.mktemp("compare") / "out"
    build_site(sample(), out, now=NOW, tool_version=TOOL)
    assert check_site(out) == []
    assert json.loads((out / "api/v1/compare/staging/production.json").read_bytes())["a"] == (
        "staging"
    )
    return read_site(out)


def test_a_page_says_what_differs_since_when_whose_and_what_would_ship(
    pages: dict[str, Page],
) -> None:
    shown = pages["compare/staging/production.html"].shown
    assert "5 of 6 products differ: 2 newer in staging, 1 only in staging, " in shown
    assert "1 only in production, 1 with several versions" in shown
    ahead = shown[shown.index("api 1.30") : shown.index("back 2")]
    assert "1.1 since" in ahead and "2 Nov 2026" in ahead and "identity" in ahead
    assert "29 versions that production lacks: 26 more, 1.28, 1.29, 1.30" in ahead
    assert "rolled back in production" in shown[shown.index("back 2") :]


def test_one_page_serves_both_directions_and_all_lead_to_it(pages: dict[str, Page]) -> None:
    assert "compare/production/staging.html" not in pages
    for path in ("compare/index.html", "environments/staging/index.html",
                 "environments/production/index.html"):  # fmt: skip
        assert "staging/production.html" in pages[path].text or (
            "compare/staging/production.html" in pages[path].text
        )
    assert "compare/index.html" in pages["environments/index.html"].text
    index = pages["compare/index.html"].shown
    assert "staging and production 5 2 0 1 1" in index


def test_of_many_environments_those_in_use_are_compared() -> None:
    places = {f"place-{n:02d}": {} for n in range(12)}
    events = [deployment("1", environment=f"place-{n:02d}") for n in (3, 11)]
    context = SiteContext(registry(product("a", events), environments=places), now=NOW)
    pairs = compared_pairs(context)
    assert len(pairs) == 28
    assert ("place-03", "place-11") in pairs
    alone = SiteContext(registry(environments={"production": {}}), now=NOW)
    assert compared_pairs(alone) == []
