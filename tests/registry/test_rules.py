"""Rules as they are read: what is refused and where, and what an unreadable one is still about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from versioner.git.files.entries import FileEntry
from versioner.git.snapshot import MemorySnapshot
from versioner.models.governance import (
    EVERYWHERE,
    FlowBlock,
    OnceWindow,
    ScheduleBlock,
    Scope,
    WeeklySpan,
)
from versioner.registry.governance.load import load_governance
from versioner.registry.load import load_registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models import Problem
    from versioner.registry.records import Registry

BASE = {
    "registry/registry.yaml": b"schema_version: 1\ngroups: {qa: [alice, bob]}\n",
    "registry/environments/production.yaml": b"name: production\naliases: [prod]\n",
    "registry/environments/staging.yaml": b"name: staging\n",
    "registry/products/web/product.yaml": b"name: web\nextra_metadata: {team: shop}\n",
}


def load(text: str, **files: str) -> Registry:
    own = {f"registry/{path}": data.encode() for path, data in files.items()}
    rule = {"registry/rules/a.yaml": f"name: a\n{text}".encode()}
    return load_registry(MemorySnapshot({**BASE, **rule, **own}))


def told(problems: list[Problem]) -> list[str]:
    return [f"{each.line} {each.code} {each.severity}" for each in problems]


SCHEDULE = "type: schedule\nschedule:\n  time_zone: Europe/London\n  blocked:\n    - "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type: schedule\nschedule: {time_zone: Europe/Londn, allowed: [{daily: "
         '{from: "01:00", to: "02:00"}}]}\n', "3 time-zone error"),
        ("type: schedule\nschedule: {time_zone: UTC}\n", "3 rule-block error"),
        ('type: schedule\nschedule: {blocked: [{daily: {from: "01:00", to: "02:00"}}], '
         'allowed: [{daily: {from: "03:00", to: "04:00"}}]}\n', "3 rule-block error"),
        ("type: flow\nflow: {through: [staging]}\nconcurrency: {limit: 1, per: product}\n",
         "4 rule-block error"),
        (SCHEDULE + 'once: {from: "2026-01-02T00:00", to: "2026-01-02T00:00"}\n',
         "6 window error"),
        # The clocks skip the hour from 01:00 on.
        (SCHEDULE + 'once: {from: "2026-03-29T01:10", to: "2026-03-29T01:50"}\n',
         "6 window error"),
        (SCHEDULE + 'once: {from: "2026-02-30T01:10", to: "2026-03-29T01:50"}\n',
         "6 window error"),
        (SCHEDULE + 'weekly: {days: [fri], from: "fri 15:00", to: "24:00"}\n', "6 window error"),
        (SCHEDULE + 'weekly: {from: "fri 15:00", to: "24:00"}\n', "6 window error"),
        (SCHEDULE + 'monthly: {days: [1, 0], from: "15:00", to: "24:00"}\n', "6 window error"),
        (SCHEDULE + 'rrule: {rule: "FREQ=MONTHLY;BYDAY=2TU", start: "2026-01-14T18:00", '
         "duration: 6h}\n", "6 recurrence error"),
        (SCHEDULE + 'rrule: {rule: "FREQ=HOURLY", start: "2026-01-14T18:00", duration: 6h}\n',
         "6 recurrence error"),
        (SCHEDULE + 'rrule: {rule: "FREQ=DAILY;INTERVAL=0", start: "2026-01-14T18:00", '
         "duration: 6h}\n", "6 recurrence error"),
        (SCHEDULE + 'rrule: {rule: "FREQ=DAILY;UNTIL=20260101T000000", start: "2026-01-14T18:00", '
         "duration: 6h}\n", "6 recurrence error"),
        (SCHEDULE + 'rrule: {rule: "FREQ=DAILY;UNTIL=20260101T000000Z", start: "2026-01-14T18:00", '
         "duration: 6h}\n", "6 window error"),
        (SCHEDULE + 'rrule: {rule: "FREQ=DAILY;BYDAY=9XX", start: "2026-01-14T18:00", '
         "duration: 6h}\n", "6 recurrence error"),
        (SCHEDULE + 'rrule: {rule: "FREQ=DAILY", start: "2026-01-14T18:00", duration: 0h}\n',
         "6 window error"),
        ("type: flow\nflow: {through: [staging], soak: {production: 1h}}\n", "3 soak error"),
        ("type: flow\nflow: {through: []}\n", "3 value error"),
        ("type: version-approval\nversion-approval: {types: {}}\n", "3 value error"),
        ("type: requirement\nrequirement: {}\n", "3 value error"),
    ],
)  # fmt: skip
def test_a_rule_with_an_error_is_reported_and_unreadable(text: str, expected: str) -> None:
    registry = load(text)
    assert told(registry.problems) == [expected]
    assert registry.governance.rules == ()
    (unreadable,) = registry.governance.unreadable
    assert f"{unreadable.path}:{unreadable.line}" == f"registry/rules/a.yaml:{expected[0]}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("applies_to: {products: [shop]}\ntype: flow\nflow: {through: [staging]}\n",
         "2 scope warning"),
        ("type: flow\nexcept: {teams: [shop]}\nflow: {through: [staging]}\n", "1 scope warning"),
        ("type: flow\nflow: {through: [stagin]}\n", "3 environment warning"),
        ("type: version-approval\nversion-approval: {types: {sec: 1}}\n", "3 group warning"),
        ("type: requirement\nrequirement: {tests: passed}\n", "3 unknown-key warning"),
    ],
)  # fmt: skip
def test_a_rule_with_a_warning_is_read(text: str, expected: str) -> None:
    registry = load(text)
    assert told(registry.problems) == [expected]
    assert [rule.name for rule in registry.governance.rules] == ["a"]


def test_blocks_are_typed() -> None:
    rule = load(SCHEDULE + 'weekly: {from: "fri 15:00", to: "mon 24:00"}\n').governance.rules[0]
    assert rule.block == ScheduleBlock((WeeklySpan(4, 900, 0, 1440),), True, "Europe/London")
    rule = load("type: flow\nflow: {through: [test, staging], soak: 2d}\n").governance.rules[0]
    assert rule.block == FlowBlock(("test", "staging"), soak={"test": 172800, "staging": 172800})
    text = 'type: schedule\nschedule: {allowed: [{once: {from: "2026-01-01T00:00", '
    rule = load(text + 'to: "2026-01-01T00:00:30"}}]}\n').governance.rules[0]
    window = OnceWindow("2026-01-01T00:00", "2026-01-01T00:00:30")
    assert rule.block == ScheduleBlock((window,), is_blocked=False)


BROKEN = "type: concurrency\nconcurrency: {limit: 0, per: product}\n"


@pytest.mark.parametrize(
    ("scope", "readable", "excepted"),
    [
        ("applies_to: {environments: [production]}\n", Scope(environments=("production",)), None),
        # A name that was written wrong excludes nothing.
        ("applies_to: {environments: [Production], teams: [a]}\n", Scope(teams=("a",)), None),
        ("applies_to: {environment_types: [prod]}\n", EVERYWHERE, None),
        ("applies-to: {environments: [staging]}\n", EVERYWHERE, None),
        ("except: {products: [web]}\n", EVERYWHERE, Scope(products=("web",))),
        # A part of an exception would except more than was meant.
        ("except: {products: [web], environments: [Staging]}\n", EVERYWHERE, None),
    ],
)
def test_the_scope_of_an_unreadable_rule_is_read_as_far_as_possible(
    scope: str, readable: Scope, excepted: Scope | None
) -> None:
    (found,) = load(scope + BROKEN).governance.unreadable
    assert (found.scope, found.excepted) == (readable, excepted)


@pytest.mark.parametrize("path", ["rules/b.yml", "rules/more/b.yaml", "rules/b"])
def test_a_file_among_the_rules_that_is_not_read_is_unreadable(path: str) -> None:
    files = {path: "name: b\n"}
    registry = load("type: flow\nflow: {through: [staging]}\n", **files)
    assert [each.path for each in registry.governance.unreadable] == [f"registry/{path}"]
    registry = load("type: flow\nflow: {through: [staging]}\n", **{"rules/README.md": "x"})
    assert registry.governance.unreadable == ()


def test_a_link_in_place_of_the_folder_is_unreadable() -> None:
    class Linked(MemorySnapshot):
        def entries(self, under: str = "registry") -> Mapping[str, FileEntry]:
            link = FileEntry("link", 3, None, 0o120000)
            return {**super().entries(under), "registry/rules": link}

    found = load_registry(Linked(BASE)).governance
    assert [each.path for each in found.unreadable] == ["registry/rules"]


@pytest.mark.parametrize(
    ("config", "groups"),
    [
        ("schema_version: 1\ntitel: x\ngroups: {qa: [alice]}\n", {"qa": ("alice",)}),
        ("schema_version: 1\ntitel: x\n", {}),
        ("schema_version: 1\ngroups: {qa: []}\n", None),
        ("schema_version: 1\ngroups: {qa: [alice\n", None),
    ],
)
def test_groups_are_read_unless_the_error_is_in_them(
    config: str, groups: dict[str, tuple[str, ...]] | None
) -> None:
    found = load("type: flow\nflow: {through: [staging]}\n", **{"registry.yaml": config})
    expected = [] if groups is not None else ["registry/registry.yaml"]
    assert [each.path for each in found.governance.unreadable] == expected
    assert found.governance.groups == (groups or {})


def test_a_registry_without_rules_reads_none() -> None:
    snapshot = MemorySnapshot(BASE)
    found = load_governance(snapshot, {}, {"schema_version": 1}, ())
    assert (found.governance.rules, found.problems) == ((), ())
