"""The pages of teams: what each one owns, runs and waits for, and nothing of another team."""

from __future__ import annotations

import pytest

from tests.builders import NOW, deployment, product, registry
from tests.site.checker import Page, check_site, read_site
from tests.site.samples import TOOL
from versioner.site.build import build_site

DAY = 24 * 60


def owned(name: str, team: str, *events: object) -> object:
    return product(name, list(events), extra_metadata={"team": team})


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    out = tmp_path_factory.mktemp("teams") / "out"
    staging = {"environment": "staging"}
    whole = registry(
        owned("api", "Identity",
              deployment("1", minutes=-9 * DAY, **staging), deployment("1", minutes=-9 * DAY),
              deployment("2", minutes=-5 * DAY, **staging),
              deployment("3", "failed", minutes=-60)),
        owned("shop", "../Shop & Co", deployment("7", minutes=-8 * DAY, deployed_by="asha")),
        owned("till", "../shop & co", deployment("8", minutes=-8 * DAY)),
        product("orphan", [deployment("1", minutes=-9 * DAY)]),
        environments={"staging": {}, "production": {}},
    )  # fmt: skip
    build_site(whole, out, now=NOW, tool_version=TOOL)
    assert check_site(out) == []
    return read_site(out)


def test_a_team_has_what_runs_what_waits_and_what_failed(pages: dict[str, Page]) -> None:
    shown = pages["teams/identity/index.html"].shown
    assert "1 product · 1 drifts · 1 pending change" in shown
    failed = shown[shown.index("Failed or without") : shown.index("Pending changes")]
    assert "api production 3 failed 22 Nov 2026" in failed
    waits = shown[shown.index("Pending changes") : shown.index("What runs")]
    assert "api 2 staging production 1 1 version 17 Nov 2026" in waits
    assert "shop" not in shown and "orphan" not in shown


def test_hostile_names_of_teams_have_pages_of_their_own(pages: dict[str, Page]) -> None:
    teams = [path for path in pages if path.startswith("teams/") and path.count("/") == 2]
    assert len(teams) == 3 and all(".." not in path for path in teams)
    index = pages["teams/index.html"]
    assert "3 teams · 1 product without one" in index.shown
    assert all(path.removeprefix("teams/") in index.text for path in teams)
    shown = [pages[path].shown for path in teams if "identity" not in path]
    assert sorted("shop" in each.split() for each in shown) == [False, True]
    assert "teams/identity/index.html" in pages["products/index.html"].text
