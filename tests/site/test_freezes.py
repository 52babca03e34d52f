"""The calendar file says what the judge says, to a reader that is not the library that wrote it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
import vobject

from tests.registry.files import load, product
from tests.site.test_what_may_ship import rule, schedule
from versioner.registry.event_order import seconds_of
from versioner.registry.governance.calendar import DAY
from versioner.rules.gate import Question, evaluate
from versioner.rules.gate.finding import moment_text
from versioner.site.context import SiteContext
from versioner.site.exports.freezes import freezes_file
from versioner.site.views.parts.closed_times import DAYS_AHEAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.registry.records import Registry

# The clocks change in all three zones in the days after it, on Lord Howe Island by 30 minutes.
NOW = "2026-09-20T10:00:00Z"
ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe")
WINDOWS = {
    "weekend": ("blocked", 'weekly: {from: "fri 15:00", to: "mon 09:00"}'),
    "night": ("blocked", 'daily: {from: "22:00", to: "02:30"}'),
    "hours": ("allowed", 'weekly: {days: [mon, tue, wed, thu], from: "02:00", to: "17:45"}'),
    "ends": ("blocked", 'monthly: {days: [1, -1], from: "00:00", to: "24:00"}'),
    "freeze": ("blocked", 'once: {from: "2026-10-24T12:00", to: "2026-11-02T01:30"}'),
    "second": (
        "blocked",
        'rrule: {rule: "FREQ=WEEKLY;BYDAY=SU;BYHOUR=1,2", start: "2026-01-04T01:00",'
        ' duration: "90m"}',
    ),
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    rules = [
        schedule(f"{name}-{number}", word, window, more=(f"# {zone}",))
        for number, zone in enumerate(ZONES)
        for name, (word, window) in WINDOWS.items()
    ]
    files = {path: text for each in rules for path, text in each.items()}
    for number, zone in enumerate(ZONES):
        for path in [each for each in files if each.endswith(f"-{number}.yaml")]:
            files[path] = files[path].replace(
                b"schedule:\n", f'schedule:\n  time_zone: "{zone}"\n'.encode()
            )
    quiet = rule("quiet", 'enforcement: "report-only"', 'type: "schedule"', "schedule:",
                 '  blocked: [{daily: {from: "09:00", to: "10:00"}}]')  # fmt: skip
    found = load(product("app"), files, quiet, {"registry/registry.yaml": b"schema_version: 1\n"})
    assert not found.governance.unreadable
    return found


def test_a_second_reader_finds_the_closed_times_that_the_judge_names(
    registry: Registry, scale: Callable[[int, int], int]
) -> None:
    spans = read(freezes_file(SiteContext(registry, now=NOW)))
    now = seconds_of(NOW)
    last = now + DAYS_AHEAD * DAY
    edges = {
        edge + step for own in spans.values() for span in own for edge in span for step in (-1, 0)
    }
    random = Random(12)
    inner = [each for each in sorted(edges) if now <= each < last]
    moments = [*random.sample(inner, min(len(inner), scale(60, 100_000)))]
    moments += [random.randrange(now, last) for _ in range(scale(60, 5_000))]
    for moment in moments:
        question = Question("app", "1", "production", "", moment_text(moment))
        answer = evaluate(registry, question)
        expected = {each.rule for each in answer.verdicts if each.is_refusal}
        found = {name for name, own in spans.items() if any(a <= moment < b for a, b in own)}
        assert found == expected, question.at


def read(data: bytes) -> dict[str, list[tuple[int, int]]]:
    """Return the times of a calendar by the name in front of each summary, in seconds."""
    (calendar,) = vobject.readComponents(data.decode("utf-8"))
    spans: dict[str, list[tuple[int, int]]] = {}
    for event in calendar.contents["vevent"]:
        start, end = event.dtstart.value, event.dtend.value
        name = event.summary.value.partition(":")[0]
        spans.setdefault(name, []).append((int(start.timestamp()), int(end.timestamp())))
        assert start.tzinfo is not None
        assert start < end
    uids = [event.uid.value for event in calendar.contents["vevent"]]
    assert len(set(uids)) == len(uids)
    assert set(spans) == {f"{name}-{number}" for name in WINDOWS for number in range(len(ZONES))}
    return spans
