"""Reading files to import: the forms that spreadsheets and tools really write."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from versioner.editing.importing.options import ImportNotes, ImportOptions
from versioner.editing.importing.rows import read_rows
from versioner.errors import InvalidInput, UsageFault
from versioner.models.events import DEFAULT_ARTIFACT

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "product,at,environment,version,status\n"
ROW = "orders,2026-11-01T10:00:00Z,staging,1.0,completed\n"
EVENT = {
    "product": "orders",
    "at": "2026-11-01T10:00:00Z",
    "environment": "staging",
    "version": "1.0",
    "status": "completed",
}


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Read a file of this name and content: the rows without their places."""

    def read(data: str | bytes, name: str = "rows.csv", **options: Any) -> list[dict[str, Any]]:
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return [row for _, row in read_rows(path, ImportOptions(**options))]

    return read


def refusals(rows: list[dict[str, Any]]) -> list[str]:
    return [row[""] for row in rows if "" in row]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_first_line(read: Any, delimiter: str) -> None:
    assert read((HEADER + ROW).replace(",", delimiter)) == [EVENT]


def test_a_delimiter_inside_quotes_is_none(read: Any) -> None:
    text = 'product;at;environment;version;"a,b,c,d,e,f"\norders;2026-11-01T10:00:00Z;s;1;x\n'
    (row,) = read(text, mapping={"a,b,c,d,e,f": "reason"})
    assert (row["environment"], row["reason"]) == ("s", "x")


def test_the_delimiter_that_excel_names_is_read(read: Any) -> None:
    text = "sep=;\r\n" + (HEADER + ROW).replace(",", ";")
    assert read(text) == [EVENT]


@pytest.mark.parametrize("name", ["A.CSV", "a.Csv", "a.csv.GZ", "a.tsv", "a.TAB"])
def test_the_case_of_an_extension_does_not_matter(read: Any, name: str) -> None:
    text = HEADER + ROW
    data = (
        text.replace(",", "\t").encode() if "t" in name.lower().partition(".")[2] else text.encode()
    )
    assert read(gzip.compress(data) if name.endswith("GZ") else data, name) == [EVENT]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encodings_of_excel_are_read(read: Any, encoding: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    text = (HEADER + ROW).replace("1.0", "1.0").replace("\n", "\r\n").replace(",", "\t")
    assert read(mark + text.encode(encoding)) == [EVENT]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        ((HEADER + ROW).encode("utf-16-le"), "a.csv", "UTF-16 without a byte order mark"),
        (b"product,at\nb\xfcro,x\n", "a.csv", "not UTF-8"),
        (b"PK\x03\x04rest", "a.csv", "a workbook"),
        (b"PK\x03\x04rest", "a.xlsx", "CSV UTF-8"),
        (b"\n;;\n\n", "a.csv", "is empty"),
        (b'""\n', "a.csv", "is empty"),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_the_remedy(
    read: Any, data: bytes, name: str, said: str
) -> None:
    with pytest.raises((InvalidInput, UsageFault)) as caught:
        read(data, name)
    assert said in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.hint


def test_empty_columns_and_rows_are_left_out(read: Any) -> None:
    text = (
        f",,,,,,\n{HEADER.strip()},,\n{ROW.strip()},,\n,,,,,,\n\n{ROW.strip()},,,,\n , , , , ,,\n"
    )
    assert read(text) == [EVENT, EVENT]


def test_a_value_without_a_column_is_refused(read: Any) -> None:
    rows = read(f"{HEADER.strip()},,\n{ROW.strip()},,x\n{ROW.strip()},,,x\n")
    assert ["without a name" in refusals(rows)[0], "8 values" in refusals(rows)[1]] == [True, True]


def test_the_names_of_columns_are_read_in_any_case(read: Any) -> None:
    (row,) = read("Product,AT,Environment,Version,Deployed By\n" + ROW)
    assert row["deployed_by"] == "completed"


def test_spaces_around_values_are_no_part_of_them(read: Any) -> None:
    assert read(HEADER + ROW.replace(",", " , ")) == [EVENT]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([EVENT, EVENT]),
        json.dumps([EVENT, EVENT], indent=2),
        json.dumps(EVENT) + "\n" + json.dumps(EVENT),
        json.dumps(EVENT, indent=1) + json.dumps(EVENT, indent=1),
        json.dumps([EVENT]) + json.dumps([EVENT]),
        json.dumps([EVENT]) + "\n" + json.dumps([EVENT]),
        json.dumps([[EVENT], [EVENT]]),
        json.dumps({"items": [EVENT, EVENT], "total": 2}),
        json.dumps({"data": [EVENT, EVENT], "next": None}, indent=2),
        "\ufeff" + json.dumps([EVENT, EVENT]),
    ],
    ids=[
        "array",
        "indented",
        "lines",
        "objects",
        "arrays",
        "pages",
        "array of arrays",
        "answer",
        "indented answer",
        "marked",
    ],
)
def test_json_is_read_as_lines_arrays_and_answers(read: Any, text: str) -> None:
    assert read(text, "a.json") == [EVENT, EVENT]


def test_rows_of_an_array_have_their_lines_and_items(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[\n{"a": 1, "a": 2},\n{"b": 1}, 7,\n{"at": 1e400}\n]', encoding="utf-8")
    rows = list(read_rows(path, ImportOptions(mapping={"*": "-"})))
    assert [tuple(place) for place, _ in rows] == [(2, 0), (3, 0), (3, 2), (4, 0)]
    assert 'the key "a" occurs twice' in rows[0][1][""]
    assert rows[2][1][""] == "not a JSON object"


@pytest.mark.parametrize("text", ["[1,]", "[", '[{"a": 1}', "{]", '{"a": NaN} x', "nonsense"])
def test_json_that_is_none_is_refused_by_line(read: Any, text: str) -> None:
    with pytest.raises(InvalidInput, match="line 2: not JSON: the error is at column"):
        read("\n" + text, "a.json")


def test_a_number_that_json_lacks_is_refused(read: Any) -> None:
    assert "NaN" in refusals(read('[{"at": NaN}]', "a.json"))[0]


def test_nested_keys_are_mapped_and_the_rest_of_their_object_is_ignored(read: Any) -> None:
    value = {**EVENT, "environment": {"id": 9, "name": "staging"}, "labels": {"a.b/c": "x"}}
    mapping = {"environment.name": "environment", "labels.a.b/c": "extra_metadata.label"}
    (row,) = read(json.dumps(value), "a.json", mapping=mapping)
    assert row == {**EVENT, "extra_metadata": {"label": "x"}}
    (row,) = read(
        json.dumps({**EVENT, "parts": [{"v": "7"}]}), "a.json", mapping={"parts.0.v": "reason"}
    )
    assert row["reason"] == "7"


def test_an_object_as_a_value_is_refused_with_its_keys(read: Any) -> None:
    value = {**EVENT, "environment": {"id": 9, "name": "staging"}}
    (message,) = refusals(read(json.dumps(value), "a.json"))
    assert "--map environment.name=environment" in message and "id, name" in message


def test_numbers_are_texts_where_no_digit_can_be_lost(read: Any) -> None:
    (row,) = read(json.dumps({**EVENT, "invoke_id": 41}), "a.json")
    assert row["invoke_id"] == "41"
    (message,) = refusals(read(json.dumps({**EVENT, "invoke_id": 4.1}), "a.json"))
    assert "loses digits" in message


def test_a_key_that_no_object_has_is_refused(read: Any) -> None:
    text = json.dumps(EVENT) + "\n" + json.dumps({**EVENT, "who": "jane"})
    rows = read(text, "a.jsonl", mapping={"who": "deployed_by"})
    assert [row.get("deployed_by") for row in rows] == [None, "jane"]
    with pytest.raises(UsageFault, match='no row has the key "by"') as caught:
        read(text, "a.jsonl", mapping={"who": "deployed_by", "by": "reason"})
    assert "product" in caught.value.hint
    with pytest.raises(UsageFault, match='no column "by"'):
        read(HEADER + ROW, mapping={"by": "reason"})


def test_two_sources_of_one_field_are_refused(read: Any) -> None:
    text = json.dumps({**EVENT, "env": "production"}) + "\n" + json.dumps({**EVENT, "env": None})
    rows = read(text, "a.jsonl", mapping={"env": "environment"})
    assert "two sources give the field environment" in refusals(rows)[0]
    assert "--map 'environment=-'" in refusals(rows)[0]
    assert rows[1] == EVENT
    (row,) = read(json.dumps({**EVENT, "env": "x"}), "a.jsonl", mapping={"env": "-"})
    assert row == EVENT
    rows = read(json.dumps(EVENT), "a.jsonl", constants={"environment": "x"})
    assert "leave out --set" in refusals(rows)[0]
    with pytest.raises(UsageFault, match="both give the field environment"):
        read(HEADER + ROW, constants={"environment": "x"})


def test_constants_are_the_values_of_all_rows(read: Any) -> None:
    header, row = HEADER.replace("environment,", ""), ROW.replace("staging,", "")
    constants = {"environment": "staging", "extra_metadata.from": "the old tool"}
    assert read(header + row, constants=constants) == [
        {**EVENT, "extra_metadata": {"from": "the old tool"}}
    ]
    assert read(json.dumps(EVENT), "a.json", constants={"job": "x"}) == [{**EVENT, "job": "x"}]


def test_words_are_replaced_and_rows_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "".join(ROW.replace("completed", w) for w in ("OK", "ko", "", "N/A")))
    values = {("status", "OK"): "completed", ("status", "KO"): "failed", ("status", ""): "aborted"}
    values |= {("status", "N/A"): "-", ("environment", "Staging"): "production"}
    notes = ImportNotes()
    rows = [row for _, row in read_rows(path, ImportOptions(values=values), notes=notes)]
    assert [row["status"] for row in rows] == ["completed", "failed", "aborted"]
    assert {row["environment"] for row in rows} == {"production"}
    assert notes.skipped == {"status N/A": 1}


def test_an_empty_status_is_refused_where_the_column_exists(read: Any) -> None:
    rows = read(HEADER + ROW + ROW.replace("completed", ""))
    assert rows[0] == EVENT and "--value status:=completed" in rows[1][""]
    rows = read(json.dumps({**EVENT, "status": None}), "a.json")
    assert "the status is empty" in rows[0][""]


@pytest.mark.parametrize("cell", ["2.02611E+13", "1,2E+11", "4E+07", "#N/A", "#REF!", "########"])
def test_what_a_spreadsheet_spoilt_is_refused(read: Any, cell: str) -> None:
    quoted = f'"{cell}"'
    rows = read(HEADER + ROW.replace("1.0", quoted))
    assert "spreadsheet" in refusals(rows)[0] and "version" in refusals(rows)[0]


@pytest.mark.parametrize("version", ["4e07", "1.2e5", "v1E+2.1", "123e4567"])
def test_a_version_that_only_looks_like_a_number_stays(read: Any, version: str) -> None:
    assert read(HEADER + ROW.replace("1.0", version))[0]["version"] == version


def test_digests_of_artifacts_are_read_from_a_cell(read: Any) -> None:
    digest = "sha256:" + "a" * 64
    header, row = (
        HEADER.strip() + ",artifacts\n",
        f"{ROW.strip()},ghcr.io/a/b@{digest} sbom={digest}\n",
    )
    assert read(header + row)[0]["artifacts"] == {DEFAULT_ARTIFACT: digest, "sbom": digest}


def test_a_stream_is_read_by_the_format_that_is_given() -> None:
    options = ImportOptions(format="csv")
    assert [row for _, row in read_rows(io.BytesIO((HEADER + ROW).encode()), options)] == [EVENT]
    packed = io.BytesIO(gzip.compress(json.dumps([EVENT]).encode()))
    assert [row for _, row in read_rows(packed, ImportOptions(format="json"))] == [EVENT]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mapping": {"version": "verson"}}, "did you mean version"),
        ({"constants": {"verson": "1"}}, "did you mean version"),
        ({"values": {("stats", "OK"): "completed"}}, "did you mean status"),
        ({"mapping": {"*": "reason"}}, "ignores all other columns"),
        ({"format": "xml"}, "csv, tsv, json"),
    ],
)
def test_options_that_cannot_be_are_refused(read: Any, options: Any, said: str) -> None:
    with pytest.raises(UsageFault) as caught:
        read(HEADER + ROW, **options)
    assert said in f"{caught.value.message} {caught.value.hint}"


def test_a_table_without_the_columns_that_each_row_needs_is_refused_at_once(read: Any) -> None:
    for name in ("product", "at"):
        with pytest.raises(UsageFault, match=f"no column has the field {name}") as caught:
            read((HEADER + ROW).replace(name, "other", 1), mapping={"other": "-"})
        assert f"--map COLUMN={name}" in caught.value.hint and "version" in caught.value.hint
    header, row = HEADER.partition(",")[2], ROW.partition(",")[2]
    assert read(header + row, constants={"product": "orders"}) == [EVENT]
