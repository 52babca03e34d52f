"""Rows of deployments in the real data's shape, for a number of events of any size.

The real rows are repeated for as many sets of product names as are needed, with the same times.
Without the real data, rows are made that have its shape: as many products, months and events of
each product, and the same kinds of version names.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import random
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["REAL_ROWS", "Row", "data_file", "made_rows", "products_for", "read_rows", "repeated"]

REAL_ROWS = 93_309

# About as many events as each of the real products has.
_SIZES = (
    *(1, 3, 4, 10, 16, 21, 48, 61, 69, 71, 77, 86, 93, 125, 131, 147, 218, 238, 363, 461, 487),
    *(610, 648, 657, 751, 763, 782, 928, 972, 1017, 1092, 1131, 1139, 1281, 1298, 1337, 1393),
    *(1397, 1416, 1428, 1478, 1498, 1561, 1570, 1584, 1600, 1605, 1672, 1702, 1711, 1716, 1766),
    *(1777, 1868, 1986, 2038, 2244, 2454, 2874, 2930, 2975, 3087, 3344, 3639, 4037, 4345, 8820),
    *(763, 1833),
)
_START = datetime(2022, 10, 10, 10, 39, 30, tzinfo=UTC)
_DAYS = 1170
_SHA = re.compile("[0-9a-f]{40}")


class Row(NamedTuple):
    """One row of the real data's file."""

    at: str
    product: str
    environment: str
    version: str
    deployed_by: str
    invoke_id: str


def data_file(folder: Path) -> Path:
    """Return the one CSV file of a folder."""
    found = sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")])
    if len(found) != 1:
        raise SystemExit(f'"{folder}" has {len(found)} CSV files; one is wanted')
    return found[0]


def read_rows(path: Path) -> list[Row]:
    """Return the rows of the real data, in the order of their times."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        if tuple(next(lines)) != Row._fields:
            raise SystemExit(f'"{path}" does not have the columns {", ".join(Row._fields)}')
        return sorted(map(Row._make, lines), key=lambda row: row.at)


def made_rows(seed: int) -> list[Row]:
    """Return rows in the shape of the real ones, the same for the same seed."""
    chance = random.Random(seed)
    rows = []
    for number, size in enumerate(_SIZES):
        name = f"app-{number:02}"
        days = sorted(chance.uniform(0, _DAYS) for _ in range((size + 2) // 3))
        for day in days:
            rows += _release(name, _START + timedelta(days=day), chance)
    return sorted(rows, key=lambda row: row.at)


def _release(name: str, at: datetime, chance: random.Random) -> Iterator[Row]:
    """Yield how one version goes from integration to production."""
    sha = f"{chance.getrandbits(160):040x}"
    version = chance.choice((f"v{at:%y%j%H%M}", sha, f"release-{sha}", f"release-{sha}", "latest"))
    for environment in ("integration", "staging", "production"):
        run = f"{chance.getrandbits(48):012x}"
        yield Row(f"{at:%Y-%m-%dT%H:%M:%SZ}", name, environment, version, "engineer", run)
        at += timedelta(seconds=chance.choice((0, 40, 900, 20_000)))


def products_for(rows: list[Row], events: int, seed: int) -> dict[str, int]:
    """Return how many of its oldest rows each product of one set gives, for fewer events.

    The products stand in an order of chance; of the last one only a part is taken.
    """
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.product] = counts.get(row.product, 0) + 1
    names = sorted(counts)
    random.Random(seed).shuffle(names)
    chosen = {}
    for name in names:
        if events <= 0:
            break
        chosen[name] = min(events, counts[name])
        events -= chosen[name]
    return chosen


def repeated(rows: list[Row], events: int, seed: int) -> Iterator[tuple[int, Row]]:
    """Yield that many rows with the number of their set, in the order of their times.

    The first set has the names of the data; the others have the number of the set after them,
    and other commits.
    """
    full, rest = divmod(events, len(rows))
    part = products_for(rows, rest, seed)
    for row in rows:
        for number in range(full):
            yield number, _of_set(row, number)
        if part.get(row.product, 0) > 0:
            part[row.product] -= 1
            yield full, _of_set(row, full)


def _of_set(row: Row, number: int) -> Row:
    if number == 0:
        return row
    version = _SHA.sub(lambda found: _other_commit(found[0], number), row.version)
    run = _other_commit(row.invoke_id, number)[:12]
    return row._replace(product=f"{row.product}-{number:03}", version=version, invoke_id=run)


def _other_commit(text: str, number: int) -> str:
    return hashlib.sha1(f"{text}/{number}".encode(), usedforsecurity=False).hexdigest()
