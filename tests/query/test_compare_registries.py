from __future__ import annotations

from copy import deepcopy

from tests.builders import build, deployment, product, registry, void
from versioner.query.compare.registries import (
    CellChange,
    EnvironmentChange,
    FieldChange,
    ProductChange,
    changes_between,
)


def test_a_registry_does_not_differ_from_itself() -> None:
    one = registry(product(deployments=[deployment()]), config={"title": "Ours"})
    assert changes_between(one, deepcopy(one)).is_empty


def test_products_are_added_and_removed() -> None:
    shop = product("shop", [deployment("1.0.0")], [build("1.0.0")])
    mailer = product("mailer", [deployment("2.0.0")], title="Mailer")
    added, removed = changes_between(registry(shop), registry(mailer)).products
    assert (added.product, added.kind, added.deployments, added.builds) == ("mailer", "added", 1, 0)
    assert added.fields == (FieldChange("title", None, "Mailer"),)
    assert added.cells == (CellChange("production", "", "2.0.0"),)
    assert (removed.product, removed.kind, removed.removed) == ("shop", "removed", 2)
    assert removed.cells == (CellChange("production", "1.0.0", ""),)


def test_a_rename_is_followed_through_aliases() -> None:
    event = deployment("1.0.0")
    old = registry(product("shop", [event]))
    new = registry(product("store", [event]), aliases={"shop": "bazaar", "bazaar": "store"})
    assert changes_between(old, new).products == (
        ProductChange("store", "renamed", old_name="shop"),
    )


def test_aliases_that_lead_in_a_circle_are_no_rename() -> None:
    new = registry(product("store"), aliases={"shop": "bazaar", "bazaar": "shop"})
    kinds = [change.kind for change in changes_between(registry(product("shop")), new).products]
    assert kinds == ["removed", "added"]


def test_a_product_that_comes_back_with_its_events_is_restored() -> None:
    old = registry(deleted={"shop": {}, "mailer": {}})
    new = registry(product("shop", [deployment()]), product("mailer"))
    kinds = {change.product: change.kind for change in changes_between(old, new).products}
    assert kinds == {"shop": "restored", "mailer": "added"}


def test_fields_are_told_one_by_one() -> None:
    old = product(
        description="Users",
        links=[{"title": "Wiki", "url": "https://a.test"}],
        extra_metadata={"team": "red", "size": 1, "gone": "x"},
    )
    new = product(
        description="Accounts",
        depends_on=["shop"],
        links=[{"title": "Wiki", "url": "https://b.test"}],
        extra_metadata={"team": "red", "size": 1.0},
    )
    (change,) = changes_between(registry(old), registry(new)).products
    assert change.kind == "changed"
    assert change.fields == (
        FieldChange("description", "Users", "Accounts"),
        FieldChange(
            "links",
            [{"title": "Wiki", "url": "https://a.test"}],
            [{"title": "Wiki", "url": "https://b.test"}],
        ),
        FieldChange("extra_metadata.size", 1, 1.0),
        FieldChange("extra_metadata.gone", "x", None),
        FieldChange("depends_on", None, ["shop"]),
    )


def test_events_and_the_cells_that_they_change_are_told() -> None:
    first = deployment("1.0.0", minutes=-60)
    second = deployment("1.1.0", minutes=-30)
    failed = deployment("1.2.0", "failed", minutes=-10)
    staging = deployment("1.2.0", environment="staging", minutes=-20)
    mistake = void(second)
    old = registry(product(deployments=[first, second]))
    new = registry(
        product(deployments=[first, second, failed, staging, mistake], builds=[build("1.2.0")])
    )
    (change,) = changes_between(old, new).products
    assert (change.builds, change.deployments, change.removed) == (1, 3, 0)
    assert change.voided == (second["id"],)
    assert change.cells == (
        CellChange("production", "1.1.0", "1.0.0"),
        CellChange("staging", "", "1.2.0"),
    )


def test_products_of_one_tree_are_not_compared() -> None:
    one, other = product(title="a"), product(title="b")
    one.tree = other.tree = "0" * 40
    assert changes_between(registry(one), registry(other)).is_empty
    other.tree = None
    assert not changes_between(registry(one), registry(other)).is_empty


def test_environments_and_configuration_are_told() -> None:
    old = registry(
        environments={"qa": {"name": "qa", "type": "test"}, "old": {"name": "old"}},
        config={"title": "Ours", "site": {"logo": "a.svg"}},
    )
    new = registry(
        environments={"qa": {"name": "qa", "type": "staging"}, "new": {"name": "new", "order": 5}},
        config={"title": "Ours", "site": {"logo": "b.svg"}},
    )
    change = changes_between(old, new)
    assert change.environments == (
        EnvironmentChange(
            "new", "added", (FieldChange("type", None, "other"), FieldChange("order", None, 5))
        ),
        EnvironmentChange("old", "removed"),
        EnvironmentChange("qa", "changed", (FieldChange("type", "test", "staging"),)),
    )
    assert change.config == (FieldChange("site.logo", "a.svg", "b.svg"),)


def test_environments_that_were_renamed_and_merged_and_the_cells_of_a_changed_product() -> None:
    events = [deployment("1", environment="staging"), deployment("2", environment="prod")]
    old = registry(
        product("shop", events), environments={name: {} for name in ("staging", "prod", "live")}
    )
    new = registry(
        product("shop", [{**event, "environment": "live"} for event in events], title="Shop"),
        environments={"live": {"aliases": ["prod"]}, "uat": {"aliases": ["staging"]}},
        environment_aliases={"prod": "live", "staging": "uat"},
    )
    change = changes_between(old, new)
    kinds = {
        each.environment: (each.kind, each.old_name, each.into) for each in change.environments
    }
    assert kinds["prod"] == ("merged", "", "live")
    assert kinds["uat"] == ("renamed", "staging", "")
    assert kinds["live"] == ("changed", "", "")
    assert "staging" not in kinds
    (shop,) = change.products
    assert [(each.environment, each.old, each.new) for each in shop.cells] == [("uat", "1", "")]
