"""An event that a clock dates after now counts alike in all reports: on the day of its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.cli.registries import Desk


def test_an_event_dated_after_now_counts_in_each_report_of_its_day(desk: Desk) -> None:
    def numbers() -> list[int]:
        def of(*command: str) -> Any:
            return desk.run(*command, "-o", "json").json()

        days = (of("today", "--week"), of("today", "--since", "2026-11-22"))
        return [
            *(len(each["reached"]) for each in (of("today"), *days)),
            of("metrics", "--since", "2026-11-22")["frequency"]["count"],
            len(of("incident", "--hours", "1")["changes"]),
        ]

    def deploy(at: str, version: str) -> None:
        place = ["-p", "tea", "-e", "production", "--version", version, "--completed-at", at]
        assert desk.run("track", "deployment", *place).code == 0

    before = numbers()
    # It is 10:15, and the other clock is four minutes ahead.
    deploy("2026-11-22T10:19:00Z", "1.0")
    assert [now - then for now, then in zip(numbers(), before, strict=True)] == [1] * 5
