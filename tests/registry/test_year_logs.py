"""The log of a year has the events of its archived months: readers see no difference."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pytest

from tests.builders import build, deployment, void
from tests.registry.files import files, load, log, product, told
from versioner.git.snapshot import MemorySnapshot
from versioner.layout import in_log_order, log_path, log_paths, month_of, place_of
from versioner.registry.history.check import check_history

if TYPE_CHECKING:
    from versioner.models import Event

SHOP = product("shop")
DEPLOYMENTS = "products/shop/deployments"
JANUARY = [deployment(f"1.{n}", at=f"2025-01-0{n}T10:00:00Z", id=f"a{n}") for n in (1, 2, 3)]
MARCH = [deployment(f"2.{n}", at=f"2025-03-0{n}T10:00:00Z", id=f"c{n}") for n in (1, 2, 3)]
# Recorded after January was archived, at the very second of another event.
LATE = deployment("1.9", at=JANUARY[2]["at"], id="a9")
MONTHS = {"2025-01": JANUARY, "2025-03": MARCH}


def logs(**periods: list[Event]) -> MemorySnapshot:
    parts = (log("shop", *events, month=name[1:]) for name, events in periods.items())
    named = [{path.replace("_", "-"): data for path, data in part.items()} for part in parts]
    return MemorySnapshot(files(SHOP, *named))


def codes(before: MemorySnapshot, after: MemorySnapshot, *, allow: bool = False) -> list[str]:
    found = check_history([before], after, allow_log_changes=allow)
    return [
        f"{each.path.rpartition('/')[2]}:{each.line} {each.code.removeprefix('history-')}"
        for each in found
    ]


def test_the_path_of_a_year_is_that_of_a_log():
    for kind, folder in (("build", "versions"), ("deployment", "deployments")):
        place = place_of(f"registry/products/shop/{folder}/2025.yaml")
        assert place is not None
        assert (place.log_kind, place.name, place.period, place.is_of_year) == (
            kind, "shop", "2025", True,
        )  # fmt: skip
    month = place_of("registry/products/shop/observations/2025-01.yaml")
    assert month is not None
    assert not month.is_of_year
    assert log_paths("shop", "deployment", "2025-03-01T10:00:00Z") == (
        log_path("shop", "deployment", "2025-03"),
        log_path("shop", "deployment", "2025"),
    )
    for name in ("205", "20255", "２０２５", "2025-", "2025-1", "2025-00", "2025-13", "-2025"):  # noqa: RUF001
        assert place_of(f"registry/products/shop/versions/{name}.yaml") is None


def test_a_year_comes_before_its_months():
    paths = [
        log_path("shop", "deployment", each) for each in ("2024-12", "2025", "2025-01", "2026")
    ]
    assert in_log_order(reversed(paths)) == paths


def test_archived_months_are_read_as_if_they_had_files_of_their_own():
    plain = load(
        SHOP, log("shop", *JANUARY, LATE, month="2025-01"), log("shop", *MARCH, month="2025-03")
    )
    for late in ([], [LATE]):
        archived = [*JANUARY, *MARCH, *([] if late else [LATE])]
        parts = [log("shop", *archived, month="2025")]
        parts += [log("shop", *late, month="2025-01")] if late else []
        registry = load(SHOP, *parts)
        assert told(registry) == []
        assert registry.products["shop"].deployment_events == (
            plain.products["shop"].deployment_events
        )
        assert registry.products["shop"].deployments == plain.products["shop"].deployments
        current = registry.products["shop"].cells["production"].current
        assert current is not None
        assert current.version == "2.3"


def test_an_event_of_another_year_is_told_where_it_belongs():
    stray = deployment("3.0", at="2024-12-31T23:59:59Z")
    registry = load(SHOP, log("shop", *JANUARY, stray, month="2025"))
    (problem,) = registry.problems
    assert told(registry) == [f"{DEPLOYMENTS}/2025.yaml:5:8 month"]
    assert problem.message == "the event is of 2024-12, but the file is for 2025"
    assert problem.hint == "move the line to 2024-12.yaml"
    assert len(registry.products["shop"].deployment_events) == 3


def test_a_copy_in_the_file_of_the_month_is_told_as_a_second_one():
    registry = load(
        SHOP, log("shop", *JANUARY, month="2025"), log("shop", JANUARY[1], month="2025-01")
    )
    assert told(registry) == [f"{DEPLOYMENTS}/2025-01.yaml:2:100 duplicate-id"]


def test_a_problem_of_an_archived_event_is_told_in_the_year_s_file():
    other = deployment("1.1", at="2025-03-01T10:00:00Z", scm_sha="b" * 40)
    first = build("1.1", at="2025-01-01T09:00:00Z", scm_sha="a" * 40)
    registry = load(
        SHOP,
        log("shop", JANUARY[1], other, void("nobody", at="2025-04-01T10:00:00Z"), month="2025"),
        log("shop", first, month="2025", kind="build"),
    )
    assert [line.rpartition(":")[0] for line in told(registry)] == [
        f"{DEPLOYMENTS}/2025.yaml:3", f"{DEPLOYMENTS}/2025.yaml:4",
    ]  # fmt: skip


# ---- the history check -------------------------------------------------------------------

PLAIN = logs(_2025_01=JANUARY, _2025_03=MARCH)
ALL = [*JANUARY, *MARCH]


@pytest.mark.parametrize(
    "after",
    [
        logs(_2025=ALL),
        logs(_2025=JANUARY, _2025_03=MARCH),
    ],
)
def test_archiving_is_accepted_and_so_is_its_undoing(after: MemorySnapshot):
    assert codes(PLAIN, after) == []
    assert codes(after, PLAIN) == []
    assert codes(after, logs(_2025=JANUARY + MARCH)) == codes(PLAIN, after)


def test_an_event_after_archiving_is_new_and_not_out_of_order():
    archived = logs(_2025=ALL)
    late = logs(_2025=ALL, _2025_01=[LATE])
    again = logs(_2025=[*ALL, LATE])
    # Recorded and archived since the base: among those of its month it is the last.
    between = logs(_2025=[*JANUARY, LATE, *MARCH])
    for before, after in ((archived, late), (archived, again), (PLAIN, between), (PLAIN, late)):
        assert [line.partition(" ")[2] for line in codes(before, after)] == ["added"]
        assert codes(before, after, allow=True) == []
    assert codes(late, again) == []
    assert codes(again, late) == []


@pytest.mark.parametrize(
    ("after", "told_"),
    [
        ({"_2025": [*JANUARY, *MARCH[:2]]}, ["2025.yaml:6 missing"]),
        ({"_2025": [*JANUARY[1:], *MARCH]}, ["2025.yaml:2 missing"]),
        ({"_2025": JANUARY}, ["2025.yaml:4 missing"] * 3),
        ({"_2025_03": MARCH}, ["2025-01.yaml:0 missing"]),
        ({"_2025": [*JANUARY, MARCH[1], MARCH[0], MARCH[2]]}, ["2025.yaml:6 order"]),
        ({"_2025": [*MARCH, *JANUARY]}, [f"2025.yaml:{line} order" for line in (5, 6, 7)]),
        ({"_2025": [{**JANUARY[0], "version": "6.6"}, *ALL[1:]]}, ["2025.yaml:2 changed"]),
        ({"_2025": ALL, "_2025_01": [JANUARY[0]]}, ["2025-01.yaml:2 added"]),
        ({"_2025": [LATE, *ALL]}, ["2025.yaml:2 added", "2025.yaml:2 order"]),
        ({"_2025": JANUARY, "_2025_04": MARCH}, ["2025-03.yaml:0 missing"] * 3),
    ],
)  # fmt: skip
def test_a_year_that_lacks_or_changes_an_event_is_refused(
    after: dict[str, list[Event]], told_: list[str]
):
    assert codes(PLAIN, logs(**after)) == told_


def test_an_archived_event_may_not_change_later():
    archived = logs(_2025=ALL)
    assert codes(archived, logs(_2025=ALL[1:])) == ["2025.yaml:2 missing"]
    assert codes(archived, logs(_2025_04=[])) == ["2025.yaml:0 missing"]
    swapped = [ALL[1], ALL[0], *ALL[2:]]
    assert codes(archived, logs(_2025=swapped)) == ["2025.yaml:3 order"]
    text = archived.read(log_path("shop", "deployment", "2025")) or b""
    broken = {log_path("shop", "deployment", "2025"): b"- {\n" + text}
    assert codes(archived, MemorySnapshot(files(SHOP, broken))) == ["2025.yaml:0 missing"]


def test_a_redaction_in_an_archived_month_is_accepted():
    named = {**JANUARY[0], "deployed_by": "jane"}
    redacted = {**JANUARY[0], "redacted": ["deployed_by"]}
    before = logs(_2025_01=[named, *JANUARY[1:]])
    assert codes(before, logs(_2025=[redacted, *JANUARY[1:]])) == []
    assert codes(before, logs(_2025=[{**named, "deployed_by": "joe"}, *JANUARY[1:]])) == [
        "2025.yaml:2 changed"
    ]


def test_the_months_of_the_events_are_those_of_the_files():
    assert {month_of(each["at"]) for each in chain(*MONTHS.values())} == set(MONTHS)
