"""Rename, delete and restore: whole trees, one commit each, nothing of others changed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.local_registry import NOW, Desk
from versioner.editing.product_merge import merge_product
from versioner.editing.products import (
    create_product,
    delete_product,
    edit_product,
    plan_deletion,
    rename_product,
)
from versioner.editing.restore import restore_product
from versioner.editing.validate import validate_change, validate_registry
from versioner.errors import Blocked, InvalidInput, NotFound, OperationFailed, UsageFault
from versioner.git.snapshot import snapshot_at

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.editing.session import EditResult

pytestmark = pytest.mark.slow


def rename(desk: Desk, old: str, new: str):
    return rename_product(desk.repository, old, new, now=NOW)


def delete(desk: Desk, name: str, *, force: bool = True, by: str = ""):
    return delete_product(desk.repository, name, force=force, by=by, now=NOW)


def restore(desk: Desk, name: str):
    return restore_product(desk.repository, name, now=NOW)


# ---- rename ------------------------------------------------------------------------------


def test_a_rename_moves_everything_in_one_commit(desk: Desk) -> None:
    before = desk.commits()
    logs = desk.top / "registry/products"
    october = (logs / "shop/deployments/2026-10.yaml").read_bytes()
    edited = rename(desk, "shop", "store")
    assert (desk.commits(), edited.subject) == (before + 1, "Rename product shop to store")
    assert (logs / "store/deployments/2026-10.yaml").read_bytes() == october
    assert not (logs / "shop").exists()
    assert desk.registry.aliases == {"shop": "store"}
    assert desk.registry.products["web"].document["depends_on"] == ["store"]
    assert desk.ids("store") == ["s-1", "s-2", "s-3"]
    desk.assert_sound()


def test_a_rename_changes_the_names_line_and_no_comment(desk: Desk) -> None:
    text = '# who sells\nname: shop # the name\n\ntitle: "The Shop"   # "quoted"\n'
    create_product(desk.repository, "ads", now=NOW)
    desk.path("shop").write_text(text)
    dependent = (
        '# web\nname: "web"\ndepends_on:\n  # sells for us\n  - "shop" # needed\n  - "ads"\n'
    )
    desk.path("web").write_text(dependent)
    desk.git("commit", "-qam", "Comment")
    rename(desk, "shop", "store")
    renamed = desk.path("store").read_text()
    assert renamed.replace('"store"', "shop").replace("store", "shop") == text
    assert desk.path("web").read_text() == dependent.replace("shop", "store")
    desk.assert_sound()


def test_old_names_lead_on_after_a_second_rename(desk: Desk) -> None:
    rename(desk, "shop", "store")
    rename(desk, "shop", "market")
    assert desk.registry.aliases == {"shop": "market", "store": "market"}
    assert desk.record("shop", "2.0").product == "market"
    desk.assert_sound()


def test_a_name_can_be_taken_back(desk: Desk) -> None:
    rename(desk, "shop", "store")
    rename(desk, "store", "shop")
    assert desk.registry.aliases == {"store": "shop"}
    assert desk.registry.products["web"].document["depends_on"] == ["shop"]
    desk.assert_sound()


@pytest.mark.parametrize(
    ("new", "error", "said"),
    [
        ("web", Blocked, 'the product "web" already exists'),
        ("shop", UsageFault, "the name of the product is already"),
        ("Shop", InvalidInput, "not a legal product name"),
        ("gone", Blocked, "was deleted"),
        ("former", Blocked, 'former name of "later"'),
    ],
)
def test_a_name_that_is_taken_is_refused(
    desk: Desk, new: str, error: type[Exception], said: str
) -> None:
    for name in ("gone", "former"):
        create_product(desk.repository, name, now=NOW)
    delete(desk, "gone")
    rename(desk, "former", "later")
    before = desk.commits()
    with pytest.raises(error, match=said):
        rename(desk, "shop", new)
    assert desk.commits() == before


def test_a_rename_over_uncommitted_changes_is_refused_by_name(desk: Desk) -> None:
    desk.path("shop").write_text('name: "shop"\ntitle: "Mine"\n')
    with pytest.raises(OperationFailed, match=r"products/shop/product\.yaml"):
        rename(desk, "shop", "store")
    assert "Mine" in desk.path("shop").read_text()


def test_a_retry_under_the_old_name_is_recorded_already(desk: Desk) -> None:
    first = desk.record("shop", "3.0", invoke_id="run-1")
    rename(desk, "shop", "store")
    again = desk.record("shop", "3.0", invoke_id="run-1")
    assert (again.already, again.event["id"]) == (True, first.event["id"])


# ---- delete ------------------------------------------------------------------------------


def test_the_plan_of_a_deletion_counts_what_goes(desk: Desk) -> None:
    rename(desk, "shop", "store")
    plan = plan_deletion(desk.repository, "shop")
    assert (plan.name, plan.versions, plan.deployments, plan.events) == ("store", 3, 3, 3)
    assert (plan.dependents, plan.aliases) == (("web",), ("shop",))


def test_a_product_of_which_not_all_can_be_read_stays_where_it_is(desk: Desk) -> None:
    log = desk.path("shop").parent / "deployments/2026-11.yaml"
    log.write_text(log.read_text() + '- {at: "2026-11-03T09:00:00Z, id: "x"}\n')
    desk.git("commit", "-qam", "Write by hand")
    before = desk.commits()
    for move in (
        lambda: plan_deletion(desk.repository, "shop"),
        lambda: delete(desk, "shop"),
        lambda: rename(desk, "shop", "store"),
    ):
        with pytest.raises(Blocked, match=r"shop/deployments/2026-11\.yaml:6: not YAML") as refused:
            move()
        assert "versioner validate" in refused.value.hint
    assert desk.commits() == before


def test_an_error_that_hides_no_event_leaves_a_product_movable(desk: Desk) -> None:
    (desk.top / "registry/environments/staging.yaml").unlink()
    desk.git("commit", "-qam", "Forget an environment")
    assert plan_deletion(desk.repository, "shop").deployments == 3
    assert delete(desk, "shop").commit


def test_a_product_that_others_depend_on_stays(desk: Desk) -> None:
    before = desk.commits()
    with pytest.raises(Blocked, match='web depends on "shop"'):
        delete(desk, "shop", force=False)
    assert desk.commits() == before


def test_force_mends_the_others_in_the_same_commit_and_keeps_their_text(desk: Desk) -> None:
    desk.path("web").write_text('# w\nname: "web" # n\ndepends_on: ["shop"]\ntitle: "W" # t\n')
    desk.git("commit", "-qam", "Comment")
    tip, before = desk.git("rev-parse", "HEAD"), desk.commits()
    edited = delete(desk, "shop", by="jane")
    assert desk.commits() == before + 1
    assert edited.notes == ("web no longer depends on it",)
    assert desk.path("web").read_text() == '# w\nname: "web" # n\ntitle: "W" # t\n'
    assert not desk.path("shop").parent.exists()
    record = desk.registry.deleted["shop"]
    assert record == {"deleted_at": NOW, "deleted_by": "jane", "last_commit": tip}
    assert len((desk.top / "registry/deleted/shop.yaml").read_text().splitlines()) <= 4
    desk.assert_sound()


def test_an_e_mail_does_not_become_the_deleter(desk: Desk) -> None:
    delete(desk, "shop", by="jane@example.test")
    assert "deleted_by" not in desk.registry.deleted["shop"]


def test_an_old_name_of_a_deleted_product_is_told_of_the_deletion(desk: Desk) -> None:
    rename(desk, "shop", "store")
    delete(desk, "store")
    desk.assert_sound()
    before = desk.commits()
    with pytest.raises(Blocked, match='the product "store" was deleted'):
        desk.record("shop", "1.9.9")
    assert desk.commits() == before
    restore(desk, "shop")
    assert desk.registry.resolve("shop").name == "store"
    desk.assert_sound()


# ---- restore -----------------------------------------------------------------------------


def test_what_was_deleted_comes_back_byte_for_byte(desk: Desk) -> None:
    rename(desk, "shop", "store")
    tree = desk.git("rev-parse", "HEAD:registry/products/store")
    delete(desk, "store")
    edited = restore(desk, "store")
    assert edited.subject == "Restore product store"
    assert desk.git("rev-parse", "HEAD:registry/products/store") == tree
    assert desk.registry.aliases == {"shop": "store"}
    assert desk.registry.deleted == {}
    assert edited.notes == ("web depends on it again",)
    assert desk.registry.products["web"].document["depends_on"] == ["store"]
    desk.assert_sound()


def test_the_products_that_depended_on_it_depend_on_it_again_in_the_old_order(desk: Desk) -> None:
    for name in ("ads", "zoo"):
        create_product(desk.repository, name, now=NOW)
    desk.path("web").write_text("name: web\ndepends_on: [ads, shop, zoo]\n")
    desk.git("commit", "-qam", "Depend on three")
    delete(desk, "shop")
    rename(desk, "web", "www")
    edit_product(desk.repository, "www", set_=["title=W"], now=NOW)
    before = desk.commits()
    edited = restore(desk, "shop")
    assert (edited.notes, desk.commits()) == (("www depends on it again",), before + 1)
    assert desk.registry.products["www"].document["depends_on"] == ["ads", "shop", "zoo"]
    desk.assert_sound()


def test_a_dependency_that_was_removed_after_a_restore_stays_removed(desk: Desk) -> None:
    delete(desk, "shop")
    restore(desk, "shop")
    edit_product(desk.repository, "web", unset=["depends_on"], now=NOW)
    assert restore(desk, "shop").commit is None
    assert "depends_on" not in desk.registry.products["web"].document


def test_a_restored_product_no_longer_depends_on_one_that_is_gone_too(desk: Desk) -> None:
    delete(desk, "web")
    delete(desk, "shop")
    edited = restore(desk, "web")
    assert edited.notes == ("it no longer depends on shop, which does not exist",)
    assert "depends_on" not in desk.registry.products["web"].document
    desk.assert_sound()


def test_a_product_made_anew_gets_its_old_events_back_by_id(desk: Desk) -> None:
    delete(desk, "shop")
    create_product(desk.repository, "shop", description="New", now=NOW)
    desk.record("shop", "2.0", event_id="s-9")
    desk.record("shop", "2.1", event_id="s-0", at="2026-09-01T09:00:00Z")
    restore(desk, "shop")
    assert desk.ids("shop") == ["s-0", "s-1", "s-2", "s-3", "s-9"]
    assert desk.registry.products["shop"].document["description"] == "New"
    desk.assert_sound()
    assert restore(desk, "shop").commit is None


def test_what_was_joined_once_is_not_joined_twice(desk: Desk) -> None:
    delete(desk, "shop")
    restore(desk, "shop")
    delete(desk, "shop")
    create_product(desk.repository, "shop", now=NOW)
    # The same event as one of the old ones, as a pipeline's second run would record it.
    desk.record("shop", "1.2", event_id="s-3", at="2026-11-02T09:00:00Z", reason="a fix")
    restore(desk, "shop")
    assert desk.ids("shop") == ["s-1", "s-2", "s-3"]
    desk.assert_sound()


def test_a_product_that_was_never_deleted_is_left_as_it_is(desk: Desk) -> None:
    before = desk.commits()
    assert restore(desk, "shop").commit is None
    assert desk.commits() == before


def test_an_unknown_name_gets_the_nearest_deleted_one(desk: Desk) -> None:
    delete(desk, "shop")
    with pytest.raises(NotFound) as caught:
        restore(desk, "shoop")
    assert "did you mean shop?" in caught.value.hint


def test_a_tree_that_was_deleted_by_hand_is_found_too(desk: Desk) -> None:
    desk.git("rm", "-qr", "registry/products/shop")
    desk.git("commit", "-qm", "Remove")
    edit_product(desk.repository, "web", unset=["depends_on"], now=NOW)
    restore(desk, "shop")
    assert desk.ids("shop") == ["s-1", "s-2", "s-3"]
    desk.assert_sound()


def test_a_rebase_that_lost_the_noted_commit_is_survived(desk: Desk) -> None:
    delete(desk, "shop")
    path = desk.top / "registry/deleted/shop.yaml"
    tip = desk.registry.deleted["shop"]["last_commit"]
    path.write_text(path.read_text().replace(tip, "1" * 40))
    desk.git("commit", "-qam", "As after a rebase")
    restore(desk, "shop")
    assert desk.ids("shop") == ["s-1", "s-2", "s-3"]


@pytest.mark.parametrize("anew", [False, True])
def test_a_shallow_clone_says_what_to_fetch(desk: Desk, tmp_path: Path, anew: bool) -> None:
    delete(desk, "shop")
    if anew:
        create_product(desk.repository, "shop", now=NOW)
    edit_product(desk.repository, "web", set_=["title=W"], now=NOW)
    shallow = Desk(tmp_path / "shallow")
    source = f"file://{desk.top}"
    subprocess.run(["git", "clone", "-q", "--depth=1", source, str(shallow.top)], check=True)
    with pytest.raises(OperationFailed) as caught:
        restore(shallow, "shop")
    assert "git fetch --unshallow" in caught.value.hint
    shallow.git("fetch", "-q", "--unshallow")
    restore(shallow, "shop")
    assert shallow.ids("shop") == ["s-1", "s-2", "s-3"]


# ---- merge -------------------------------------------------------------------------------


def merge(desk: Desk, name: str, into: str) -> EditResult:
    return merge_product(desk.repository, name, into, now=NOW)


def test_a_merge_moves_the_events_and_the_names_in_one_commit(desk: Desk) -> None:
    create_product(desk.repository, "shopp", description="A slip", now=NOW)
    desk.record("shopp", "2.0", event_id="p-1", at="2026-11-03T09:00:00Z")
    desk.record("shopp", "2.1", event_id="p-2", at="2026-12-03T09:00:00Z")
    rename(desk, "shopp", "shpo")
    base, before = desk.git("rev-parse", "HEAD"), desk.commits()
    edited = merge(desk, "shopp", "shop")
    assert (desk.commits(), edited.subject) == (before + 1, "Merge product shpo into shop")
    assert edited.notes == (
        "shop took over 2 events",
        "keys not kept of registry/products/shpo/product.yaml: description",
    )
    assert desk.registry.aliases == {"shopp": "shop", "shpo": "shop"}
    assert desk.ids("shop") == ["s-1", "s-2", "s-3", "p-1", "p-2"]
    assert desk.registry.products["shop"].cells["staging"].current.version == "2.1"
    assert desk.record("shpo", "3.0").product == "shop"
    desk.git("reset", "-q", "--hard", "HEAD~1")
    repository, tip = desk.repository, desk.git("rev-parse", "HEAD")
    snapshot = snapshot_at(repository, tip)
    checked = validate_registry(snapshot, now="2027-01-01T00:00:00Z")
    validate_change(repository, checked, snapshot, base)
    assert checked.problems == []
    desk.assert_sound()


def test_a_merge_replaces_the_product_in_depends_on_but_not_in_its_own(desk: Desk) -> None:
    create_product(desk.repository, "pay", now=NOW)
    edit_product(desk.repository, "shop", set_=['depends_on=["pay"]'], now=NOW)
    edit_product(desk.repository, "web", set_=['depends_on=["shop","pay"]'], now=NOW)
    merge(desk, "pay", "shop")
    assert "depends_on" not in desk.registry.products["shop"].document
    assert desk.registry.products["web"].document["depends_on"] == ["shop"]
    desk.assert_sound()


def test_products_that_contradict_each_other_or_are_one_are_not_merged(desk: Desk) -> None:
    desk.record("pay", "1.0", event_id="p-1", scm_sha="a" * 40)
    desk.record("shop", "1.0", event_id="s-9", scm_sha="b" * 40)
    before = desk.commits()
    for name, into, error, said in (
        ("pay", "shop", InvalidInput, "was built from"),
        ("shop", "shop", UsageFault, "the same product"),
        ("nobody", "shop", NotFound, "no product"),
    ):
        with pytest.raises(error, match=said):
            merge(desk, name, into)
    desk.record("ads", "1.0", event_id="s-1")
    with pytest.raises(InvalidInput, match="id"):
        merge(desk, "ads", "shop")
    assert desk.commits() == before + 1
