"""The tables of an export: described once, in the code, and documented as they are there."""

from __future__ import annotations

import re

import pytest

from tests.test_documentation import DOCS
from versioner.export.parquet import PARTITIONED_BY, parquet_schema
from versioner.export.tables import TABLES, TYPES
from versioner.models import BUILD_KEYS, DEPLOYMENT_KEYS
from versioner.models.documents import Environment, Product
from versioner.site.exports.csv import COLUMNS

PAGE = (DOCS / "exporting.md").read_text("utf-8")


def rows_of(heading: str) -> list[list[str]]:
    """Return the cells of the rows of the table below a heading of the page."""
    section = re.split(r"^#{2,3} ", PAGE.partition(f"# {heading}\n")[2], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [line.strip("| ").split(" | ") for line in lines[2:]]


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_each_column_with_its_type_and_its_meaning(name):
    documented = rows_of(name)
    assert documented == [
        [f"`{each.name}`", each.type, "no" if each.needed else "yes", each.meaning]
        for each in TABLES[name].columns
    ]
    assert f"A row is {TABLES[name].row}." in PAGE


def test_the_page_has_each_type():
    assert rows_of("Types") == [[name, *texts] for name, texts in TYPES.items()]


@pytest.mark.parametrize("name", TABLES)
def test_the_parquet_schema_has_the_documented_columns_but_those_of_the_folders(name):
    columns = {each.name: each for each in TABLES[name].columns}
    schema = parquet_schema(name)
    assert {*schema.names} == columns.keys() - {*PARTITIONED_BY[name]}
    words = {
        "text": "string", "json": "string", "time": "timestamp[us, tz=UTC]", "integer": "int64",
        "boolean": "bool", "digests": "map<string, string>",
    }  # fmt: skip
    for field in schema:
        column = columns[field.name]
        assert str(field.type).startswith(words.get(column.type, "list<"))
        assert field.nullable is not column.needed


def test_each_field_of_events_is_exported_or_left_out_for_a_reason():
    # `deployment` is the id of the row; a declaration (`voids`) is a column of what it voids.
    assert {*DEPLOYMENT_KEYS} - {*TABLES["deployments"].names} == {"deployment", "voids"}
    # A version has many builds: their ids are in no column.
    assert {*BUILD_KEYS} - {*TABLES["versions"].names} == {"id"}


def test_each_key_of_the_files_of_people_is_exported():
    environments, products = {*TABLES["environments"].names}, {*TABLES["products"].names}
    assert {*Environment.__annotations__} - environments == {"name", "order"}
    assert {*Product.__annotations__} - products == {"name"}


def test_the_first_columns_are_those_of_the_csv_tables_of_the_site():
    names = TABLES["deployments"].names
    assert names[: len(COLUMNS) + 1] == (*COLUMNS, "instance")
