"""A look for one event reads what judges it, and nothing else of the registry."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.local_registry import NOW, Desk
from versioner.editing.environments import retire_environment
from versioner.editing.products import delete_product, rename_product
from versioner.errors import Blocked, InvalidInput, UsageFault
from versioner.recording.context import EventDraft, RecordContext, load_context

SHOP = "registry/products/shop"
OLD = f"{SHOP}/deployments/2026-10.yaml"
LOG = f"{SHOP}/deployments/2026-11.yaml"


def scene(
    desk: Desk, product: str = "shop", *, detected: bool = False, **said: Any
) -> RecordContext:
    fields = {"at": NOW, "environment": "staging", "version": "2.0", "status": "completed"}
    draft = EventDraft("deployment", product, {**fields, **said}, detected=detected)
    return load_context(desk.repository, draft, {})


def test_the_logs_of_its_month_and_of_the_one_before_are_seen(desk: Desk) -> None:
    assert set(scene(desk).logs) == {OLD, LOG}
    assert set(scene(desk, at="2026-12-01T00:00:00Z").logs) == {LOG}
    assert set(scene(desk, at="2027-02-01T00:00:00Z").logs) == set()
    # One that names another has to find it, however old it is.
    assert set(scene(desk, at="2027-02-01T00:00:00Z", deployment="s-1").logs) == {OLD, LOG}


def test_what_is_not_there_yet_is_known_to_be_so(desk: Desk) -> None:
    seen = scene(desk, "brand-new", environment="moon")
    assert (seen.has_product, seen.has_environment, seen.logs) == (False, False, {})
    seen = scene(desk)
    assert (seen.has_product, seen.has_environment, seen.is_retired) == (True, True, False)


def test_a_retired_environment_is_known(desk: Desk) -> None:
    retire_environment(desk.repository, "staging", now=NOW)
    assert scene(desk).is_retired


def test_an_old_name_leads_to_the_product_and_a_deleted_one_nowhere(desk: Desk) -> None:
    rename_product(desk.repository, "shop", "store", now=NOW)
    assert scene(desk).product == "store"
    delete_product(desk.repository, "store", force=True, by="jane", now=NOW)
    for name in ("shop", "store"):
        with pytest.raises(Blocked, match='"store" was deleted'):
            scene(desk, name)


def test_a_detected_name_is_made_legal_and_a_given_one_is_not(desk: Desk) -> None:
    seen = scene(desk, "My Shop", detected=True)
    assert (seen.product, seen.title) == ("my-shop", "My Shop")
    with pytest.raises(InvalidInput, match="My Shop"):
        scene(desk, "My Shop")


def test_changes_that_are_to_be_made_are_seen_as_if_they_were(desk: Desk) -> None:
    draft = EventDraft(
        "deployment", "brand-new", {"at": NOW, "environment": "moon", "version": "1"}
    )
    log = "registry/products/brand-new/deployments/2026-11.yaml"
    pending: dict[str, bytes | None] = {
        "registry/products/brand-new/product.yaml": b"name: brand-new\n",
        "registry/environments/moon.yaml": b'name: "moon"\n',
        log: b"# log\n",
    }
    seen = load_context(desk.repository, draft, pending)
    assert (seen.has_product, seen.has_environment) == (True, True)
    assert seen.logs == {log: b"# log\n"}
    gone = draft._replace(product="shop", fields={**draft.fields, "environment": "staging"})
    seen = load_context(desk.repository, gone, {f"{SHOP}/product.yaml": None})
    assert not seen.has_product


def test_where_no_registry_is_it_says_so(desk: Desk) -> None:
    desk.git("rm", "-q", "registry/registry.yaml")
    desk.git("commit", "-qm", "Remove")
    with pytest.raises(UsageFault, match="no registry"):
        scene(desk)


def test_only_a_start_asks_whether_the_tip_has_rules(desk: Desk) -> None:
    rule = desk.top / "registry/rules/closed.yaml"
    rule.parent.mkdir(exist_ok=True)
    rule.write_text('name: "closed"\n', encoding="utf-8")
    desk.git("add", "-A")
    desk.git("commit", "-qm", "Add a rule")
    assert scene(desk, status="started").is_gated
    assert not scene(desk, status="completed").is_gated
