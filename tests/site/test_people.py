"""The pages of people: what each one did, and no page or link where the site shows no names."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import NOW, build, deployment, moment, product, registry, void
from tests.site.checker import Page, check_site, read_site
from tests.site.samples import TOOL
from versioner.models.governance import Decision, Governance, Request
from versioner.registry.governance.load import LoadedGovernance
from versioner.site.build import build_site
from versioner.site.summaries.people import person_slug

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.registry.records import Registry

DAY = 24 * 60
TWINS = ["Jane", "JANE", "j\u0430ne", "../jane", "con", "a/../../x", "<b>pwned()</b>", "\u202ejane"]


def whole(**config: Any) -> Registry:
    jane = {"deployed_by": "jane"}
    mistake = deployment("9", minutes=-90, environment="staging", **jane)
    made = registry(
        product(
            "api",
            [
                deployment("1", minutes=-40 * DAY, **jane),
                deployment("2", minutes=-9 * DAY, deployed_by="asha@example.test"),
                deployment("3", "failed", minutes=-3 * DAY, reason="The disk was full.", **jane),
                deployment("1", minutes=-2 * DAY, **jane),
                mistake,
                void(mistake),
            ],
            [build("2", minutes=-10 * DAY, built_by="renovate[bot]")],
            extra_metadata={"team": "Identity"},
        ),
        product("shop", [deployment("7", minutes=-60, deployed_by=name) for name in TWINS]),
        product("till", [deployment("7", minutes=-8 * DAY, deployed_by="omar")]),
        environments={"staging": {}, "production": {}},
        config={"schema_version": 1, "title": "Registry", **config},
    )
    asked = (
        Decision("d1", moment(-50), "jane", "opened"),
        Decision("d2", moment(-40), "qa-lead", "approved", "qa", comment="Tried by hand."),
    )
    request = Request("release", "registry/requests/release/request.yaml", {}, "open",
                      ("production",), {"till": "7"}, decisions=asked)  # fmt: skip
    made.load_governance = lambda: LoadedGovernance(Governance(requests=(request,)))
    return made


def built(out: Path, made: Registry) -> dict[str, Page]:
    build_site(made, out, now=NOW, tool_version=TOOL)
    assert check_site(out) == []
    return read_site(out)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people") / "out"


@pytest.fixture(scope="module")
def pages(out: Path) -> dict[str, Page]:
    return built(out, whole())


def test_a_person_has_what_was_deployed_where_and_how_it_went(pages: dict[str, Page]) -> None:
    page = pages["people/jane/index.html"]
    assert "4 deployments · 1 failed · 1 rollback · 1 decision · 1 product" in page.shown
    rows = page.shown[page.shown.index("Latest deployments") : page.shown.index("Decisions")]
    assert re.findall(r"(\d\d? \w+ 2026) \d\d:\d\d", rows) == [
        "22 Nov 2026", "20 Nov 2026", "19 Nov 2026", "13 Oct 2026",
    ]  # fmt: skip
    assert "failed The disk was full." in rows and "rollback" in rows and "void:" in rows
    assert "opened request release" in page.shown
    assert "api Identity 4 1 1" in page.shown
    months = [link for link in page.links if link.endswith("?person=jane")]
    assert months == [
        "../../deployments/2026-11.html?person=jane", "../../deployments/2026-10.html?person=jane",
    ]  # fmt: skip


def test_the_list_names_everybody_who_deployed_built_approved_or_asked(
    out: Path, pages: dict[str, Page]
) -> None:
    document = json.loads((out / "api/v1/people/index.json").read_bytes())
    people = {
        each["name"]: json.loads((out / each["data"]).read_bytes()) for each in document["people"]
    }
    assert people.keys() == {"jane", "omar", "qa-lead", "renovate[bot]", *TWINS}
    assert people["renovate[bot]"]["bot"] and people["renovate[bot]"]["builds"] == 1
    assert not people["omar"]["bot"] and people["omar"]["last"][0]["version"] == "7"
    assert people["qa-lead"]["decisions"] == 1 and people["qa-lead"]["products"] == []
    assert [each["request"] for each in people["jane"]["decided"]] == ["release"]
    page = pages["people/index.html"]
    assert f"{len(people)} people" in page.shown
    for each in people.values():
        assert each["page"].removeprefix("people/") in page.links
        assert (out / each["page"]).is_file()
    approved = pages[people["qa-lead"]["page"]].shown
    assert "approved qa request release : Tried by hand." in approved


def test_names_on_rows_lead_to_the_page_of_their_person(pages: dict[str, Page]) -> None:
    for path in ("products/api/index.html", "teams/identity/index.html",
                 "environments/production/index.html", "today/week.html",
                 "requests/release/index.html", "deployments/index.html"):  # fmt: skip
        assert any(link.endswith("people/jane/index.html") for link in pages[path].links), path


def test_the_search_finds_people(out: Path) -> None:
    index = (out / "assets/search/index.js").read_text("ascii")
    names = json.loads(index.partition(",")[2].rstrip().removesuffix(");"))["people"]
    assert ["jane"] in names and ["Jane", person_slug("Jane")] in names


def test_names_that_look_alike_have_folders_of_their_own(out: Path) -> None:
    names = [*TWINS, "jane", person_slug("Jane"), person_slug("JANE"), ".", "x" * 2000]
    slugs = [person_slug(name) for name in names]
    assert len({slug.casefold() for slug in slugs}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?", slug) for slug in slugs)
    assert person_slug("jane") == "jane" and "con" not in slugs
    assert sorted(each.name for each in (out / "people").iterdir()) == sorted(
        ["index.html", *map(person_slug, ["jane", "omar", "qa-lead", "renovate[bot]", *TWINS])]
    )


@pytest.mark.parametrize(
    "config", [{"people": "none"}, {"site": {"hidden_fields": ["deployed_by"]}}]
)
def test_a_site_that_shows_no_names_has_no_pages_of_people(
    tmp_path: Path, config: dict[str, Any]
) -> None:
    pages = built(tmp_path / "out", whole(**config))
    assert not (tmp_path / "out/people").exists()
    assert not (tmp_path / "out/api/v1/people").exists()
    assert not any("people/" in link for page in pages.values() for link in page.links)
    assert "jane" not in (tmp_path / "out/assets/search/index.js").read_text("ascii")


def test_an_address_has_a_page_only_where_addresses_are_recorded(out: Path, tmp_path: Path) -> None:
    slug = person_slug("asha@example.test")
    assert not (out / "people" / slug).exists()
    made = whole(people="all")
    made = replace(made, products={"api": made.products["api"]})
    assert f"people/{slug}/index.html" in built(tmp_path / "out", made)
