"""What the files of an export have, as other readers see it."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet
import pytest

from tests.export.registry import DIGEST, ODD, eventful
from versioner.export.rows import product_rows, registry_rows, with_nulls
from versioner.export.run import FORMATS, export_registry
from versioner.export.tables import TABLES
from versioner.query.deployments import find
from versioner.reporting.query.deployments import deployment_document
from versioner.site.context import SiteContext
from versioner.site.exports.csv import tables_of

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.registry.records import Registry


@pytest.fixture(scope="module")
def whole() -> Registry:
    return eventful()


@pytest.fixture(scope="module")
def out(whole: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "lake"
    for format_ in FORMATS:
        export_registry(whole, folder, format_)
    return folder


def expected(whole: Registry, name: Any) -> list[dict[str, Any]]:
    """Return the rows of a table, in the order of the products."""
    found = registry_rows(whole).get(name)
    if found is None:
        records = [whole.products[each] for each in sorted(whole.products)]
        found = [row for each in records for row in getattr(product_rows(each), name)]
    return [with_nulls(TABLES[name], row) for row in found]


def plain(name: Any, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of Parquet as the rows of the export are."""
    types = {each.name: each.type for each in TABLES[name].columns}
    read = {
        "time": lambda value: value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "json": json.loads,
        "digests": dict,
    }
    return {
        key: value if value is None else read.get(types[key], lambda each: each)(value)
        for key, value in row.items()
        if key != "month"
    }


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def test_the_rows_are_those_that_deployment_list_has(whole):
    rows = expected(whole, "deployments")
    listed = {(each.product, each.id): deployment_document(each) for each in find(whole)}
    assert len(rows) == len(listed) == 13
    for row in rows:
        document = listed[row["product"], row["id"]]
        shared = document.keys() & row.keys() - {"void", "reason"}
        assert shared > {"at", "kind", "previous", "changed_at", "deployed_by", "deploy_url"}
        assert {key: row[key] for key in shared} == {key: document[key] for key in shared}
        assert row["void"] is (document["void"] is not None)
        reason = document["void"]["reason"] if row["void"] else document["reason"]
        assert row["reason"] == reason


def test_a_deployment_of_several_events_has_the_latest_value_of_each_field(whole):
    row = next(each for each in expected(whole, "deployments") if each["id"] == "p1")
    assert (row["at"], row["changed_at"]) == ("2026-09-30T23:59:00Z", "2026-10-01T00:04:00Z")
    assert (row["seconds"], row["status"], row["deployed_by"]) == (300, "completed", "jane")
    assert row["extra_metadata"] == {"region": "eu", "deep": {"a": [1, None, 2.5]}}


def test_what_runs_is_listed_by_instance_where_there_are_instances(whole):
    places = {
        (row["product"], row["environment"], row["instance"]): row["version"]
        for row in expected(whole, "running")
    }
    assert places == {
        ("123", "elsewhere", None): "8",
        ("123", "production", "eu"): "7",
        ("2026-01-01", "test", None): "1",
        # The environment lists two instances; what was told of the whole runs on each.
        ("shop", "production", None): "1.0.0",
        ("shop", "production", "eu"): "1.0.0",
        ("shop", "production", "us"): "1.0.0",
        ("shop", "staging", None): "1.1.0",
    }


@pytest.mark.parametrize("name", TABLES)
def test_pyarrow_reads_the_same_rows_from_parquet(whole, out, name):
    found = []
    for path in sorted((out / name).rglob("*.parquet")):
        keys = dict(part.split("=") for part in path.parts if "=" in part)
        table = pyarrow.parquet.ParquetFile(path).read()
        found += [plain(name, {**row, **keys}) for row in table.to_pylist()]
        assert all(row["at"].startswith(keys["month"]) for row in found[-1:] if "month" in keys)
    assert in_order(found) == in_order(expected(whole, name))


@pytest.mark.parametrize("name", TABLES)
def test_duckdb_reads_the_same_rows_from_parquet(whole, out, name):
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'America/New_York'")
    files = out / name / "**" / "*.parquet"
    found = duck.sql(
        f"FROM read_parquet('{files}', hive_partitioning = true, hive_types_autocast = false)"
    ).to_arrow_table()
    rows = found.to_pylist()
    assert in_order([plain(name, row) for row in rows]) == in_order(expected(whole, name))


def test_duckdb_reads_the_csv_files_with_their_columns(whole, out):
    rows = expected(whole, "deployments")
    found = duckdb.connect().execute(
        'SELECT id, "at", void, reason, extra_metadata FROM read_csv(?, all_varchar = true)',
        [str(out / "deployments.csv")],
    )
    by_id = {each[0]: each[1:] for each in found.fetchall()}
    assert len(by_id) == len(rows)
    for row in rows:
        at, void, reason, metadata = by_id[row["id"]]
        assert at == row["at"]
        assert void == ("yes" if row["void"] else None)
        assert reason == (f"'{ODD}" if row["reason"] == ODD else row["reason"])
        assert (json.loads(metadata) if metadata else None) == row["extra_metadata"]


def test_the_csv_file_has_the_values_of_the_tables_of_the_site(whole, out):
    text = (out / "deployments.csv").read_bytes().decode("utf-8")
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    context = SiteContext(whole, now="2026-11-22T10:15:00Z")
    for record in whole.products.values():
        tables = [content.decode("utf-8") for _, content in tables_of(context, record)]
        published = [
            row for each in tables for row in csv.DictReader(io.StringIO(each, newline=""))
        ]
        ours = [row for row in found if row["product"] == record.name]
        assert len(ours) == len(published)
        for row, site_row in zip(ours, published, strict=True):
            assert {key: row[key] for key in site_row} == site_row


def test_no_cell_of_csv_begins_as_a_formula(out):
    for path in out.glob("*.csv"):
        text = path.read_bytes().decode("utf-8")
        cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'@omar" in (out / "deployments.csv").read_text("utf-8")


def test_json_lines_have_each_event_as_it_is_in_the_log(whole, out):
    lines = (out / "deployments.jsonl").read_text("utf-8").splitlines()
    events = [
        {"product": name, **event}
        for name in sorted(whole.products)
        for event in whole.products[name].deployment_events
    ]
    assert [json.loads(line) for line in lines] == events


@pytest.mark.parametrize("name", ["versions", "running", "environments", "products"])
def test_json_lines_of_other_tables_have_a_value_for_each_column(whole, out, name):
    lines = (out / f"{name}.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == expected(whole, name)


@pytest.mark.parametrize("name", TABLES)
def test_sqlite_has_the_same_rows(whole, out, name):
    types = {each.name: each.type for each in TABLES[name].columns}
    with closing(sqlite3.connect(out / "registry.sqlite")) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]
    for row in found:
        for key, value in row.items():
            if value is not None and types[key] in ("json", "texts", "digests"):
                row[key] = json.loads(value)
            elif types[key] == "boolean":
                row[key] = bool(value)
    if name == "environments":
        # An environment that only events name: its file is missing.
        found = [row for row in found if row["environment"] != "elsewhere"]
    assert in_order(found) == in_order(expected(whole, name))


def test_the_sqlite_file_is_sound_and_its_keys_lead_somewhere(out):
    with closing(sqlite3.connect(out / "registry.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        keys = connection.execute("PRAGMA foreign_key_list(deployments)").fetchall()
        assert {key[2] for key in keys} == {"products", "environments"}
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM deployments WHERE product = 'shop' AND "
            "environment = 'production'"
        ).fetchall()
        assert "deployments_by_place" in plan[0][3]
        assert connection.execute(
            "SELECT version FROM deployments WHERE date(at) = '2026-10-06'"
        ).fetchall() == [("1.0.0",)]


def test_a_map_of_digests_and_a_time_have_types_of_their_own(out):
    duck = duckdb.connect()
    found = duck.execute(
        """SELECT typeof("at"), typeof(artifacts), typeof(void), artifacts['image'], epoch("at") """
        "FROM read_parquet(?) WHERE artifacts IS NOT NULL",
        [str(out / "deployments" / "product=shop" / "**" / "*.parquet")],
    ).fetchall()
    moment = datetime(2026, 10, 6, 10, tzinfo=UTC).timestamp()
    types = ("TIMESTAMP WITH TIME ZONE", "MAP(VARCHAR, VARCHAR)", "BOOLEAN")
    assert found == [(*types, DIGEST, moment)]
