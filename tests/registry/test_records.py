from __future__ import annotations

import pytest

from tests.builders import deployment, product, registry
from versioner.errors import NotFound

EVERYTHING = registry(
    product("user-service"),
    product("payment-api"),
    aliases={"users": "user-service", "accounts": "users", "here": "there", "there": "here"},
    deleted={"old-api": {"deleted_at": "2026-10-01T00:00:00Z", "last_commit": "a" * 40}},
)


@pytest.mark.parametrize("name", ["user-service", "users", "accounts"])
def test_a_product_is_found_by_its_name_and_its_old_ones(name):
    assert EVERYTHING.resolve(name).name == "user-service"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("user-servise", 'no product "user-servise"', "did you mean user-service"),
        ("qqq", 'no product "qqq"', "product list"),
        ("old-api", "was deleted on 2026-10-01", "product restore old-api"),
        ("here", 'no product "here"', ""),
    ],
)
def test_an_unknown_product_is_refused_with_the_way_out(name, message, hint):
    with pytest.raises(NotFound, match=message) as caught:
        EVERYTHING.resolve(name)
    assert hint in caught.value.hint


def test_an_unknown_environment_is_refused_with_what_was_meant():
    assert EVERYTHING.environment("staging")["type"] == "staging"
    with pytest.raises(NotFound) as caught:
        EVERYTHING.environment("stagin")
    assert "did you mean staging" in caught.value.hint


def test_a_cell_without_events_is_empty():
    cell = product().cell("production")
    assert (cell.product, cell.environment, cell.deployments, cell.current) == (
        "user-service", "production", [], None,
    )  # fmt: skip


def test_what_a_record_folds_into_is_reckoned_once():
    record = product(deployments=[deployment()])
    assert record.deployments is record.deployments
    assert record.versions is record.versions
    assert record.cell("production").current is record.deployments[0]
    assert record.versions["1.0.0"].deployments == record.deployments
