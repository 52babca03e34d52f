"""Tables: RFC 4180 by another reader, complete, and no formula in any cell."""

from __future__ import annotations

import csv
import io

import pytest

from tests.builders import deployment, product, registry, undeployment, void
from tests.site.machine_files import HOSTILE, files_of
from tests.site.samples import everything
from versioner.site.exports.csv import COLUMNS, cell_text
from versioner.site.exports.xml import xml_text

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def rows(content: bytes) -> list[dict[str, str]]:
    assert content.endswith(b"\r\n")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))


def tables(files: dict[str, bytes]) -> dict[str, list[dict[str, str]]]:
    return {path: rows(content) for path, content in files.items() if path.endswith(".csv")}


def test_a_month_is_a_table_of_its_deployments_oldest_first() -> None:
    mistaken = deployment("2", at="2026-10-09T10:00:00Z", id="e2")
    whole = registry(
        product(
            "a",
            [
                deployment("1", at="2026-10-01T10:00:00Z", id="e1", deployed_by="jane"),
                mistaken,
                deployment("1", "failed", at="2026-11-02T10:00:00Z", id="e3", reason="disk, full"),
                void(mistaken, at="2026-11-03T10:00:00Z", id="f1", reason="oops"),
            ],
        )
    )
    found = tables(files_of(whole))
    assert list(found) == ["tables/a/2026-10.csv", "tables/a/2026-11.csv"]
    first, second = found["tables/a/2026-10.csv"]
    assert tuple(first) == COLUMNS
    assert (first["id"], first["deployed_by"], first["void"]) == ("e1", "jane", "")
    assert (second["id"], second["void"], second["reason"]) == ("e2", "yes", "oops")
    (third,) = found["tables/a/2026-11.csv"]
    assert (third["status"], third["reason"]) == ("failed", "disk, full")


def test_an_undeployment_is_a_row_of_its_month_and_may_be_the_only_one() -> None:
    whole = registry(
        product(
            "a",
            [
                deployment("1", at="2026-10-01T10:00:00Z", id="e1"),
                undeployment(at="2026-11-02T10:00:00Z", id="e2", instance="eu", reason="=closed"),
            ],
        )
    )
    found = tables(files_of(whole))
    assert list(found) == ["tables/a/2026-10.csv", "tables/a/2026-11.csv"]
    (row,) = found["tables/a/2026-11.csv"]
    assert tuple(row) == (*COLUMNS, "instance")
    assert (row["version"], row["status"], row["kind"]) == ("", "undeployed", "undeployment")
    assert (row["id"], row["instance"], row["reason"]) == ("e2", "eu", "'=closed")
    assert found["tables/a/2026-10.csv"][0]["instance"] == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_one_cell_and_no_formula(text: str) -> None:
    found = tables(files_of(everything(text)))
    cells = [row for table in found.values() for row in table]
    cells = [row for row in cells if row["deployed_by"] not in ("", "ann")]
    assert cells
    for row in cells:
        assert None not in row
        for column in ("deployed_by", "reason"):
            assert not row[column].startswith(FORMULAS)
            # One leading apostrophe taken away gives the text back.
            assert row[column].removeprefix("'") == xml_text(text)


@pytest.mark.parametrize("start", [*FORMULAS, "'"])
def test_a_dangerous_start_gets_an_apostrophe_in_front(start: str) -> None:
    assert cell_text(f"{start}1") == f"'{start}1"


def test_harmless_text_stays_as_it_is() -> None:
    for text in ("", "jane", "a=1", "release-1", "x'y", "1-2"):
        assert cell_text(text) == text


def test_there_is_no_byte_order_mark() -> None:
    files = files_of(everything("日本語"))
    tables_of_all = [content for path, content in files.items() if path.endswith(".csv")]
    assert all(content.startswith(b"at,product,") for content in tables_of_all)
