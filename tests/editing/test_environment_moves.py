"""Environments renamed, merged and deleted: one commit, no event rewritten, every name valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.local_registry import NOW, Desk
from versioner.editing.corrections import redact_field, void_event
from versioner.editing.environment_moves import (
    delete_environment,
    merge_environment,
    rename_environment,
)
from versioner.editing.environments import (
    create_environment,
    edit_environment,
    retire_environment,
)
from versioner.editing.products import create_product, delete_product
from versioner.editing.restore import restore_product
from versioner.editing.validate import ValidationResult, validate_change, validate_registry
from versioner.errors import Blocked, InvalidInput, NotFound, UsageFault
from versioner.git.snapshot import snapshot_at
from versioner.reporting.changes import change_text

if TYPE_CHECKING:
    from versioner.editing.session import EditResult

pytestmark = pytest.mark.slow


def rename(desk: Desk, old: str, new: str) -> EditResult:
    return rename_environment(desk.repository, old, new, now=NOW)


def merge(desk: Desk, name: str, into: str) -> EditResult:
    return merge_environment(desk.repository, name, into, now=NOW)


def delete(desk: Desk, name: str) -> EditResult:
    return delete_environment(desk.repository, name, now=NOW)


def text_of(desk: Desk, name: str) -> str:
    return (desk.top / f"registry/environments/{name}.yaml").read_text()


def write(desk: Desk, name: str, text: str) -> None:
    (desk.top / f"registry/environments/{name}.yaml").write_text(text)
    desk.git("add", "-A")
    desk.git("commit", "-qm", "Write an environment")


def logs_of(desk: Desk) -> dict[str, bytes]:
    folder = desk.top / "registry/products"
    return {str(path): path.read_bytes() for path in folder.rglob("2*.yaml")}


def test_a_rename_is_one_commit_of_one_file_and_no_event_is_rewritten(desk: Desk) -> None:
    before, logs = desk.commits(), logs_of(desk)
    edited = rename(desk, "staging", "uat")
    assert (desk.commits(), edited.subject) == (before + 1, "Rename environment staging to uat")
    assert set(edited.paths) == {f"registry/environments/{n}.yaml" for n in ("staging", "uat")}
    assert logs_of(desk) == logs
    registry = desk.registry
    assert registry.environments["uat"]["aliases"] == ["staging"]
    assert [each.version for each in registry.products["shop"].cells["uat"].completed] == [
        *("1.0", "1.1", "1.2"),
    ]
    assert desk.record("shop", "2.0", environment="staging").event["environment"] == "uat"
    desk.assert_sound()


def test_a_rename_keeps_comments_and_style(desk: Desk) -> None:
    text = "# where we try things\nname: staging # its name\n\ntitle: 'Staging'\nstale_after: 6h\n"
    write(desk, "staging", text)
    rename(desk, "staging", "uat")
    rest = text_of(desk, "uat").replace("uat", "staging")
    assert rest.replace('aliases: ["staging"]\n', "").replace('aliases:\n  - "staging"\n', "") == (
        text.replace("name: staging #", rest.splitlines()[1].partition(" #")[0] + " #")
    )
    assert "# its name" in rest
    desk.assert_sound()


def test_names_lead_on_after_a_second_rename_and_a_name_can_be_taken_back(desk: Desk) -> None:
    rename(desk, "staging", "uat")
    rename(desk, "staging", "preprod")
    assert desk.registry.environment_aliases == {"staging": "preprod", "uat": "preprod"}
    rename(desk, "preprod", "staging")
    assert desk.registry.environment_aliases == {"preprod": "staging", "uat": "staging"}
    assert set(desk.registry.products["shop"].cells) == {"staging"}
    desk.assert_sound()


def test_a_rename_keeps_the_type_that_followed_from_the_name(desk: Desk) -> None:
    assert "type" not in text_of(desk, "staging")
    rename(desk, "staging", "blue")
    assert desk.registry.environments["blue"]["type"] == "staging"
    assert 'type: "staging"' in text_of(desk, "blue")
    edited = rename(desk, "production", "qa-2")
    assert desk.registry.environments["qa-2"]["type"] == "test"
    assert edited.notes == ("the type changed from production to test, as the new name tells",)
    create_environment(desk.repository, "prd", now=NOW)
    rename(desk, "prd", "live")
    assert desk.registry.environments["live"]["type"] == "production"


@pytest.mark.parametrize(
    ("new", "error", "said"),
    [
        ("staging", UsageFault, "already"),
        ("production", Blocked, "already exists"),
        ("former", Blocked, 'former name of "later"'),
        ("Uat", InvalidInput, "not a legal environment name"),
    ],
)
def test_a_name_that_is_taken_or_not_legal_is_refused(
    desk: Desk, new: str, error: type[Exception], said: str
) -> None:
    create_environment(desk.repository, "former", now=NOW)
    rename(desk, "former", "later")
    before = desk.commits()
    with pytest.raises(error, match=said):
        rename(desk, "staging", new)
    assert desk.commits() == before


def test_a_merge_moves_events_former_names_and_instances_along(desk: Desk) -> None:
    write(
        desk,
        "stagin",
        'name: "stagin"\ntitle: "Oops"\naliases: ["stgn"]\ninstances: ["eu", "us"]\n',
    )
    write(desk, "staging", '# keep\nname: staging\ninstances: ["eu"] # two\n')
    desk.record("shop", "2.0", environment="stagin", at="2026-11-03T09:00:00Z")
    desk.record("web", "1.0", environment="stgn")
    logs = logs_of(desk)
    edited = merge(desk, "stgn", "staging")
    assert edited.subject == "Merge environment stagin into staging"
    assert edited.notes == (
        "staging took over 2 events of 2 products",
        "keys not kept of registry/environments/stagin.yaml: title",
    )
    assert logs_of(desk) == logs
    registry = desk.registry
    assert "stagin" not in registry.environments
    assert registry.environments["staging"]["aliases"] == ["stagin", "stgn"]
    assert registry.environments["staging"]["instances"] == ["eu", "us"]
    assert text_of(desk, "staging").startswith("# keep\nname: staging\n")
    assert registry.products["shop"].cells["staging"].current.version == "2.0"
    assert desk.record("shop", "3.0", environment="stgn").event["environment"] == "staging"
    desk.assert_sound()


def test_two_environments_that_claim_each_others_names_can_be_merged(desk: Desk) -> None:
    write(desk, "qa", 'name: "qa"\naliases: ["staging"]\n')
    write(desk, "staging", 'name: "staging"\naliases: ["qa"]\n')
    assert [each.code for each in desk.registry.problems] == ["alias", "alias"]
    merge(desk, "qa", "staging")
    assert desk.registry.environments["staging"]["aliases"] == ["qa"]
    assert "qa" not in desk.registry.environments
    desk.assert_sound()


def test_an_environment_that_only_events_name_can_be_merged(desk: Desk) -> None:
    desk.record("shop", "2.0", environment="stagin")
    desk.git("rm", "-q", "registry/environments/stagin.yaml")
    desk.git("commit", "-qm", "Remove the file by hand")
    assert [each.code for each in desk.registry.errors] == ["environment"]
    assert set(merge(desk, "stagin", "staging").paths) == {"registry/environments/staging.yaml"}
    desk.assert_sound()


def test_what_cannot_be_merged_is_refused(desk: Desk) -> None:
    rename(desk, "staging", "uat")
    before = desk.commits()
    for name, into, error, said in (
        ("uat", "uat", UsageFault, "the same environment"),
        ("uat", "staging", UsageFault, "the same environment"),
        ("staging", "uat", UsageFault, "former name"),
        ("nowhere", "uat", NotFound, "no environment"),
        ("uat", "prodution", NotFound, "no environment"),
    ):
        with pytest.raises(error, match=said):
            merge(desk, name, into)
    assert desk.commits() == before


def test_only_an_environment_that_no_event_names_is_deleted(desk: Desk) -> None:
    desk.record("shop", "2.0", environment="gone", event_id="g-1")
    void_event(desk.repository, "g-1", reason="a slip", now=NOW)
    create_environment(desk.repository, "unused", now=NOW)
    assert delete(desk, "unused").subject == "Delete environment unused"
    assert "unused" not in desk.registry.environments
    with pytest.raises(Blocked, match="1 event of 1 product names it") as caught:
        delete(desk, "gone")
    assert "environment retire gone" in caught.value.hint
    assert "environment merge gone --into" in caught.value.hint
    merge(desk, "gone", "production")
    with pytest.raises(Blocked, match='"production" is not deleted: 1 event'):
        delete(desk, "production")
    with pytest.raises(UsageFault, match='"gone" is a former name of "production"'):
        delete(desk, "gone")
    desk.assert_sound()


def test_nothing_is_deleted_where_events_cannot_be_read(desk: Desk) -> None:
    create_environment(desk.repository, "unused", now=NOW)
    log = desk.top / "registry/products/shop/deployments/2026-10.yaml"
    log.write_text(f'{log.read_text()}- {{at: "x", environment: "unused", id: "q"}}\n')
    desk.git("commit", "-qam", "Break a log")
    with pytest.raises(Blocked, match="cannot be read"):
        delete(desk, "unused")


def test_an_environment_whose_file_cannot_be_read_is_told_so(desk: Desk) -> None:
    write(desk, "staging", "name: staging\nretired: maybe\n")
    for edit in (delete, lambda desk, name: merge(desk, name, "production")):
        with pytest.raises(Blocked, match=r"staging\.yaml cannot be read"):
            edit(desk, "staging")


def test_editing_under_a_former_name_edits_the_environment(desk: Desk) -> None:
    rename(desk, "staging", "uat")
    edited = edit_environment(desk.repository, "staging", set_=["stale_after=6h"], now=NOW)
    assert edited.subject == "Edit environment uat"
    assert retire_environment(desk.repository, "staging", now=NOW).subject.endswith("uat")
    assert desk.registry.environments["uat"]["retired"] is True
    with pytest.raises(Blocked, match='former name of "uat"'):
        create_environment(desk.repository, "staging", now=NOW)
    with pytest.raises(InvalidInput, match='there is no environment "staging"'):
        edit_environment(desk.repository, "uat", unset=["aliases"], now=NOW)
    desk.assert_sound()


def test_a_redaction_leaves_the_name_that_was_recorded(desk: Desk) -> None:
    rename(desk, "staging", "uat")
    redact_field(desk.repository, "s-2", "deployed_by", now=NOW)
    log = (desk.top / "registry/products/shop/deployments/2026-11.yaml").read_text()
    assert 'environment: "staging", version: "1.1"' in log
    assert "uat" not in log


def check(desk: Desk, base: str, *, allow: bool = False) -> ValidationResult:
    repository = desk.repository
    snapshot = snapshot_at(repository, desk.git("rev-parse", "HEAD"))
    checked = validate_registry(snapshot, now=NOW)
    validate_change(repository, checked, snapshot, base, allow_log_changes=allow)
    return checked


def test_the_history_check_accepts_the_edits_and_describes_them(desk: Desk) -> None:
    base = desk.git("rev-parse", "HEAD")
    create_environment(desk.repository, "unused", now=NOW)
    desk.record("shop", "2.0", environment="stagin")
    middle = desk.git("rev-parse", "HEAD")
    rename(desk, "staging", "uat")
    merge(desk, "stagin", "uat")
    delete(desk, "unused")
    checked = check(desk, middle)
    assert checked.problems == []
    assert checked.change is not None
    assert change_text(checked.change).splitlines() == [
        "This change:",
        "  environment stagin: merged into uat",
        "  environment uat: renamed from staging",
        '    aliases: ["staging", "stagin"] added',
        "  environment unused: removed",
    ]
    assert check(desk, base, allow=True).problems == []


def test_a_restored_product_brings_back_the_environments_of_its_events(desk: Desk) -> None:
    write(desk, "edge", "# far away\nname: edge\n")
    create_product(desk.repository, "pay", now=NOW)
    desk.record("pay", "1.0", environment="edge")
    delete_product(desk.repository, "pay", now=NOW)
    delete(desk, "edge")
    rename(desk, "staging", "uat")
    restored = restore_product(desk.repository, "pay", now=NOW)
    assert 'the environment "edge" is restored, too' in restored.notes
    assert text_of(desk, "edge") == "# far away\nname: edge\n"
    desk.assert_sound()
