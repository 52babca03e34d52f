"""The matrix on pages of every width; words tell what colours tell."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import NOW, deployment, product, registry, undeployment
from versioner.query.matrix import matrix
from versioner.reporting.query.status import InboxCounts, matrix_json, matrix_text
from versioner.reporting.text import TextLayout

if TYPE_CHECKING:
    from versioner.models import Event
    from versioner.query.matrix import Matrix

SHA = "4f5d1c2a9b8e7d6c5b4a39281706f5e4d3c2b1a0"


def minutes(days: float) -> float:
    return -days * 24 * 60


@pytest.fixture
def found() -> Matrix:
    def event(
        product_version: str, environment: str, days: float, status: str = "completed"
    ) -> Event:
        return deployment(
            product_version,
            status,
            environment=environment,
            minutes=minutes(days),
            deployed_by="li",
        )

    user = [
        event("1.3.9", "production", 80),
        event("1.4.0", "production", 60),
        event("1.3.9", "production", 50),
        event("1.5.0", "staging", 3),
        event("1.6.0", "staging", 0.02, "started"),
    ]
    payment = [
        event(SHA, "staging", 9),
        event(SHA, "production", 8),
        event("2", "test", 4, "failed"),
    ]
    web = [event("2026.11.2", "test", 10, "started")]
    inbox = registry(
        product("user-service", user), product("payment-api", payment), product("web", web)
    )
    return matrix(inbox, now=NOW)


def test_a_wide_page_has_ages_beside_the_versions(found: Matrix) -> None:
    lines = matrix_text(TextLayout(120), found).splitlines()
    assert lines[0].split() == ["product", "dev", "test", "staging", "production"]
    user = next(line for line in lines if line.startswith("user-service"))
    assert user.split() == ["user-service", "-", "-", "1.5.0", "3d", "1.3.9", "50d", "drift"]
    after = lines[lines.index(user) + 1]
    assert after.split() == ["1.6.0", "started", "28m", "rollback"]


def test_a_narrow_page_has_ages_below_them(found: Matrix) -> None:
    text = matrix_text(TextLayout(74), found)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 74
    user = next(line for line in lines if line.startswith("user-service"))
    assert user.split() == ["user-service", "-", "-", "1.5.0", "1.3.9", "drift"]
    assert "for 3d" in text and "started 28m" in text


def test_a_narrower_page_has_a_list_by_product(found: Matrix) -> None:
    text = matrix_text(TextLayout(44), found)
    assert max(map(len, text.splitlines())) <= 44
    block = text[text.index("user-service  drift") :].splitlines()[:7]
    assert [line.split() for line in block[1:]] == [
        ["dev", "-"],
        ["test", "-"],
        ["staging", "1.5.0", "3d"],
        ["1.6.0", "started", "28m"],
        ["production", "1.3.9", "50d"],
        ["rollback"],
    ]


@pytest.mark.parametrize("width", [44, 74, 120])
def test_every_width_says_in_words_what_is_wrong(found: Matrix, width: int) -> None:
    text = matrix_text(TextLayout(width), found)
    for word in ("drift", "started", "failed", "no result", "rollback"):
        assert word in text
    assert SHA not in text and SHA[:10] in text


def test_colour_adds_nothing_but_paint(found: Matrix) -> None:
    painted = matrix_text(TextLayout(120, colour=True), found)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == matrix_text(TextLayout(120), found)


def test_json_holds_whole_versions_and_ids(found: Matrix) -> None:
    document = json.loads(matrix_json(found, revision="abc"))
    cells = {row["product"]: row["cells"] for row in document["products"]}
    assert cells["payment-api"]["staging"]["version"] == SHA
    assert cells["payment-api"]["test"]["failed_last"]["version"] == "2"
    assert cells["web"]["test"]["no_result"]["status"] == "started"
    assert cells["web"]["dev"]["status"] is None
    assert document["revision"] == "abc" and document["at"] == NOW


def test_an_empty_registry_says_what_to_do() -> None:
    assert "track deployment" in matrix_text(TextLayout(80), matrix(registry(), now=NOW))


def test_what_is_not_in_it_is_told_below_in_a_line(found: Matrix) -> None:
    def last_line(*inbox: int) -> str:
        return matrix_text(TextLayout(120), found, inbox=InboxCounts(*inbox)).splitlines()[-1]

    nothing = last_line(0, 0)
    assert "collect" not in nothing
    assert "inbox" not in nothing
    assert last_line(1) == "1 event waits for `versioner collect`"
    assert last_line(1200) == "1,200 events wait for `versioner collect`"
    assert last_line(0, 1) == "1 event was refused: `versioner inbox list`"
    told = "3 events wait for `versioner collect`; 2 were refused: `versioner inbox list`"
    assert last_line(3, 2) == told
    none = matrix_text(TextLayout(120), matrix(registry(), now=NOW), inbox=InboxCounts(3, 2))
    assert none.splitlines()[-1] == told
    document = json.loads(matrix_json(found, revision="abc", inbox=InboxCounts(3, 2)))
    assert (document["waiting"], document["refused"]) == (3, 2)
    assert json.loads(matrix_json(found, revision="abc"))["waiting"] == 0


@pytest.mark.parametrize("status", ["started", "failed"])
def test_a_cell_where_nothing_runs_any_more_says_so_beside_what_came_later(status: Any) -> None:
    events = [
        deployment("1.0", minutes=-60, id="e1"),
        undeployment(minutes=-40, id="e2"),
        deployment("1.1", status, minutes=-20, id="e3"),
    ]
    text = matrix_text(TextLayout(120), matrix(registry(product("shop", events)), now=NOW))
    assert "undeployed" in text.splitlines()[1]
    never = registry(product("shop", events[2:]))
    assert "undeployed" not in matrix_text(TextLayout(120), matrix(never, now=NOW))
