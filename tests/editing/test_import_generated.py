"""Generated tables, imported twice with other columns and in another order, add nothing."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import pytest

from versioner.editing.importing.batch import ImportBatch
from versioner.editing.importing.options import ImportNotes, ImportOptions
from versioner.editing.importing.rows import read_rows
from versioner.registry.records import ProductRecord, Registry

if TYPE_CHECKING:
    from collections.abc import Iterable

NEEDED = ("product", "at", "environment", "version", "status")
MORE = ("instance", "invoke_id", "deployed_by")
Row = dict[str, str]


def table(rows: list[Row], columns: Iterable[str]) -> str:
    columns = [*NEEDED, *columns]
    lines = [";".join(row[column] for column in columns) for row in rows]
    return "\n".join([";".join(columns), *lines])


def imported(registry: Registry, text: str) -> ImportBatch:
    notes = ImportNotes()
    stream = io.BytesIO(text.encode())
    rows = list(read_rows(stream, ImportOptions(format="csv"), notes=notes))
    batch = ImportBatch(registry, "2026-11-29T00:00:00Z", notes)
    prepared = [(place, batch.prepare(row)) for place, row in rows]
    prepared.sort(key=lambda each: each[1].event["at"])
    known = batch.recorded.match([row for _, row in prepared])
    for number, (place, row) in enumerate(prepared):
        batch.add(place, row, is_recorded=number in known)
    assert batch.imported.refused == []
    return batch


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
def test_another_choice_of_columns_adds_nothing(start: int) -> None:
    for seed in range(start, start + 20):
        chance = random.Random(seed)
        rows = generated(chance)
        first = chance.sample(MORE, chance.randint(0, 3))
        registry = Registry(config={"schema_version": 1})
        batch = imported(registry, table(rows, first))
        assert batch.imported.added == len(rows), seed
        events = sorted(batch.new["shop"], key=lambda event: str(event["at"]))
        registry.products["shop"] = ProductRecord("shop", {}, deployment_events=events)
        more = [*first, *(each for each in MORE if each not in first and chance.random() < 0.5)]
        for columns in (more, first, ()):
            chance.shuffle(rows)
            again = imported(registry, table(rows, columns)).imported
            assert (again.added, again.already) == (0, len(rows)), (seed, columns)
            grown = imported(registry, table([*rows, rows[0]], columns)).imported
            assert grown.added == 1, (seed, columns)
