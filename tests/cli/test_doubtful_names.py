"""A name that is probably a slip is found, with the command that merges it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import NOW, Desk
from tests.fixtures.local_registry import Desk as Registered
from tests.fixtures.local_registry import make_registry
from versioner.editing.products import edit_product
from versioner.query.doubtful_names import DoubtfulName, doubtful_names

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def registered(tmp_path: Path) -> Registered:
    return Registered(make_registry(tmp_path / "registry"))


def test_a_registry_without_slips_has_none(registered: Registered) -> None:
    registered.record("billing", environment="qa")
    assert doubtful_names(registered.registry) == []


def test_a_slip_is_found_until_somebody_describes_it(registered: Registered) -> None:
    registered.record("shpo", environment="stagin")
    environment, product = doubtful_names(registered.registry)
    assert environment == DoubtfulName("environment", "stagin", "staging")
    assert environment.command == "versioner environment merge stagin --into staging"
    assert product.text == 'the product "shpo" has a name similar to "shop"'
    edit_product(registered.repository, "shpo", set_=["description=A shpo"], now=NOW)
    assert doubtful_names(registered.registry) == [environment]


def test_two_names_in_equal_use_are_two_on_purpose(registered: Registered) -> None:
    for number in range(4):
        registered.record("shpo", f"2.{number}", event_id=f"x-{number}")
    assert doubtful_names(registered.registry) == []


def test_status_and_doctor_name_it_and_its_command_and_that_command_ends_it(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet = desk.run("status").out
    assert "Needs attention" not in quiet
    where = ("--product", "user-servce", "--environment", "productoin", "--version", "1.0")
    done = desk.run("track", "deployment", *where)
    assert done.code == 0
    assert done.err.count("warning: ") == 2
    merges = [
        "versioner environment merge productoin --into production",
        "versioner product merge user-servce --into user-service",
    ]
    shown = desk.run("status").out
    assert "Needs attention" in shown
    assert [merge for merge in merges if merge in shown] == merges
    checks = desk.run("doctor", "-o", "json")
    assert [merge for merge in merges if merge in checks.out] == merges
    assert "Needs attention" not in desk.run("status", "--product", "user-service").out
    for merge in merges:
        assert desk.run(*merge.split()[1:]).code == 0
    after = desk.run("status").out
    assert "Needs attention" not in after
    # The old names lead to the right place from now on.
    done = desk.run("track", "deployment", *where[:-1], "1.1", "-o", "json").json()
    assert (done["product"], done["event"]["environment"]) == ("user-service", "production")
    assert done["warnings"] == []
    assert desk.run("validate").code == 0
