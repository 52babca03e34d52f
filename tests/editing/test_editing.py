"""Create and edit products and environments; void and redact events."""

from __future__ import annotations

import pytest

from tests.fixtures.local_registry import NOW, Desk
from versioner.editing.corrections import redact_field, void_event
from versioner.editing.environments import (
    create_environment,
    edit_environment,
    retire_environment,
)
from versioner.editing.products import (
    create_product,
    delete_product,
    edit_product,
    product_source,
    rename_product,
    rewrite_product,
)
from versioner.errors import Blocked, InvalidInput, NotFound, OperationFailed, UsageFault

pytestmark = pytest.mark.slow


def test_create_writes_one_file_in_one_commit(desk: Desk) -> None:
    before = desk.commits()
    assignments = ["extra_metadata.team=identity", 'links=[{"title": "Wiki", "url": "https://w"}]']
    edited = create_product(desk.repository, "new", assignments=assignments, now=NOW)
    assert desk.commits() == before + 1
    assert edited.paths == ("registry/products/new/product.yaml",)
    document = desk.registry.products["new"].document
    assert document["extra_metadata"] == {"team": "identity"}
    assert document["links"] == [{"title": "Wiki", "url": "https://w"}]
    desk.assert_sound()


def test_a_taken_name_is_blocked(desk: Desk) -> None:
    with pytest.raises(Blocked, match='"shop" already exists'):
        create_product(desk.repository, "shop", now=NOW)
    rename_product(desk.repository, "shop", "store", now=NOW)
    with pytest.raises(Blocked, match='former name of "store"'):
        create_product(desk.repository, "shop", now=NOW)


def test_a_deleted_name_starts_anew(desk: Desk) -> None:
    delete_product(desk.repository, "shop", force=True, now=NOW)
    create_product(desk.repository, "shop", now=NOW)
    assert desk.registry.deleted == {}
    assert desk.ids("shop") == []
    desk.assert_sound()


def test_an_edit_keeps_every_byte_it_is_not_about(desk: Desk) -> None:
    text = (
        "# yaml-language-server: $schema=../../../schemas/product.schema.json\n"
        "name:   'shop'   # single\n\n\n# above\ntitle: \"A\"\nextra_metadata:\n"
        '    zeta: {b: 1, a: 2}  # flow\n    team: "x"  # ours\n'
    )
    desk.path("shop").write_text(text)
    desk.git("commit", "-qam", "Comment")
    edit_product(desk.repository, "shop", set_=["extra_metadata.team=y"], now=NOW)
    assert desk.path("shop").read_text() == text.replace('"x"', '"y"')
    edit_product(desk.repository, "shop", unset=["title"], now=NOW)
    assert desk.path("shop").read_text() == text.replace('"x"', '"y"').replace('title: "A"\n', "")
    desk.assert_sound()


def test_an_edit_that_changes_nothing_makes_no_commit(desk: Desk) -> None:
    before = desk.commits()
    assert edit_product(desk.repository, "shop", set_=["description=Sells"], now=NOW).commit is None
    with pytest.raises(InvalidInput, match='the key "title" is not set'):
        edit_product(desk.repository, "shop", unset=["title"], now=NOW)
    assert desk.commits() == before


def test_an_edit_under_an_old_name_edits_the_product(desk: Desk) -> None:
    rename_product(desk.repository, "shop", "store", now=NOW)
    edit_product(desk.repository, "shop", set_=["title=Store"], now=NOW)
    assert desk.registry.products["store"].document["title"] == "Store"


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ('depends_on=["web"]', "cycle"),
        ('depends_on=["nobody"]', 'no product "nobody"'),
        ("name=store", "name is store"),
        ("titel=x", "titel"),
        ("extra_metadata.token=ghp_" + "A1b2C3d4E5" * 4, "secret"),
    ],
)
def test_an_edit_that_brings_an_error_is_refused(desk: Desk, assignment: str, said: str) -> None:
    before = desk.commits()
    with pytest.raises(InvalidInput, match=said) as caught:
        edit_product(desk.repository, "shop", set_=[assignment], now=NOW)
    assert "ghp_" not in str(caught.value) + caught.value.hint
    assert desk.commits() == before
    desk.assert_sound()


def test_an_error_that_was_there_before_stops_no_edit_of_another(desk: Desk) -> None:
    desk.path("web").write_text('name: "web"\ndepends_on: ["nobody"]\n')
    desk.git("commit", "-qam", "Break")
    assert edit_product(desk.repository, "shop", set_=["title=x"], now=NOW).commit


def test_a_file_that_changed_under_the_editor_is_not_overwritten(desk: Desk) -> None:
    before = product_source(desk.repository, "shop")
    edit_product(desk.repository, "shop", set_=["title=Theirs"], now=NOW)
    with pytest.raises(Blocked, match="has changed since the editor was opened"):
        rewrite_product(desk.repository, "shop", before + b"# mine\n", before=before, now=NOW)
    fresh = product_source(desk.repository, "shop")
    with pytest.raises(InvalidInput, match="cannot be empty"):
        rewrite_product(desk.repository, "shop", b"\n", before=fresh, now=NOW)
    rewrite_product(desk.repository, "shop", fresh + b"# mine\n", before=fresh, now=NOW)
    assert desk.path("shop").read_bytes() == fresh + b"# mine\n"


def test_a_repository_without_a_registry_says_what_to_do(desk: Desk) -> None:
    desk.git("checkout", "-q", "--orphan", "empty")
    with pytest.raises(UsageFault) as caught:
        create_product(desk.repository, "new", now=NOW)
    assert "versioner init" in caught.value.hint
    desk.git("rm", "-qrf", ".")
    desk.git("commit", "-q", "--allow-empty", "-m", "Empty")
    with pytest.raises(UsageFault, match="no registry on this branch"):
        create_product(desk.repository, "new", now=NOW)


# ---- environments ------------------------------------------------------------------------


def test_an_environment_is_created_edited_retired_and_taken_back(desk: Desk) -> None:
    repository = desk.repository
    create_environment(repository, "uat", assignments=["metadata.region=eu"], now=NOW)
    path = desk.top / "registry/environments/uat.yaml"
    path.write_text(path.read_text() + "# ours\n")
    desk.git("commit", "-qam", "Comment")
    commented = path.read_text()
    edit_environment(repository, "uat", set_=["stale_after=6h"], now=NOW)
    assert desk.registry.environments["uat"]["stale_after"] == "6h"
    edit_environment(repository, "uat", unset=["stale_after"], now=NOW)
    assert path.read_text() == commented
    assert retire_environment(repository, "uat", now=NOW).subject == "Retire environment uat"
    assert desk.registry.environments["uat"]["retired"] is True
    assert retire_environment(repository, "uat", now=NOW).commit is None
    retire_environment(repository, "uat", now=NOW, undo=True)
    assert retire_environment(repository, "uat", now=NOW, undo=True).commit is None
    assert path.read_text() == commented
    desk.assert_sound()


def test_environments_that_are_there_or_not_are_refused(desk: Desk) -> None:
    with pytest.raises(Blocked, match='"staging" already exists'):
        create_environment(desk.repository, "staging", now=NOW)
    with pytest.raises(NotFound) as caught:
        retire_environment(desk.repository, "stagin", now=NOW)
    assert "did you mean staging?" in caught.value.hint
    with pytest.raises(InvalidInput, match="stale_after"):
        edit_environment(desk.repository, "staging", set_=["stale_after=soon"], now=NOW)


# ---- void and redact ---------------------------------------------------------------------


def void(desk: Desk, event: str, **options: str):
    options = {"reason": "by mistake", "by": "jane"} | options
    return void_event(desk.repository, event, now=NOW, **options)


def test_a_void_is_one_line_more_and_the_event_stays(desk: Desk) -> None:
    path = desk.top / "registry/products/shop/deployments/2026-11.yaml"
    before = path.read_text()
    edited = void(desk, "s-1")
    assert edited.subject == "Void deployment event s-1 of shop"
    added = path.read_text().removeprefix(before)
    assert added.startswith(f'- {{at: "{NOW}", deployed_by: "jane", reason: "by mistake", voids')
    assert [each.void is not None for each in desk.registry.products["shop"].deployments] == [
        True,
        False,
        False,
    ]
    desk.assert_sound()


def test_an_id_that_two_products_have_is_not_guessed(desk: Desk) -> None:
    desk.record("twin", "1.0", event_id="s-1")
    before = desk.commits()
    with pytest.raises(NotFound, match='events of shop and twin have the id "s-1"') as caught:
        void(desk, "s-1")
    assert caught.value.hint == "give one of shop/s-1, twin/s-1"
    with pytest.raises(NotFound, match='no event "none/s-1"'):
        redact_field(desk.repository, "none/s-1", "deployed_by", now=NOW)
    assert desk.commits() == before
    assert void(desk, "twin/s-1").subject == "Void deployment event s-1 of twin"
    assert not any(each.void for each in desk.registry.products["shop"].deployments)


def test_the_same_void_again_is_none(desk: Desk) -> None:
    void(desk, "s-1")
    before = desk.commits()
    assert void(desk, "s-1").commit is None
    assert void(desk, "s-1", reason="other words").commit is None
    assert desk.commits() == before


def test_a_void_of_a_void_a_build_or_nothing_is_refused(desk: Desk) -> None:
    void(desk, "s-1")
    (mark,) = (each["id"] for each in _events(desk) if "voids" in each)
    with pytest.raises(InvalidInput, match="voids another event"):
        void(desk, mark)
    with pytest.raises(NotFound, match='no event "s-7"'):
        void(desk, "s-7")
    with pytest.raises(InvalidInput, match="secret"):
        void(desk, "s-2", reason="ghp_" + "A1b2C3d4E5" * 4)


def test_an_e_mail_is_not_recorded_as_who_voided(desk: Desk) -> None:
    void(desk, "s-1", by="jane@example.test")
    assert all("deployed_by" not in each for each in _events(desk) if "voids" in each)


def _events(desk: Desk) -> list[dict[str, object]]:
    return desk.registry.products["shop"].deployment_events


def test_redact_takes_out_one_value_and_leaves_a_mark(desk: Desk) -> None:
    path = desk.top / "registry/products/shop/deployments/2026-11.yaml"
    before = path.read_text().splitlines()
    edited = redact_field(desk.repository, "s-2", "deployed_by", now=NOW)
    assert "git's history" in edited.notes[0]
    after = path.read_text().splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    event = next(each for each in _events(desk) if each["id"] == "s-2")
    assert ("deployed_by" in event, event["redacted"]) == (False, ["deployed_by"])
    assert redact_field(desk.repository, "s-2", "deployed_by", now=NOW).commit is None
    desk.assert_sound()


def test_one_key_of_the_metadata_can_be_redacted(desk: Desk) -> None:
    desk.record("shop", "9", event_id="s-9", extra_metadata={"a.b": "x", "c": 1})
    redact_field(desk.repository, "s-9", "extra_metadata.a.b", now=NOW)
    event = next(each for each in _events(desk) if each["id"] == "s-9")
    assert (event["extra_metadata"], event["redacted"]) == ({"c": 1}, ["extra_metadata.a.b"])
    redact_field(desk.repository, "s-9", "extra_metadata.c", now=NOW)
    event = next(each for each in _events(desk) if each["id"] == "s-9")
    assert "extra_metadata" not in event
    desk.assert_sound()


@pytest.mark.parametrize("field", ["at", "id", "version", "status", "environment"])
def test_what_an_event_cannot_be_without_is_not_redacted(desk: Desk, field: str) -> None:
    with pytest.raises(InvalidInput, match=f"the field {field} of an event cannot be redacted"):
        redact_field(desk.repository, "s-2", field, now=NOW)


def test_a_field_that_is_not_there_is_refused_with_those_that_are(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="no deploy_url") as caught:
        redact_field(desk.repository, "s-2", "deploy_url", now=NOW)
    assert "deployed_by" in caught.value.hint


def test_a_log_that_is_not_canonical_is_formatted_first(desk: Desk) -> None:
    path = desk.top / "registry/products/shop/deployments/2026-11.yaml"
    path.write_text(path.read_text().replace('"1.1"', "'1.1'"))
    desk.git("commit", "-qam", "Restyle")
    with pytest.raises(Blocked) as caught:
        redact_field(desk.repository, "s-2", "deployed_by", now=NOW)
    assert "versioner format" in caught.value.hint


def test_a_locked_repository_is_a_failure_with_the_lock_named(desk: Desk) -> None:
    (desk.top / ".git/index.lock").write_text("")
    with pytest.raises(OperationFailed, match=r"index\.lock"):
        edit_product(desk.repository, "shop", set_=["title=x"], now=NOW)
