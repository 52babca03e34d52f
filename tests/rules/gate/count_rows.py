"""An independent count of what five rules say to real rows, each a deployment that completed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["RULES", "count_rows"]

LONDON = ZoneInfo("Europe/London")
HOUR = timedelta(hours=1)
PRODUCTION = {"environments": ["production"]}
RULES: dict[str, dict[str, Any]] = {
    "friday": {
        "type": "schedule",
        "applies_to": PRODUCTION,
        "schedule": {
            "time_zone": "Europe/London",
            "blocked": [{"weekly": {"from": "fri 15:00", "to": "mon 09:00"}}],
        },
    },
    "night": {
        "type": "schedule",
        "schedule": {
            "time_zone": "Europe/London",
            "allowed": [{"daily": {"from": "07:00", "to": "22:00"}}],
        },
    },
    "path": {
        "type": "flow",
        "applies_to": PRODUCTION,
        "flow": {"through": ["integration", "staging"]},
    },
    "soak": {
        "type": "flow",
        "applies_to": PRODUCTION,
        "rollbacks": "exempt",
        "flow": {"through": ["staging"], "soak": "1h"},
    },
    "still": {
        "type": "flow",
        "applies_to": PRODUCTION,
        "except": {"products": ["a*"]},
        "flow": {"through": ["integration", "staging"], "in_order": True, "still_there": True},
    },
}
Counts = dict[str, tuple[int, int, int, int, int]]


@dataclass
class Environment:
    """What has completed in one environment of one product."""

    running: str = ""
    since: datetime | None = None
    first: dict[str, int] = field(default_factory=dict)
    first_at: dict[str, datetime] = field(default_factory=dict)
    longest: dict[str, timedelta] = field(default_factory=dict)
    taken_away: set[str] = field(default_factory=set)

    def is_older(self, version: str) -> bool:
        """Return whether a version was there before the one that runs there."""
        return version in self.first and self.first[version] < self.first[self.running]

    def passed(self, version: str) -> bool:
        return version in self.first and version not in self.taken_away

    def stay(self, version: str, at: datetime) -> timedelta:
        """Return the longest stay of a version."""
        stay = self.longest.get(version, timedelta())
        if self.running == version and self.since is not None:
            stay = max(stay, at - self.since)
        return stay

    def complete(self, version: str, at: datetime) -> None:
        if version == self.running:
            return
        if self.running:
            self.longest[self.running] = self.stay(self.running, at)
            if self.is_older(version):
                self.taken_away.add(self.running)
        self.taken_away.discard(version)
        self.first.setdefault(version, len(self.first))
        self.first_at.setdefault(version, at)
        self.running, self.since = version, at


def count_rows(rows: list[dict[str, str]]) -> Counts:
    """Return of each rule: judged, refused, rollbacks of these, exempt, and seconds to wait."""
    counts = {name: [0, 0, 0, 0, 0] for name in RULES}
    by_product: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_product[row["product"]].append(row)
    for product, own in by_product.items():
        count_product(product, sorted(own, key=lambda row: row["at"]), counts)
    return {name: (c[0], c[1], c[2], c[3], c[4]) for name, c in counts.items()}


def count_product(product: str, rows: list[dict[str, str]], counts: dict[str, list[int]]) -> None:
    """Count a product: what completes elsewhere in one second is known to a question of it."""
    places: dict[str, Environment] = defaultdict(Environment)
    for text, group in groupby(rows, key=lambda row: row["at"]):
        at = datetime.fromisoformat(text)
        together = sorted(group, key=lambda row: row["environment"] == "production")
        for row in together:
            place = places[row["environment"]]
            is_rollback = bool(place.running) and place.running != row["version"]
            is_rollback = is_rollback and place.is_older(row["version"])
            count_row(product, row, at, places, counts, is_rollback=is_rollback)
            place.complete(row["version"], at)


def count_row(
    product: str,
    row: dict[str, str],
    at: datetime,
    places: dict[str, Environment],
    counts: dict[str, list[int]],
    *,
    is_rollback: bool,
) -> None:
    local = at.astimezone(LONDON)
    waits: dict[str, int | None] = {"night": wait_of_night(local)}
    integration, staging = places["integration"], places["staging"]
    version = row["version"]
    if row["environment"] == "production":
        passed = integration.passed(version) and staging.passed(version)
        waits["friday"] = wait_of_friday(local)
        waits["path"] = 0 if passed else None
        waits["soak"] = wait_of_soak(staging, version, at)
        if not product.startswith("a"):
            in_order = passed and integration.first_at[version] <= staging.first_at[version]
            is_there = integration.running == staging.running == version
            waits["still"] = 0 if in_order and is_there else None
    for name, wait in waits.items():
        count = counts[name]
        count[0] += 1
        if wait == 0:
            continue
        if is_rollback and RULES[name].get("rollbacks") == "exempt":
            count[3] += 1
            continue
        count[1] += 1
        count[2] += is_rollback
        count[4] += wait or 0


def wait_of_night(local: datetime) -> int:
    """Return the seconds until seven in the morning, 0 by day."""
    if 7 <= local.hour < 22:
        return 0
    day = local + timedelta(days=1) if local.hour >= 22 else local
    return elapsed(local, day.replace(hour=7, minute=0, second=0))


def wait_of_friday(local: datetime) -> int:
    """Return the seconds until Monday at nine, 0 within the week."""
    hours = local.weekday() * 24 + local.hour
    if 9 <= hours < 4 * 24 + 15:
        return 0
    monday = local + timedelta(days=-local.weekday() % 7)
    return elapsed(local, monday.replace(hour=9, minute=0, second=0))


def elapsed(first: datetime, second: datetime) -> int:
    return int(second.timestamp() - first.timestamp())


def wait_of_soak(staging: Environment, version: str, at: datetime) -> int | None:
    """Return the seconds until an hour there is over, None where no time alone will do."""
    if not staging.passed(version):
        return None
    if staging.stay(version, at) >= HOUR:
        return 0
    if staging.running != version or staging.since is None:
        return None
    return int((staging.since + HOUR - at).total_seconds())
