"""Generated tables, imported twice with other columns and in another order, add nothing."""

from __future__ import annotations

import io
import random
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest

from versioner.editing.importing.batch import ImportBatch, ImportResult
from versioner.editing.importing.names import ImportNames
from versioner.editing.importing.options import ImportNotes, ImportOptions
from versioner.editing.importing.prepare import RowPreparer
from versioner.editing.importing.rows import read_rows
from versioner.editing.importing.staging import StagedRows
from versioner.registry.records import ProductRecord, Registry
from versioner.serialization.log import read_canonical

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from versioner.models import Event

NEEDED = ("product", "at", "environment", "version", "status")
MORE = ("instance", "invoke_id", "deployed_by")
Row = dict[str, str]


def table(rows: list[Row], columns: Iterable[str]) -> str:
    columns = [*NEEDED, *columns]
    lines = [";".join(row[column] for column in columns) for row in rows]
    return "\n".join([";".join(columns), *lines])


class Imported(NamedTuple):
    result: ImportResult
    events: list[Event]


def imported(registry: Registry, text: str, folder: Path) -> Imported:
    notes = ImportNotes()
    stream = io.BytesIO(text.encode())
    rows = list(read_rows(stream, ImportOptions(format="csv"), notes=notes))
    names = ImportNames(registry, detected=False)
    with closing(StagedRows(folder)) as staged:
        staged.clear()
        preparer = RowPreparer(names, registry.config, "2026-11-29T00:00:00Z")
        staged.add(preparer.prepare(rows))
        batch = ImportBatch(staged, names, notes)
        lines = ""
        for product, group in staged.by_product():
            record = registry.products.get(product)
            lines += "".join(line for _, line in batch.new_lines(product, group, record))
        result = batch.result()
    assert result.refused == []
    return Imported(
        result, [each for _, each in read_canonical("deployment", lines.encode()) or ()]
    )


def generated(chance: random.Random) -> list[Row]:
    return [
        {
            "product": "shop",
            "at": f"2026-11-01T10:00:0{chance.randint(0, 1)}Z",
            "environment": chance.choice(("staging", "production")),
            "version": chance.choice("12"),
            "status": chance.choice(("started", "completed", "failed")),
            "instance": chance.choice(("", "eu", "us")),
            "invoke_id": chance.choice(("", "7", "8")),
            "deployed_by": chance.choice(("", "jane")),
        }
        for _ in range(chance.randint(1, 7))
    ]


@pytest.mark.parametrize("start", range(0, 80, 20))
def test_another_choice_of_columns_adds_nothing(start: int, tmp_path: Path) -> None:
    for seed in range(start, start + 20):
        chance = random.Random(seed)
        rows = generated(chance)
        first = chance.sample(MORE, chance.randint(0, 3))
        registry = Registry(config={"schema_version": 1})
        made = imported(registry, table(rows, first), tmp_path)
        assert made.result.added == len(rows), seed
        events = sorted(made.events, key=lambda event: str(event["at"]))
        registry.products["shop"] = ProductRecord("shop", {}, deployment_events=events)
        more = [*first, *(each for each in MORE if each not in first and chance.random() < 0.5)]
        for columns in (more, first, ()):
            chance.shuffle(rows)
            again = imported(registry, table(rows, columns), tmp_path).result
            assert (again.added, again.already) == (0, len(rows)), (seed, columns)
            grown = imported(registry, table([*rows, rows[0]], columns), tmp_path).result
            assert grown.added == 1, (seed, columns)
