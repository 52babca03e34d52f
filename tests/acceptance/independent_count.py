"""Count deployments straight from a CSV, knowing nothing of the tool: only the standard library.

`python independent_count.py FILE [UNTIL]` prints JSON. Every row is one completed deployment; of
rows with one time the later in the file is the newer. UNTIL (RFC 3339, Z) leaves later rows out.
Drift compares the environments that a tenth of the products of the last year were deployed to.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import takewhile


def rows_of(path: str, until: str) -> list[dict[str, str]]:
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["at"] <= until]
    return sorted(rows, key=lambda row: row["at"])


def compared(cells: dict[tuple[str, str], list[dict[str, str]]], now: datetime) -> set[str]:
    recent = [
        key
        for key, cell in cells.items()
        if now - datetime.fromisoformat(cell[-1]["at"]) <= timedelta(days=365)
    ]
    users = Counter(environment for _, environment in recent)
    products = len({product for product, _ in recent})
    found = {name for name, number in users.items() if number * 10 >= products}
    return found or {environment for _, environment in cells}


def began(cell: list[dict[str, str]]) -> str:
    """Return the first completion of the unbroken stay of the version that runs."""
    stay = takewhile(lambda row: row["version"] == cell[-1]["version"], reversed(cell))
    return [row["at"] for row in stay][-1]


def count(rows: list[dict[str, str]], now: datetime) -> dict[str, object]:
    cells: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        cells[row["product"], row["environment"]].append(row)
    deployments = []
    for (product, environment), cell in cells.items():
        before: list[str] = []
        for row in cell:
            version = row["version"]
            kind = "deployment"
            if before and before[-1] == version:
                kind = "redeployment"
            elif version in before:
                went_back = before.index(version) < before.index(before[-1])
                kind = "rollback" if went_back else "return"
            previous = before[-1] if before else ""
            deployments.append(
                [row["at"], product, environment, version, kind, previous, row["deployed_by"]]
            )
            before.append(version)
    columns = compared(cells, now)
    products = {}
    for product in sorted({row["product"] for row in rows}):
        mine = [row for row in rows if row["product"] == product]
        running = {name: cell[-1] for (owner, name), cell in cells.items() if owner == product}
        products[product] = {
            "deployments": len(mine),
            "versions": len({row["version"] for row in mine}),
            "last_deployed_at": mine[-1]["at"],
            "running": {name: row["version"] for name, row in running.items()},
            "since": {name: began(cells[product, name]) for name in running},
            "drifting": len({row["version"] for name, row in running.items() if name in columns})
            > 1,
        }
    return {
        "rows": len(rows),
        "environments": Counter(environment for _, environment in cells),
        "products": products,
        "deployments": sorted(deployments),
    }


if __name__ == "__main__":
    until = (sys.argv[2:] or ["9999"])[0]
    moment = datetime.now(UTC) if until == "9999" else datetime.fromisoformat(until)
    print(json.dumps(count(rows_of(sys.argv[1], until), moment)))
