"""A recurrence that begins long ago is computed from shortly before the year that is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from versioner.registry.governance.calendar import Recurrence, recurrence_fault, zone_of

PARTS = ["INTERVAL=3", "INTERVAL=10", "WKST=SU", "BYDAY=MO,TH", "BYMONTH=2,7", "BYHOUR=9,17",
         "BYSETPOS=1", "BYMONTHDAY=1,15", "UNTIL=20280101T000000", "COUNT=900"]  # fmt: skip


def test_times_are_the_same_as_from_the_start() -> None:
    random, zone = Random(3), zone_of("Europe/London")
    assert zone is not None
    compared = 0
    for _ in range(120):
        frequency = random.choice(["DAILY", "WEEKLY", "MONTHLY"])
        rule = ";".join([f"FREQ={frequency}", *random.sample(PARTS, random.randrange(4))])
        start = random.choice(["2020-01-13T18:00", "2020-02-29T00:00", "2019-12-31T23:59"])
        if recurrence_fault(rule, start) is not None:
            continue
        compared += 1
        year = random.randrange(2021, 2030)
        at = int(datetime(year, random.randrange(1, 13), 3, tzinfo=UTC).timestamp())
        found = []
        for each in (Recurrence(rule, start, zone), Recurrence(rule, start, zone, year)):
            first = each.first_after(at)
            found.append([each.begin(first + number) for number in range(5)])
        assert found[0] == found[1], (rule, start, year)
    assert compared > 40
