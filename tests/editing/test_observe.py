"""What was seen to run is recorded where it is news, in one commit, and is never a deployment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from versioner.editing.observe import ObserveResult, observe
from versioner.editing.products import delete_product, edit_product, rename_product
from versioner.editing.restore import restore_product
from versioner.editing.workloads.read import read_workloads
from versioner.editing.workloads.workload import Workload
from versioner.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fixtures.local_registry import Desk
    from versioner.models import Event

OUTPUTS = Path(__file__).parent / "outputs"
DAY = "2026-11-22T10:15:00Z"
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def look(
    desk: Desk, workloads: Sequence[Workload], now: str = DAY, **options: Any
) -> ObserveResult:
    options = {"environment": "staging", "source": "kubernetes", **options}
    return observe(desk.repository, workloads, now=now, **options)


def runs(*images: str, **fields: Any) -> list[Workload]:
    return [Workload(f"prod/pod/{number}", image, **fields) for number, image in enumerate(images)]


def lines(desk: Desk, product: str = "shop") -> list[Event]:
    return desk.registry.products[product].observations


def states(desk: Desk, product: str = "shop") -> list[tuple[str, str]]:
    return [(event["at"][8:16], event["version"]) for event in lines(desk, product)]


# ---- what is written ---------------------------------------------------------------------


def test_the_first_look_is_one_commit_and_a_second_one_none(desk: Desk):
    before = desk.commits()
    first = look(desk, runs("acme/shop:1.2", "acme/web:7"))
    assert [each.product for each in first.products] == ["shop", "web"]
    assert desk.commits() == before + 1
    assert desk.git("log", "-1", "--format=%s") == "Record observation of staging (2 products)"
    again = look(desk, runs("acme/shop:1.2", "acme/web:7"), now="2026-11-22T23:00:00Z")
    assert again.edited.commit is None
    assert not any(each.written for each in again.products)
    assert desk.commits() == before + 1
    desk.assert_sound()


def test_an_observation_makes_nothing_current(desk: Desk):
    look(desk, runs("acme/shop:9.9"))
    record = desk.registry.products["shop"]
    assert record.cells["staging"].current.version == "1.2"
    assert "9.9" not in record.versions


def test_what_stays_is_written_once_a_day_and_what_changes_at_once(desk: Desk):
    for now, version in (
        ("2026-11-22T10:00:00Z", "1.2"),
        ("2026-11-22T11:00:00Z", "1.2"),
        ("2026-11-23T00:00:00Z", "1.2"),
        ("2026-11-23T09:00:00Z", "1.2"),
        ("2026-11-23T10:00:00Z", "1.3"),
        ("2026-11-23T11:00:00Z", "1.2"),
        ("2026-12-01T11:00:00Z", "1.2"),
    ):
        look(desk, runs(f"acme/shop:{version}"), now=now)
    assert states(desk) == [
        ("22T10:00", "1.2"),
        ("23T00:00", "1.2"),
        ("23T10:00", "1.3"),
        ("23T11:00", "1.2"),
        ("01T11:00", "1.2"),
    ]
    folder = desk.top / "registry/products/shop/observations"
    assert sorted(each.name for each in folder.iterdir()) == ["2026-11.yaml", "2026-12.yaml"]


def test_what_stays_is_written_again_when_the_registry_says_something_else_since(desk: Desk):
    look(desk, runs("acme/shop:1.2"), now="2026-11-22T10:00:00Z")
    desk.record("shop", "1.3", at="2026-11-22T10:10:00Z")
    late = look(desk, runs("acme/shop:1.2"), now="2026-11-22T10:15:00Z")
    (product,) = late.products
    assert (product.written, product.state.differs) == (True, True)
    assert product.state.differs_since == "2026-11-22T10:10:00Z"
    look(desk, runs("acme/shop:1.2"), now="2026-11-22T10:20:00Z")
    assert [at for at, _ in states(desk)] == ["22T10:00", "22T10:15"]


def test_a_product_that_is_gone_gets_a_line_once(desk: Desk):
    look(desk, runs("acme/shop:1.2", "acme/web:7"))
    gone = look(desk, runs("acme/web:7"), now="2026-11-22T12:00:00Z")
    assert [(each.product, each.state.running, each.written) for each in gone.products] == [
        ("shop", False, True),
        ("web", True, False),
    ]
    look(desk, runs("acme/web:7"), now="2026-11-25T12:00:00Z")
    assert states(desk) == [("22T10:15", "1.2"), ("22T12:00", "")]
    assert lines(desk)[-1].keys() == {"at", "environment", "version", "source", "id"}
    look(desk, runs("acme/shop:1.2"), now="2026-11-26T12:00:00Z")
    assert states(desk)[-1] == ("26T12:00", "1.2")


def test_each_instance_and_each_source_is_seen_for_itself(desk: Desk):
    look(desk, runs("acme/shop:1.2"), instance="eu-west-1")
    look(desk, runs("acme/shop:1.1"), instance="us.east_2")
    look(desk, runs("acme/shop:1.2"), source="docker")
    found = look(desk, runs("acme/web:1"), now="2026-11-22T12:00:00Z")
    # Nothing that another source or instance has is gone.
    assert [each.product for each in found.products] == ["web"]
    assert [(each.get("instance"), each["source"], each["version"]) for each in lines(desk)] == [
        ("eu-west-1", "kubernetes", "1.2"),
        ("us.east_2", "kubernetes", "1.1"),
        (None, "docker", "1.2"),
    ]
    subjects = desk.git("log", "-3", "--skip=1", "--format=%s").splitlines()
    assert subjects[-1] == "Record observation of staging eu-west-1 (1 product)"


def test_a_rollout_half_way_is_no_version_with_those_that_run(desk: Desk):
    found = look(desk, read_workloads((OUTPUTS / "kubectl-rollout.json").read_bytes())[1])
    (event,) = lines(desk)
    assert (event["version"], event["versions"]) == ("", ["1.2", "1.3"])
    assert event["artifacts"] == {"shop": A, "shop-2": "sha256:" + "d" * 64}
    assert found.products[0].state.differs is True
    desk.assert_sound()


def test_a_rollout_that_only_its_controller_tells_is_not_known_whole(desk: Desk):
    found = look(desk, runs("acme/shop:1.2", partly=True))
    (event,) = lines(desk)
    assert (event["version"], event["versions"]) == ("", ["1.2"])
    assert found.products[0].state.differs is None


def test_an_image_without_a_version_is_kept_by_its_name(desk: Desk):
    found = look(desk, runs("acme/shop", "acme/shop:latest", f"acme/shop@{A}"))
    (event,) = lines(desk)
    assert event["images"] == ["acme/shop", "acme/shop:latest", f"acme/shop@{A}"]
    assert (event["version"], "versions" in event) == ("", False)
    assert found.products[0].state.differs is None


def test_a_digest_leads_to_its_version_whatever_the_tag_says(desk: Desk):
    desk.record("shop", "2.0", artifacts={"image": A})
    found = look(desk, runs("acme/shop:latest", digests=(A,)))
    assert found.products[0].state.version == "2.0"
    moved = look(desk, runs("acme/shop:1.2", digests=(A,)), now="2026-11-22T11:00:00Z")
    assert moved.products[0].state.version == "2.0"
    assert moved.products[0].notes == ('the tag "1.2" is on the image that was recorded for 2.0',)
    other = look(desk, runs("acme/shop:2.0", digests=(B,)), now="2026-11-22T12:00:00Z")
    assert other.products[0].state.differs is False
    assert other.products[0].notes == ("2.0 runs with another digest than recorded",)
    assert [each["artifacts"] for each in lines(desk)] == [{"shop": A}, {"shop": B}]


def test_rows_name_products_themselves(desk: Desk):
    data = f"product;version;artifact\nshop;1.2;\nweb;;{A}\nother;1;\n".encode()
    found = look(desk, read_workloads(data)[1], source="csv")
    assert [(each.product, each.state.version) for each in found.products] == [
        ("shop", "1.2"),
        ("web", ""),
    ]
    assert lines(desk, "web")[0]["artifacts"] == {"artifact": A}
    assert [each.image for each in found.unclaimed] == ["other"]


# ---- what is told ------------------------------------------------------------------------


def test_workloads_of_no_product_are_told_by_image_and_create_nothing(desk: Desk):
    found = look(desk, read_workloads((OUTPUTS / "kubectl-steady.json").read_bytes())[1])
    assert [(each.image, each.count) for each in found.unclaimed] == [
        ("docker.io/istio/proxyv2", 2),
        ("ghcr.io/acme/worker", 1),
        ("quay.io/acme/node-agent", 1),
        ("registry.acme.io:5000/payments/ledger", 1),
        ("registry.k8s.io/coredns/coredns", 1),
    ]
    assert found.unclaimed[0].workloads == [
        "prod/pod/shop-7d9c5b8f6d-abcde",
        "prod/pod/shop-7d9c5b8f6d-fghij",
    ]
    assert set(desk.registry.products) == {"shop", "web"}


def test_a_workload_without_an_image_makes_no_product_look_gone(desk: Desk):
    look(desk, runs("acme/shop:1.2"))
    found = look(desk, runs("4edf61bfedce"), now="2026-11-23T12:00:00Z")
    assert (found.uncertain, found.products, found.edited.commit) == (True, [], None)
    assert found.unclaimed[0].reason == "this is not the name of an image"


def test_a_product_that_is_recorded_there_and_was_never_seen_is_told(desk: Desk):
    assert look(desk, runs("acme/web:1")).unseen == ["shop"]
    assert look(desk, runs("acme/shop:1.2")).unseen == []


def test_a_deployment_without_a_result_explains_what_runs(desk: Desk):
    desk.record("shop", "1.3", status="started", at="2026-11-22T10:00:00Z")
    for number, images in enumerate((("shop:1.2",), ("shop:1.2", "shop:1.3"), ("shop:1.3",))):
        found = look(desk, runs(*images), now=f"2026-11-22T11:0{number}:00Z")
        assert found.products[0].state.differs is False
    assert look(desk, runs("shop:1.4"), now="2026-11-22T12:00:00Z").differing


def test_what_is_wanted_and_does_not_run_is_seen_as_not_running(desk: Desk):
    found = look(desk, runs("acme/shop:1.2", running=False))
    assert found.products[0].state.running is False
    assert found.products[0].state.differs is True
    assert states(desk) == [("22T10:15", "")]


# ---- what is refused ---------------------------------------------------------------------


def test_an_unknown_environment_is_refused_with_the_nearest(desk: Desk):
    with pytest.raises(NotFound, match='there is no environment "stagin"') as caught:
        look(desk, runs("shop:1"), environment="stagin")
    assert "did you mean staging" in caught.value.hint
    assert "versioner environment create stagin" in caught.value.hint


@pytest.mark.parametrize("instance", ["EU", "a..b", "-x", "x" * 64, "a b", "a/b"])
def test_an_instance_that_is_not_legal_is_refused(desk: Desk, instance: str):
    before = desk.commits()
    with pytest.raises(InvalidInput) as caught:
        look(desk, runs("shop:1"), instance=instance)
    assert caught.value.field == "instance"
    assert desk.commits() == before


def test_an_input_without_workloads_is_refused_where_products_were_seen(desk: Desk):
    assert look(desk, []).products == []
    look(desk, runs("shop:1.2"))
    with pytest.raises(InvalidInput, match="1 product was seen to run there") as caught:
        look(desk, [], now="2026-11-22T11:00:00Z")
    assert "--allow-empty" in caught.value.hint
    found = look(desk, [], now="2026-11-22T11:00:00Z", allow_empty=True)
    assert [each.product for each in found.products if not each.state.running] == ["shop"]


def test_an_older_look_than_the_last_one_changes_nothing(desk: Desk):
    look(desk, runs("shop:1.2"))
    found = look(desk, runs("shop:1.1"), at="2026-11-22T09:00:00Z")
    assert [each.written for each in found.products] == [False]
    assert states(desk) == [("22T10:15", "1.2")]


def test_a_tag_that_looks_like_a_secret_is_refused_with_its_product(desk: Desk):
    key = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
    before = desk.commits()
    with pytest.raises(InvalidInput, match='observation of "shop" cannot be recorded') as caught:
        look(desk, runs(f"acme/shop:{key}", "acme/web:1"))
    assert key not in f"{caught.value.message} {caught.value.hint}"
    assert desk.commits() == before


def test_a_dry_run_says_what_would_be_written(desk: Desk):
    before = desk.commits()
    found = look(desk, runs("shop:1.3"), dry_run=True)
    assert [each.written for each in found.products] == [True]
    assert (found.edited.commit, desk.commits()) == (None, before)


# ---- with the product --------------------------------------------------------------------


def test_a_rename_a_deletion_and_a_restore_carry_observations_along(desk: Desk):
    look(desk, runs("acme/shop:1.2"))
    seen = lines(desk)
    rename_product(desk.repository, "shop", "store", now=DAY)
    assert lines(desk, "store") == seen
    # The image still has the former name.
    look(desk, runs("acme/shop:1.3"), now="2026-11-22T11:00:00Z")
    assert states(desk, "store")[-1] == ("22T11:00", "1.3")
    delete_product(desk.repository, "store", force=True, now=DAY)
    assert not (desk.top / "registry/products/store").exists()
    restore_product(desk.repository, "store", now=DAY)
    assert [event["version"] for event in lines(desk, "store")] == ["1.2", "1.3"]
    desk.assert_sound()


def test_a_restore_merges_the_observations_of_both(desk: Desk):
    look(desk, runs("acme/web:1"))
    delete_product(desk.repository, "web", now=DAY)
    desk.git("checkout", "-q", "HEAD~1", "--", "registry/products/web/product.yaml")
    desk.git("rm", "-q", "registry/deleted/web.yaml")
    desk.git("commit", "-qm", "Start web again")
    look(desk, runs("acme/web:2"), now="2026-11-22T12:00:00Z")
    restore_product(desk.repository, "web", now=DAY)
    assert [event["version"] for event in lines(desk, "web")] == ["1", "2"]
    desk.assert_sound()


def test_patterns_are_edited_like_other_keys(desk: Desk):
    edit_product(desk.repository, "shop", set_=['observe.images=["ghcr.io/acme/*-shop"]'], now=DAY)
    assert look(desk, runs("ghcr.io/acme/big-shop:1.2")).products[0].product == "shop"
    with pytest.raises(InvalidInput) as caught:
        edit_product(desk.repository, "shop", set_=['observe.images=["shop:1"]'], now=DAY)
    assert 'write "shop"' in caught.value.hint


def test_a_hostile_name_of_a_workload_is_data(desk: Desk):
    name = "\x1b[31m::error::x"
    found = look(desk, [Workload(name, "acme/shop:1.2"), Workload(name, "evil:1")])
    assert json.dumps(lines(desk)[0]).count("u001b") == 0
    assert found.unclaimed[0].workloads == [name]
