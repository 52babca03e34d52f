"""Lists as CSV and TSV, and piped text that is never cut."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from versioner.reporting.delimited import keys_of

if TYPE_CHECKING:
    from tests.cli.registries import Desk

LISTS = [
    ["deployment", "list"],
    ["version", "list", "user-service"],
    ["product", "list"],
    ["product", "history", "user-service"],
    ["environment", "list"],
    ["version", "find", "4f5d1c2a"],
    ["product", "list", "--deleted"],
]


def table(desk: Desk, *command: str) -> list[dict[str, str]]:
    done = desk.run(*command, "-o", "csv")
    assert done.code == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out, newline=""), strict=True))


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_list_has_the_rows_and_the_keys_of_its_json(desk: Desk, command: list[str]) -> None:
    documents = desk.run(*command, "-o", "json").json()
    rows = table(desk, *command)
    assert len(rows) == len(documents)
    for row, document in zip(rows, documents, strict=True):
        for key in keys_of(document):
            # The heading has the keys of an object, or the object as one cell.
            known = key in row or key.partition(".")[0] in row
            assert known or any(column.startswith(f"{key}.") for column in row), key
        for key, value in document.items():
            if isinstance(value, str):
                assert row[key] == value
    lines = desk.run(*command, "-o", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == documents
    text = desk.run(*command, "-o", "tsv").out
    assert len(text.splitlines()) == len(documents) + 1
    assert {line.count("\t") for line in text.splitlines()} == {text.split("\n")[0].count("\t")}


def test_status_has_a_row_for_each_product_in_each_environment(desk: Desk) -> None:
    rows = table(desk, "status")
    found = desk.run("status", "-o", "json").json()
    cells = {
        (row["product"], name): cell
        for row in found["products"]
        for name, cell in row["cells"].items()
        if cell["status"]
    }
    assert {(row["product"], row["environment"]) for row in rows} == {*cells}
    for row in rows:
        cell = cells[row["product"], row["environment"]]
        assert row["version"] == (cell["version"] or "")
        keys = {key for key in keys_of(cell) if "." in key or cell[key] is not None}
        assert keys - {"instances"} <= row.keys()
    user = next(row for row in rows if row["in_progress.version"])
    assert (user["product"], user["in_progress.version"], user["drifting"]) == (
        "user-service", "1.5.0", "true",
    )  # fmt: skip


def test_diff_has_a_row_for_each_product_that_differs(desk: Desk) -> None:
    (row,) = table(desk, "diff", "staging", "production", "-p", "user-service")
    assert (row["a.version"], row["b.version"], row["newer"]) == ("1.4.0", "1.3.9", "a")


def test_a_cell_with_instances_has_a_row_for_each(desk: Desk) -> None:
    track = ["track", "deployment", "-p", "spread", "-e", "production"]
    for instance, version in (("eu", "2.0.0"), ("us", "1.0.0")):
        assert desk.run(*track, "--instance", instance, "--version", version).code == 0
    assert desk.run(*track[:-1], "staging", "--version", "2.0.0").code == 0
    rows = {
        row["instance"]: row for row in table(desk, "status", "-p", "spread", "-e", "production")
    }
    assert {name: row["version"] for name, row in rows.items()} == {"eu": "2.0.0", "us": "1.0.0"}
    assert all(row["mixed"] == "true" and row["deployment"] for row in rows.values())
    (row,) = table(desk, "diff", "staging", "production", "-p", "spread")
    assert (row["instance"], row["a.version"], row["b.version"]) == ("us", "2.0.0", "1.0.0")
    shown = table(desk, "status", "-p", "spread", "-e", "production", "-e", "staging")
    places = {(each["environment"], each["instance"]): each for each in shown}
    for side, place in (("a", ("staging", "")), ("b", ("production", "us"))):
        for field in ("since", "deployment"):
            assert row[f"{side}.{field}"] == places[place][field] != ""
    listed = table(desk, "deployment", "list", "-p", "spread")
    assert sorted(row["instance"] for row in listed) == ["", "eu", "us"]


def test_products_have_a_column_for_each_environment(desk: Desk) -> None:
    row = next(row for row in table(desk, "product", "list") if row["name"] == "user-service")
    assert (row["running.staging"], row["running.production"]) == ("1.4.0", "1.3.9")
    assert row["running.development"] == ""


def test_piped_text_has_no_width_unless_the_user_gives_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "a-service-with-a-very-long-name-that-takes-many-columns"
    version = "release/2026.11.22/with-a-branch-name-that-is-long-too-1234567890"
    command = ["track", "deployment", "-p", long, "-e", "production", "--version", version]
    assert desk.run(*command, "--deployed-by", "somebody-with-a-long-name").code == 0
    monkeypatch.setenv("COLUMNS", "80")
    assert version not in desk.run("deployment", "list", "-p", long).out
    monkeypatch.delenv("COLUMNS")
    listed = desk.run("deployment", "list", "-p", long).out.splitlines()[1]
    assert all(text in listed for text in (long, version, "somebody-with-a-long-name"))
    row = next(line for line in desk.run("status").out.splitlines() if long in line)
    assert version in row
