"""Import: rows become events in one commit, a second time nothing, or nothing at all."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.local_registry import NOW, Desk
from versioner.editing import imports
from versioner.editing.environment_moves import rename_environment
from versioner.editing.importing.options import ImportOptions
from versioner.editing.importing.rows import read_rows
from versioner.editing.imports import import_file
from versioner.editing.products import delete_product, rename_product
from versioner.errors import InvalidInput, UsageFault

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.editing.importing.batch import ImportResult

pytestmark = pytest.mark.slow

HEADER = "at,product,environment,version,status,deployed_by\n"
ROWS = (
    "2026-11-03T09:00:00Z,shop,staging,2.0,completed,jane\n"
    "2026-11-01T09:00:00+02:00,brand-new,qa-2,1,Success,\n"
    "2026-10-05T09:00:00Z,shop,production,1.0,failed,li\n"
)


def load(
    desk: Desk,
    text: str,
    name: str = "rows.csv",
    mapping: dict[str, str] | None = None,
    **options: Any,
) -> ImportResult:
    path = desk.top.parent / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    read = ImportOptions(mapping=mapping or {})
    return import_file(desk.repository, path, options=read, now=NOW, **options)


def test_rows_become_events_in_one_commit(desk: Desk) -> None:
    before = desk.commits()
    imported = load(desk, HEADER + ROWS)
    assert desk.commits() == before + 1
    assert (imported.added, imported.already, imported.products) == (3, 0, 2)
    assert set(imported.created) == {
        "registry/environments/qa-2.yaml",
        "registry/products/brand-new/product.yaml",
    }
    assert desk.git("show", "-s", "--format=%s") == "Import 3 deployment events"
    (event,) = desk.registry.products["brand-new"].deployment_events
    assert (event["at"], event["status"]) == ("2026-11-01T07:00:00Z", "completed")
    assert "deployed_by" not in event
    desk.assert_sound()


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.ndjson"])
def test_the_form_is_told_by_the_files_name(desk: Desk, name: str) -> None:
    text = HEADER + ROWS
    if "csv" not in name:
        keys = HEADER.strip().split(",")
        rows = [dict(zip(keys, row.split(","), strict=True)) for row in ROWS.splitlines()]
        text = "\n".join(map(json.dumps, rows)) + "\n\n"
    assert load(desk, text, name).added == 3
    desk.assert_sound()


@pytest.mark.parametrize("name", ["rows.txt", "rows.xlsx", "rows.gz"])
def test_a_name_that_says_nothing_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(UsageFault) as caught:
        load(desk, HEADER + ROWS, name)
    assert ".csv" in caught.value.hint


def test_a_second_import_adds_nothing(desk: Desk) -> None:
    load(desk, HEADER + ROWS)
    before = desk.commits()
    again = load(desk, HEADER + ROWS)
    assert (again.added, again.already, again.commit) == (0, 3, None)
    assert desk.commits() == before


def test_a_second_import_after_a_rename_adds_nothing(desk: Desk) -> None:
    load(desk, HEADER + ROWS)
    rename_product(desk.repository, "shop", "store", now=NOW)
    rename_product(desk.repository, "brand-new", "older", now=NOW)
    again = load(desk, HEADER + ROWS)
    assert (again.added, again.already) == (0, 3)


def test_a_grown_file_adds_what_is_new(desk: Desk) -> None:
    load(desk, HEADER + ROWS)
    more = "2026-11-04T09:00:00Z,shop,staging,2.1,completed,jane\n"
    grown = load(desk, HEADER + more + ROWS)
    assert (grown.added, grown.already, grown.created) == (1, 3, ())


def test_equal_rows_are_as_many_events(desk: Desk) -> None:
    row = ROWS.splitlines(keepends=True)[0]
    assert load(desk, HEADER + row * 3).added == 3
    again = load(desk, HEADER + row * 4)
    assert (again.added, again.already) == (1, 3)
    desk.assert_sound()


def test_rows_are_recorded_in_the_order_of_their_times(desk: Desk) -> None:
    rows = "".join(f"2026-09-0{day}T09:00:00Z,shop,staging,{day},completed,\n" for day in (3, 1, 2))
    load(desk, HEADER + rows)
    september = desk.registry.products["shop"].deployment_events[:3]
    assert [event["version"] for event in september] == ["1", "2", "3"]


def test_columns_are_mapped_left_out_or_kept_as_metadata(desk: Desk) -> None:
    text = "when,app,env,build,cost,secret\n2026-11-03T09:00:00Z,shop,staging,7,12,x\n"
    mapping = {
        "when": "at",
        "app": "product",
        "env": "environment",
        "build": "version",
        "cost": "extra_metadata.cost",
        "secret": "-",
    }
    assert load(desk, text, mapping=mapping).added == 1
    event = desk.registry.products["shop"].deployment_events[-1]
    assert (event["version"], event["extra_metadata"]) == ("7", {"cost": "12"})
    assert "x" not in event.values()


@pytest.mark.parametrize(
    ("header", "mapping", "said"),
    [
        ("at,product,envoronment,version", {}, 'the column "envoronment" is not a field'),
        ("at,product,environment,version", {"when": "at"}, 'no column "when"'),
        ("at,product,environment,v", {"v": "verson"}, '--map v=verson: "verson" is not a field'),
        ("at,at,environment,version", {}, "two columns have the field at"),
        ("when,at,environment,version", {"when": "at"}, "two columns have the field at"),
    ],
)
def test_columns_that_cannot_be_told_are_refused(
    desk: Desk, header: str, mapping: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageFault, match=said):
        load(desk, f"{header}\na,b,c,d\n", mapping=mapping)


BAD = (
    "2026-11-03T09:00:00Z,shop,staging,2.0,completed,jane\n"  # line 2
    "2026-11-03 09:00,shop,staging,2.0,completed,jane\n"
    "2026-11-03T09:00:00Z,My Shop!,staging,2.0,completed,jane\n"
    "2026-11-03T09:00:00Z,shop,staging,2.0,compleeted,jane\n"
    "2026-11-03T09:00:00Z,shop,staging\n"
    "2027-11-03T09:00:00Z,shop,staging,2.0,completed,jane\n"
    ',shop,staging,2.0,completed,"ja\nne"\n'
    "2026-11-03T09:00:00Z,,staging,2.0,completed,jane\n"
    f"2026-11-03T09:00:00Z,shop,staging,2.0,completed,ghp_{'A1b2C3d4E5' * 4}\n"
    f"2026-11-03T09:00:00Z,ghp_{'A1b2C3d4E5' * 4},staging,2.0,completed,\n"
    "2026-11-03T09:00:00Z,fresh,staging,2.0,completed,jane\n"
    "2026-11-03T09:00:00Z,gone,staging,2.0,completed,jane\n"
)


def test_all_or_nothing_names_the_refused_rows_by_line(desk: Desk) -> None:
    before = desk.git("rev-parse", "HEAD")
    with pytest.raises(InvalidInput) as caught:
        load(desk, HEADER + BAD.replace("gone", "shop"))
    message = caught.value.message
    assert message.startswith("9 of 12 rows are not valid, so nothing was imported")
    for number in (3, 4, 5, 6, 7, 9, 10, 11, 12):
        assert f"line {number}: " in message
    assert "ghp_" not in message
    assert "looks like a secret" in message
    assert desk.git("rev-parse", "HEAD") == before
    assert desk.git("status", "--porcelain") == ""


def test_skip_invalid_imports_the_others(desk: Desk) -> None:
    delete_product(desk.repository, "web", now=NOW)
    imported = load(desk, HEADER + BAD.replace("gone", "web"), skip_invalid=True)
    assert imported.added == 2
    assert [number for number, _ in imported.refused] == [3, 4, 5, 6, 7, 9, 10, 11, 12, 14]
    assert "restore web" in imported.refused[-1][1]
    assert imported.created == ("registry/products/fresh/product.yaml",)
    desk.assert_sound()


def test_a_refused_rows_product_is_not_said_to_be_created(desk: Desk) -> None:
    rows = (
        "2026-11-03T09:00:00Z,shop,staging,3.0,completed,a,4f5d1c2a\n"
        "2026-11-04T09:00:00Z,shop,qa-9,3.0,completed,a,01234567\n"
    )
    header = HEADER.replace("\n", ",scm_sha\n")
    imported = load(desk, header + rows, skip_invalid=True)
    assert (imported.added, imported.created) == (1, ())
    assert "was built from 4f5d1c2a" in imported.refused[0][1]
    desk.assert_sound()


def test_a_dry_run_counts_and_writes_nothing(desk: Desk) -> None:
    before = desk.git("rev-parse", "HEAD")
    imported = load(desk, HEADER + ROWS, dry_run=True)
    assert (imported.added, imported.commit, len(imported.created)) == (3, None, 2)
    assert desk.git("rev-parse", "HEAD") == before
    assert desk.git("status", "--porcelain") == ""


def test_names_follow_aliases_and_are_turned_into_legal_ones_where_wanted(desk: Desk) -> None:
    config = desk.top / "registry/registry.yaml"
    config.write_text(config.read_text() + "names: slugify\npeople: none\n")
    desk.git("commit", "-qam", "Configure")
    rename_product(desk.repository, "shop", "store", now=NOW)
    rows = (
        "2026-11-03T09:00:00Z,Shop,staging,2.0,completed,jane\n"
        "2026-11-03T09:00:00Z,My.Service,staging,2.0,completed,jane\n"
    )
    assert load(desk, HEADER + rows).added == 2
    registry = desk.registry
    assert registry.products["store"].deployment_events[-1]["version"] == "2.0"
    assert registry.products["my-service"].document["title"] == "My.Service"
    for name in ("store", "my-service"):
        assert "deployed_by" not in registry.products[name].deployment_events[-1]
    desk.assert_sound()


def test_an_e_mail_in_a_row_is_left_out(desk: Desk) -> None:
    load(desk, HEADER + ROWS.replace("jane", "jane@example.test"))
    events = desk.registry.products["shop"].deployment_events
    assert [event.get("deployed_by") for event in events if event["version"] == "2.0"] == [None]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON: the error is at column 2"),
        ("[1]", "not a JSON object"),
        ('{"at": 7, "product": "shop"}', "no known meaning as a time"),
        ('{"at": "2026-11-03T09:00:00Z", "product": "shop", "version": 1}', "version"),
        ("[" * 100_000, "not JSON"),
        ('{"at": "\\ud800", "product": "shop"}', "not a time"),
    ],
    ids=range(6),
)
def test_lines_of_json_that_are_no_events_are_refused(desk: Desk, line: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        load(desk, line, "rows.jsonl")


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"\xe4\xf6", "rows.csv", "not UTF-8"),
        (b"", "rows.csv", "empty"),
        (b"not gzip", "rows.csv.gz", "cannot be read"),
        (gzip.compress(b"x" * 99, mtime=0)[:-9], "rows.csv.gz", "cannot be read"),
        (b'at,product\n"a,b\n', "rows.csv", "line 2: a quoted value"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    desk: Desk, tmp_path: Path, data: bytes, name: str, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=said) as caught:
        import_file(desk.repository, path, now=NOW)
    assert caught.value.hint


def test_a_byte_order_mark_and_windows_line_ends_are_fine(desk: Desk) -> None:
    text = "\ufeff" + (HEADER + ROWS).replace("\n", "\r\n")
    assert load(desk, text).added == 3


def test_progress_is_told_to_the_end(desk: Desk) -> None:
    told: list[tuple[int, int]] = []
    load(desk, HEADER + ROWS, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_quote_that_is_never_closed_is_named_by_the_line_it_opens_in(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="line 3: a quoted value in this row"):
        load(desk, HEADER + ROWS.splitlines()[0] + '\n"2026-11-03,shop\n' + ROWS)


def test_a_number_that_lost_its_digits_is_told_to_be_text(desk: Desk) -> None:
    row = (
        '{"at": "2026-11-03T09:00:00Z", "product": "shop", "environment": "staging", "version": %s}'
    )
    with pytest.raises(InvalidInput, match=r"line 1: version is a number.*as text.*1\.10"):
        load(desk, row % "1.10", "rows.jsonl")
    assert load(desk, row % '"1.10"', "rows.jsonl").added == 1


def test_a_file_that_unpacks_beyond_the_limit_is_refused_as_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress((HEADER + ROWS * 100).encode()))
    assert len(list(read_rows(path))) == 300
    with pytest.raises(InvalidInput, match="more than 10,000 characters, unpacked"):
        list(read_rows(path, most_characters=10_000))


@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.jsonl.gz"])
def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    with gzip.open(path, "wb") as file:
        for _ in range(64):
            file.write(b"x" * 1024 * 1024)
    tracemalloc.start()
    with pytest.raises(InvalidInput, match="line 1 has more than 1,048,576 characters"):
        list(read_rows(path))
    assert tracemalloc.get_traced_memory()[1] < 32 * 1024 * 1024
    tracemalloc.stop()


def test_more_rows_than_fit_are_refused_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "MOST_ROWS", 2)
    before = desk.commits()
    with pytest.raises(InvalidInput, match="more than 2 rows") as refused:
        load(desk, HEADER + ROWS)
    assert "in parts" in refused.value.hint
    assert desk.commits() == before


def test_columns_of_artifacts_become_digests_by_name(desk: Desk) -> None:
    one, other = (f"sha256:{digit * 64}" for digit in "ab")
    header = "at,product,environment,version,img,artifacts.chart\n"
    row = f"2026-11-03T09:00:00Z,brand-new,staging,2.0,{one},{other}\n"
    mapping = {"img": "artifacts.image"}
    assert load(desk, header + row, mapping=mapping).added == 1
    (event,) = desk.registry.products["brand-new"].deployment_events
    assert event["artifacts"] == {"image": one, "chart": other}
    assert load(desk, header + row, mapping=mapping).already == 1
    second = row.replace("09:00", "10:00").replace(one, other)
    with pytest.raises(InvalidInput, match='the artifact "image"'):
        load(desk, header + second, mapping=mapping)
    desk.assert_sound()


def test_rows_under_a_former_name_of_an_environment_are_recorded_already(desk: Desk) -> None:
    rows = HEADER + ROWS
    assert load(desk, rows).added == 3
    rename_environment(desk.repository, "qa-2", "uat", now=NOW)
    assert load(desk, rows).already == 3
    more = "2026-11-05T09:00:00Z,brand-new,qa-2,2,completed,jane\n"
    assert load(desk, HEADER + more).created == ()
    record = desk.registry.products["brand-new"]
    assert [each["environment"] for each in record.deployment_events] == ["uat", "uat"]
    log = (desk.top / "registry/products/brand-new/deployments/2026-11.yaml").read_text()
    assert log.count('environment: "qa-2"') == log.count('environment: "uat"') == 1
    desk.assert_sound()
