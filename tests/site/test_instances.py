"""Pages show what runs on each instance, what was undeployed, and where that differs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, deployment, moment, product, registry, undeployment, void
from tests.site.checker import read_site
from tests.site.samples import TOOL
from versioner.site.build import build_site
from versioner.site.context import SiteContext
from versioner.site.views.about import about_view
from versioner.site.views.environments import environment_view
from versioner.site.views.overview import overview_view
from versioner.site.views.parts.cells import cell_view
from versioner.site.views.parts.instances import instance_rows, on_instances
from versioner.site.views.product import month_view, product_view

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.models import Event
    from versioner.registry.records import Registry

DAY = 24 * 60
IMAGE = {"image": "sha256:" + "ab" * 32}


def shop(*events: Event, instances: tuple[str, ...] = ("eu", "us", "apac")) -> SiteContext:
    live = {"instances": list(instances)} if instances else {}
    environments = {"staging": {}, "production": live}
    return SiteContext(registry(product("shop", [*events]), environments=environments), now=NOW)


def on(instance: str, version: str, days: int, status: str = "completed") -> Event:
    return deployment(version, status, minutes=-days * DAY, instance=instance)


def mixed() -> tuple[Event, ...]:
    return on("eu", "3.0.0", 2), on("us", "2.10.1", 3), on("apac", "2.10.1", 4)


def cell(context: SiteContext) -> dict[str, object]:
    record = context.registry.products["shop"]
    return cell_view(context, "index.html", record, "production")


def lines(context: SiteContext) -> list[tuple[object, ...]]:
    state = context.state("shop", "production")
    found = on_instances(context, "index.html", state)
    return [(each["version"], each["instances"], each["since"]) for each in found]


def test_a_mixed_cell_lists_each_version_once_with_its_instances():
    site = shop(*mixed())
    assert [line[:2] for line in lines(site)] == [("3.0.0", "eu"), ("2.10.1", "us, apac")]
    assert (cell(site)["kind"], cell(site)["status_class"]) == ("mixed", "status-mixed")


def test_a_cell_with_one_version_on_all_instances_lists_no_instance():
    site = shop(deployment("2.0", minutes=-DAY))
    assert lines(site) == []
    assert cell(site)["version"] == "2.0"


def test_a_version_on_many_instances_names_the_first_ones_and_counts_the_rest():
    names = tuple(f"r{number}" for number in range(1, 9))
    events = [on("r1", "2.0", 1), *(on(name, "1.0", 2) for name in names[1:])]
    site = shop(*events, instances=names)
    assert lines(site)[1][1] == "r2, r3, r4, r5 and 3 more"
    view = cell(site)["on"]
    assert isinstance(view, list)
    assert view[1]["all"] == "r2, r3, r4, r5, r6, r7, r8"


def test_an_instance_without_a_version_is_listed_last_with_the_day_since_when():
    site = shop(deployment("1.0", minutes=-9 * DAY), undeployment(minutes=-2 * DAY, instance="eu"))
    assert [line[:2] for line in lines(site)] == [("1.0", "us, apac, others"), ("", "eu")]
    assert lines(site)[1][2] == "20 Nov 2026"
    assert cell(site)["kind"] == "completed"


def test_the_whole_beside_named_instances_is_called_others():
    site = shop(deployment("1.0", minutes=-9 * DAY), on("eu", "2.0", 1), instances=())
    assert [line[:2] for line in lines(site)] == [("2.0", "eu"), ("1.0", "others")]


def test_an_undeployed_cell_says_since_when_nothing_runs():
    site = shop(deployment("1.0", minutes=-9 * DAY), undeployment(minutes=-2 * DAY))
    view = cell(site)
    assert (view["version"], view["undeployed"]) == ("", True)
    assert view["nothing"] == "nothing runs here since 20 Nov 2026"


def test_an_undeployed_cell_says_so_also_after_a_deployment_that_failed():
    site = shop(
        deployment("1.0", minutes=-9 * DAY),
        undeployment(minutes=-2 * DAY),
        deployment("1.1", "failed", minutes=-DAY),
    )
    assert cell(site)["nothing"] == "nothing runs here since 20 Nov 2026"


def test_a_cell_that_never_ran_anything_is_not_deployed():
    view = cell(shop(deployment("1.0", "failed", minutes=-DAY)))
    assert (view["nothing"], view["undeployed"]) == ("not deployed", False)


def test_what_failed_or_is_in_progress_names_its_instance():
    site = shop(*mixed(), on("us", "3.0.0", 1, "failed"), on("apac", "3.0.0", 0, "started"))
    beside = cell(site)["beside"]
    assert isinstance(beside, list)
    assert [each["status"] for each in beside] == ["failed on us", "started on apac"]


def test_the_page_of_a_product_has_a_row_for_each_instance_that_differs():
    site = shop(*mixed(), undeployment(minutes=-DAY, instance="apac"))
    rows = instance_rows(site, "index.html", site.state("shop", "production"))
    assert [(each["instance"], each["version"], each["status"]) for each in rows] == [
        ("eu", "3.0.0", "completed"),
        ("us", "2.10.1", "completed"),
        ("apac", "", "undeployed"),
    ]
    assert [each["at"] for each in rows][2] == moment(-DAY)
    alike = shop(deployment("1.0", minutes=-DAY))
    assert instance_rows(alike, "index.html", alike.state("shop", "production")) == []


def test_a_version_reached_the_instances_it_was_deployed_to_and_no_others():
    view = product_view(shop(*mixed()), "shop")
    reached = {
        row["version"]: [each["environment"] for each in row["reached"]] for row in view["versions"]
    }
    assert reached["3.0.0"] == ["production/eu"]
    assert sorted(reached["2.10.1"]) == ["production/apac", "production/us"]


def test_an_instance_after_the_whole_environment_is_no_place_of_its_own():
    view = product_view(shop(deployment("1.0", minutes=-9 * DAY), on("eu", "1.0", 1)), "shop")
    assert [each["environment"] for each in view["versions"][0]["reached"]] == ["production"]


def test_undeployments_stand_among_the_deployments_and_count_as_none():
    site = shop(deployment("1.0", minutes=-DAY), undeployment(minutes=-60, reason="closed"))
    view = product_view(site, "shop")
    row = view["deployments"][0]
    assert (row["status"], row["version"], row["remark"]) == ("undeployed", "1.0", "closed")
    assert view["deployments_note"] == "1 deployment, 1 undeployment"
    month = month_view(site, "shop", 0)
    assert month["summary"] == "1 deployment, 1 undeployment, 1 new version"
    assert overview_view(site)["deployments"][0]["status"] == "undeployed"


def test_an_undeployment_of_nothing_and_a_void_one_are_shown_as_such():
    mistake = undeployment(minutes=-60)
    site = shop(
        undeployment(minutes=-2 * DAY), deployment("1.0", minutes=-DAY), mistake, void(mistake)
    )
    rows = product_view(site, "shop")["deployments"]
    assert [(row["version"], row["void"]) for row in rows] == [
        ("nothing", True),
        ("1.0", False),
        ("nothing", False),
    ]
    assert rows[2]["version_href"] == ""


def test_the_page_of_an_environment_names_its_instances_and_former_names():
    live = {"instances": ["eu", "us"], "aliases": ["prod"]}
    whole = registry(product("shop", [*mixed()]), environments={"production": live})
    view = environment_view(SiteContext(whole, now=NOW), "production")
    assert view["instances"] == ["eu", "us"]
    assert view["former_names"] == ["prod"]
    assert view["running"][0]["on"]


def test_the_legend_explains_the_marks_that_the_pages_have():
    def marks(context: SiteContext) -> list[str]:
        return [each["status"] for each in about_view(context, TOOL)["more_marks"]]

    assert marks(shop(deployment("1.0"), instances=())) == []
    assert marks(shop(*mixed(), undeployment(instance="eu"))) == ["mixed", "undeployed"]
    back = [deployment(v, minutes=m) for v, m in (("1", -9), ("2", -8), ("1", -7), ("2", -6))]
    assert marks(shop(*back, instances=())) == ["return"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("instances") / "out"
    build_site(_everything(), out, now=NOW, tool_version=TOOL)
    return out


def _everything() -> Registry:
    contacts = {"on_call": "https://pager.example.test/shop", "chat": "#shop"}
    events = [
        *mixed(),
        on("us", "3.0.0", 1, "failed"),
        undeployment(minutes=-60, instance="apac"),
        deployment("1.0", minutes=-9 * DAY, environment="staging", artifacts=IMAGE),
        undeployment(minutes=-50, environment="staging"),
    ]
    record = product("shop", events, extra_metadata=contacts)
    record.observations = [
        {
            "at": moment(-30),
            "environment": "production",
            "instance": "us",
            "version": "2.9.0",
            "source": "kubernetes",
            "id": "o1",
        }
    ]
    live = {"instances": ["eu", "us", "apac"], "aliases": ["live"]}
    places = {"staging": {}, "production": live}
    return registry(record, environments=places, environment_aliases={"live": "production"})


def text(top: Path, path: str) -> str:
    content = (top / path).read_text("utf-8")
    return " ".join(re.sub(r"<[^>]*>", " ", content).split())


def test_each_mark_is_a_word_beside_its_colour(built: Path):
    page = text(built, "index.html")
    assert "3.0.0 on eu 2.10.1 on us nothing on apac since 22 Nov 2026 mixed" in page
    assert "failed on us 3.0.0" in page
    assert "observed on us 2.9.0 since 22 Nov 2026" in page
    assert "nothing runs here since 22 Nov 2026" in page
    assert "shop in production/us: 2.9.0 runs; recorded: 2.10.1, since 22 Nov 2026" in page


def test_the_table_of_instances_has_heads_and_a_caption(built: Path):
    page = (built / "products/shop/index.html").read_text("utf-8")
    assert '<caption class="out">The instances of production</caption>' in page
    assert '<th scope="col">Instance</th>' in page
    assert '<th scope="row">eu</th>' in page
    assert "seen to run: 2.9.0 on us (kubernetes)" in page


def test_known_metadata_with_an_address_is_a_link_beside_what_failed(built: Path):
    page = (built / "index.html").read_text("utf-8")
    assert re.search(r'<a href="https://pager.example.test/shop"[^>]*>on call</a>', page)
    assert "chat #shop" in text(built, "index.html")


def test_the_page_of_a_month_shows_digests_and_undeployments(built: Path):
    page = text(built, "products/shop/2026-11.html")
    assert "artifact image " + IMAGE["image"] in page
    assert "production/apac 2.10.1 undeployed" in page
    month = text(built, "environments/production/2026-11.html")
    assert "4 deployments of 1 product, 1 undeployment" in month
    assert re.search(r"2\.10\.1 on apac \d\d:\d\d undeployed", month)
    assert "5 deployments, 2 undeployments" in text(built, "deployments/2026-11.html")
    assert re.search(r"1\.0 staging \d\d:\d\d undeployed", text(built, "deployments/2026-11.html"))


def test_a_feed_says_what_was_removed_from_where(built: Path):
    feed = text(built, "feeds/products/shop.atom")
    assert "shop 2.10.1 from production/apac: undeployed" in feed
    assert "shop 3.0.0 to production/us: failed" in feed


def test_the_old_pages_of_a_renamed_environment_lead_to_the_new_ones(built: Path):
    moved = (built / "environments/live/index.html").read_text("utf-8")
    assert '<a href="../production/index.html" data-moved>production</a>' in moved
    assert "formerly live" in text(built, "environments/production/index.html")
    assert "instances eu us apac" in text(built, "environments/production/index.html")


def test_no_link_of_these_pages_leads_nowhere(built: Path):
    found = read_site(built)
    assert "products/shop/2026-11.html" in found
    assert 'href=""' not in (built / "products/shop/2026-11.html").read_text("utf-8")
