"""Importing again: the same rows, told with more or in other words, add nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from versioner.editing.corrections import void_event
from versioner.editing.importing.options import ImportOptions
from versioner.editing.imports import RowsRefused, import_file

if TYPE_CHECKING:
    from tests.fixtures.local_registry import Desk
    from versioner.editing.importing.batch import ImportResult

pytestmark = pytest.mark.slow

NOW = "2026-11-22T10:15:00Z"
HEADER = "product,at,environment,version,status"
ROW = "shop,2026-11-05T09:00:00Z,staging,2.0,completed"


def load(desk: Desk, *lines: str, **options: Any) -> ImportResult:
    path = desk.top.parent / "rows.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return import_file(desk.repository, path, options=ImportOptions(**options), now=NOW)


def counts(result: ImportResult) -> tuple[int, int]:
    return result.added, result.already


def test_more_columns_add_nothing(desk: Desk) -> None:
    assert counts(load(desk, HEADER, ROW, ROW)) == (2, 0)
    more = "deployed_by,reason,scm_sha,invoke_id,extra_metadata.region,instance"
    one, two = (
        f"{ROW},jane,why,4f5d1c2a,{run},eu,{place}" for run, place in ((1, "eu"), (2, "us"))
    )
    assert counts(load(desk, f"{HEADER},{more}", one, two)) == (0, 2)
    assert counts(load(desk, f"{HEADER},{more}", one, two, two.replace(",2,", ",3,"))) == (1, 2)
    # Fewer columns than are recorded add nothing either.
    assert counts(load(desk, HEADER, ROW, ROW, ROW)) == (0, 3)
    assert counts(load(desk, HEADER, ROW, ROW, ROW, ROW)) == (1, 3)
    desk.assert_sound()


def test_other_spellings_of_time_and_status_add_nothing(desk: Desk) -> None:
    load(desk, HEADER, ROW)
    berlin = {"time_zone": "Europe/Berlin", "values": {("status", "OK"): "completed"}}
    german = {"time_zone": "UTC", "time_formats": ("%d.%m.%Y %H:%M",)}
    for at, status, options in (
        ("2026-11-05T10:00:00+01:00", "Success", {}),
        ("2026-11-05 09:00:00.750 UTC", "finished", {}),
        ("2026-11-05 10:00", "OK", berlin),
        ("05.11.2026 09:00", "complete", german),
        ("1793869200", "COMPLETED", {"time_formats": ("epoch",)}),
    ):
        again = load(desk, HEADER, f"shop,{at},staging,2.0,{status}", **options)
        assert counts(again) == (0, 1)
    assert counts(load(desk, HEADER.rpartition(",")[0], ROW.rpartition(",")[0])) == (0, 1)


def test_events_that_were_recorded_otherwise_are_known(desk: Desk) -> None:
    desk.record("shop", "2.0", event_id="own-id", at="2026-11-05T09:00:00Z", deployed_by="li")
    assert counts(load(desk, HEADER, ROW)) == (0, 1)


def test_deployments_that_only_look_the_same_are_added(desk: Desk) -> None:
    header = f"{HEADER},instance,invoke_id,id"
    load(desk, header, f"{ROW},eu,7,")
    assert counts(load(desk, header, f"{ROW},us,7,")) == (1, 0)
    assert counts(load(desk, header, f"{ROW},eu,8,")) == (1, 0)
    assert counts(load(desk, header, f"{ROW},eu,9,row-1")) == (1, 0)
    assert counts(load(desk, header, f"{ROW},eu,9,row-2")) == (1, 0)
    assert counts(load(desk, header, f"{ROW},eu,9,row-2", f"{ROW},eu,9,row-1")) == (0, 2)
    desk.assert_sound()


def test_the_same_deployment_with_another_result_is_refused_until_it_is_void(desk: Desk) -> None:
    load(desk, HEADER.rpartition(",")[0], ROW.rpartition(",")[0])
    failed = ROW.replace("completed", "failed")
    with pytest.raises(RowsRefused, match="line 2: this deployment is recorded as completed"):
        load(desk, HEADER, failed)
    (event,) = (
        e for e in desk.registry.products["shop"].deployment_events if e["version"] == "2.0"
    )
    void_event(desk.repository, event["id"], reason="it failed", now=NOW)
    assert counts(load(desk, HEADER, failed)) == (1, 0)
    assert counts(load(desk, HEADER, failed, ROW)) == (0, 2)


def test_results_that_one_file_gives_at_one_moment_are_its_own(desk: Desk) -> None:
    rows = (ROW, ROW.replace("completed", "failed"), ROW.replace("completed", "started"))
    assert counts(load(desk, HEADER, *rows)) == (3, 0)
    assert counts(load(desk, HEADER, *rows)) == (0, 3)


def test_a_grown_export_adds_what_became_of_its_deployments(desk: Desk) -> None:
    path = desk.top.parent / "list.json"
    deployment: dict[str, Any] = {
        "id": 41,
        "iid": 1,
        "ref": "v2.1",
        "sha": "b2" * 20,
        "status": "running",
        "created_at": "2026-11-05T09:00:00.000Z",
        "environment": {"id": 9, "name": "Review/My App"},
        "deployable": {"web_url": "https://gitlab.com/acme/Shop/-/jobs/7", "started_at": None},
    }

    def grown(**fields: Any) -> tuple[int, int]:
        path.write_text(json.dumps([{**deployment, **fields}]), encoding="utf-8")
        return counts(import_file(desk.repository, path, now=NOW))

    assert grown() == (1, 0)
    assert grown() == (0, 1)
    ended = {"status": "success", "updated_at": "2026-11-05T09:04:00.000Z"}
    assert grown(**ended) == (1, 0)
    assert grown(**{**ended, "updated_at": "2026-11-06T00:00:00.000Z"}) == (0, 1)
    shop = desk.registry.products["shop"]
    (last,) = shop.cell("review-my-app").deployments
    assert [event["status"] for event in last.events] == ["started", "completed"]
    assert desk.registry.environments["review-my-app"]["title"] == "Review/My App"
    desk.assert_sound()


def test_names_of_environments_are_made_legal_where_the_registry_wants_it(desk: Desk) -> None:
    config = desk.top / "registry/registry.yaml"
    config.write_text(config.read_text() + "names: slugify\n")
    desk.git("commit", "-qam", "Configure")
    result = load(
        desk, HEADER, ROW.replace("staging", "QA East"), ROW.replace("shop", "team/Shop.X")
    )
    assert counts(result) == (2, 0)
    assert desk.registry.environments["qa-east"]["title"] == "QA East"
    assert desk.registry.products["team-shop-x"].document["title"] == "team/Shop.X"
    assert counts(load(desk, HEADER, ROW.replace("staging", "qa-east"))) == (0, 1)
    desk.assert_sound()


def test_a_name_that_no_title_may_be_is_no_title(desk: Desk) -> None:
    config = desk.top / "registry/registry.yaml"
    config.write_text(config.read_text() + "names: slugify\n")
    desk.git("commit", "-qam", "Configure")
    long = "Shop." * 51
    for name in (long, f"X.{long}"):
        assert counts(load(desk, HEADER, ROW.replace("shop", name))) == (1, 0)
        load(desk, HEADER, ROW.replace("staging", name.replace("Shop", "Zone")))
    titles = {record.document.get("title", "") for record in desk.registry.products.values()}
    assert max(map(len, titles)) == 255
    desk.assert_sound()


def test_no_name_is_created_where_the_registry_creates_none(desk: Desk) -> None:
    config = desk.top / "registry/registry.yaml"
    config.write_text(config.read_text() + "create: never\n")
    desk.git("commit", "-qam", "Configure")
    with pytest.raises(RowsRefused) as caught:
        load(desk, HEADER, ROW, ROW.replace("shop", "fresh"), ROW.replace("staging", "qa"))
    assert [line for line, _ in caught.value.result.refused] == [3, 4]
    assert 'there is no environment "qa"' in caught.value.message


def test_a_slip_is_never_proposed_for_creation_in_an_import(desk: Desk) -> None:
    config = desk.top / "registry/registry.yaml"
    config.write_text(config.read_text() + "create: never\n")
    desk.git("commit", "-qam", "Configure")
    with pytest.raises(RowsRefused) as caught:
        load(desk, HEADER, ROW.replace("shop", "shopp"), ROW.replace("staging", "stagin"))
    messages = [message for _, message in caught.value.result.refused]
    assert messages == [
        'there is no product "shopp", but there is "shop" (did you mean shop?)',
        'there is no environment "stagin", but there is "staging" (did you mean staging?)',
    ]


def test_names_and_versions_that_are_doubtful_are_told(desk: Desk) -> None:
    latest = ROW.replace("2.0", "latest")
    result = load(desk, HEADER, latest, latest.replace("shop", "shopp"), ROW.replace("2.0", "null"))
    assert result.doubtful == {"latest": 2, "null": 1}
    assert result.near == (("product", "shopp", "shop"),)
    assert result.added == 3
