from __future__ import annotations

import csv
import io

import pytest

from versioner.reporting.delimited import Listing, delimited, keys_of


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


def one(value: object, kind: str = "csv") -> str:
    data = b"".join(delimited(Listing(("a", "b"), [{"a": value, "b": "end"}]), kind))
    if kind == "tsv":
        return data.decode().split("\n")[1].split("\t")[0]
    return read_csv(data)[1][0]


def test_the_heading_is_the_keys_and_the_lines_end_as_rfc_4180_says():
    listing = Listing(("name", "void.id"), [{"name": "a, b", "void": None}, {"void": {"id": "x"}}])
    assert b"".join(delimited(listing, "csv")) == b'name,void.id\r\n"a, b",\r\n,x\r\n'
    assert b"".join(delimited(listing, "tsv")) == b"name\tvoid.id\na, b\t\n\tx\n"


def test_an_empty_list_has_its_heading():
    assert b"".join(delimited(Listing(("a", "b"), []), "csv")) == b"a,b\r\n"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("", ""),
        (True, "true"),
        (0, "0"),
        (["dev", "test"], "dev, test"),
        ([], ""),
        ({"image": "sha256:00"}, '{"image": "sha256:00"}'),
        ([1, {"x": None}], '[1, {"x": null}]'),
        ('say "hi"', 'say "hi"'),
        ("two\r\nlines", "two\nlines"),
        ("jané", "jané"),
        ("1.10", "1.10"),
        ("=1+1", "'=1+1"),
        ("@me", "'@me"),
        ("'quoted", "''quoted"),
        (["=a", "b"], "'=a, b"),
        ("a\x1b[31mb\u202ec", "a\\u001b[31mb\\u202ec"),
    ],
)
def test_a_value_reads_in_a_cell_and_is_no_formula(value, cell):
    assert one(value) == cell


def test_a_cell_of_tsv_has_neither_tabs_nor_line_breaks():
    assert one("a\tb\nc\r\nd", "tsv") == "a b c d"
    assert one("=1", "tsv") == "'=1"


def test_no_line_of_a_cell_is_a_command_to_a_ci_system():
    data = b"".join(
        delimited(Listing(("a",), [{"a": "x\n::set-output name=y::1\n##vso[task]"}]), "csv")
    )
    assert not any(line.startswith((b"::", b"##vso")) for line in data.split(b"\n"))


def test_a_lone_surrogate_is_no_traceback():
    assert one("a\ud800b") == "a\\ud800b"


def test_a_key_with_dots_is_found_before_a_nested_one():
    listing = Listing(("running.eu.west", "x.y"), [{"running": {"eu.west": "1"}, "x": 1}])
    assert read_csv(b"".join(delimited(listing, "csv")))[1] == ["1", ""]


def test_the_keys_of_nested_data_are_joined_by_dots():
    assert keys_of({"a": 1, "b": {"c": 2, "d": [{"e": 1}]}}) == ["a", "b.c", "b.d"]
