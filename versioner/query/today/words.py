"""A report of a day or of several days in plain words: its summary, its sections, its sentences."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.query.today.phrases import Phrases
from versioner.query.today.sentences import Sentence, Writer, count, joined, long_day, span_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.query.today.model import (
        TodayReport,
    )
    from versioner.query.today.report import LatestReport

__all__ = ["Group", "Section", "quiet_text", "report_title", "sections_of", "summary_of"]


# A version that has been stuck for longer is hardly on its way.
_DORMANT_DAYS: Final = 365
_TITLES: Final = {
    "taken-back": "Taken back",
    "failed": "Failed",
    "failing": "Failed before, and not fixed",
    "stuck": "What is stuck, and with whom",
    "waits": "In progress and waiting",
    "closed": "Closed times",
    "ready": "Not in production yet",
    "dormant": "Stuck for over a year",
    "others": "Other environments",
}


class Group(NamedTuple):
    """The sentences about the products of a team; `owner` is "" where they are of no team."""

    owner: str
    sentences: tuple[Sentence, ...]


class Section(NamedTuple):
    """A part of a report: its sentences by team.

    `versions` is how many versions its one sentence names, or 0: each sentence counts as one.
    """

    name: str
    title: str
    groups: tuple[Group, ...]
    versions: int = 0

    @property
    def number(self) -> int:
        """Return the number of its sentences."""
        return sum(len(each.sentences) for each in self.groups)

    @property
    def total(self) -> int:
        """Return the number that its heading shows."""
        return self.versions or self.number


def report_title(report: TodayReport) -> str:
    """Return what days a report is about: `Thursday 27 November 2025`."""
    period = report.period
    if period.first == period.last:
        return long_day(period.last)
    return span_text(period.first, period.last)


def summary_of(report: TodayReport, writer: Writer) -> str:
    """Return a report in one or two sentences."""
    return f"{_summary_of_time(report, writer)}{_summary_of_state(report)}"


def _summary_of_time(report: TodayReport, writer: Writer) -> str:
    if report.is_quiet:
        last = report.last_day
        when = f" The last day with a deployment was {long_day(last)}." if last else ""
        return f"Nothing was deployed.{when}"
    done, back, failed = len(report.reached), _taken_back(report), len(report.failed)
    still = sum(bool(each.is_still) for each in report.failed)
    fixed = f" ({still:,} not fixed yet)" if still else ""
    texts = [
        f"{count(done, 'version') if done else 'nothing'} reached {_production(report, writer)}",
        f"{back or 'nothing'} {'was' if back < 2 else 'were'} taken back",
        f"{count(failed, 'deployment') if failed else 'nothing'} failed{fixed}",
    ]
    text = f"{joined(texts)}."
    return text[0].upper() + text[1:]


def _taken_back(report: TodayReport) -> int:
    return len(report.rolled_back) + len(report.removed) + len(report.void)


def _summary_of_state(report: TodayReport) -> str:
    texts = []
    if report.waiting:
        texts.append(f"{count(len(report.waiting), 'deployment')} in progress")
    if report.requests:
        texts.append(f"{count(len(report.requests), 'request')} open")
    if report.stuck:
        late = count(report.policy.days, "day")
        texts.append(f"{count(len(report.stuck), 'version')} stuck for {late} or more")
    return f" Now: {joined(texts)}." if texts else ""


def _production(report: TodayReport, writer: Writer) -> str:
    return joined([writer.place(each).text for each in report.production]) or "production"


def quiet_text(found: LatestReport) -> str:
    """Return that nothing happened in the days that were asked for, "" where something did."""
    asked, shown = found.asked, found.report.period
    if asked == shown:
        return ""
    if asked.days == 1:
        return (
            f"Nothing was deployed on {long_day(asked.last)}. "
            f"Below is the last day with a deployment, {long_day(shown.last)}."
        )
    return (
        f"Nothing was deployed in the days {span_text(asked.first, asked.last)}. "
        f"Below are the {asked.days} days to the last deployment."
    )


def sections_of(report: TodayReport, writer: Writer) -> list[Section]:
    """Return the sections of a report that have any sentence."""
    words, owners = Phrases(report, writer), report.owners
    dormant = [each for each in report.stuck if each.days > _DORMANT_DAYS]
    stuck = report.stuck[len(dormant) :]
    parts = {
        "reached": ((each.last.product, words.moved(each)) for each in report.reached),
        "taken-back": words.taken_back(),
        "failed": words.failures(),
        "failing": words.failing(),
        "stuck": words.lags(stuck),
        "waits": words.waits(),
        "closed": (("", words.closed(each)) for each in report.closed),
        "ready": words.lags(report.ready),
        "dormant": [("", words.dormant(dormant))] if dormant else [],
        "others": (("", words.other(each)) for each in report.others),
    }
    titles = {**_TITLES, "reached": f"Reached {_production(report, writer)}"}
    versions = {"dormant": len(dormant)}
    found = (
        Section(name, titles[name], _by_team(own, owners), versions.get(name, 0))
        for name, own in parts.items()
    )
    return [each for each in found if each.groups]


def _by_team(found: Iterable[tuple[str, Sentence]], owners: dict[str, str]) -> tuple[Group, ...]:
    """Return sentences by the team of their products; those without a team come last."""
    rows = [(owners.get(product, ""), sentence) for product, sentence in found]
    rows.sort(key=lambda row: (not row[0], row[0].lower()))
    return tuple(
        Group(owner, tuple(sentence for _, sentence in own))
        for owner, own in groupby(rows, key=lambda row: row[0])
    )
