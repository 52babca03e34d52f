"""The sentences of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.query.today.sentences import Part, Sentence, Writer, count, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.query.gate.requests import RequestDetail
    from versioner.query.lag import Lag, LagReason
    from versioner.query.today.closed import ClosedWindow
    from versioner.query.today.happenings import Happening
    from versioner.query.today.model import (
        Failing,
        Failure,
        Moved,
        OtherPlace,
        TodayReport,
        Waiting,
    )

__all__ = ["Phrases", "lag_sentence", "why_text"]

_VERSIONS_SHOWN: Final = 4
_PRODUCTS_SHOWN: Final = 8


class Phrases:
    """The sentences of one report."""

    def __init__(self, report: TodayReport, writer: Writer) -> None:
        self._report, self._writer = report, writer

    def moved(self, each: Moved) -> Sentence:
        """Return that a version reached an environment."""
        writer, last, first = self._writer, each.last, each.first
        again = " again" if last.kind == "return" else ""
        parts = [*self._subject(last), Part(" reached "), *self._place_time(last, again)]
        if each.earlier:
            shown = [writer.version(one).text for one in each.earlier[:_VERSIONS_SHOWN]]
            more = len(each.earlier) - len(shown)
            words = joined([*shown, *([f"{more:,} more"] if more else [])])
            parts.append(Part(f", after {words}"))
        return (*parts, Part(f" ({self._was(first)})"))

    def _was(self, first: Happening) -> str:
        if not first.before:
            return "for the first time"
        old = joined([self._writer.version(each).text for each in first.before])
        if not first.before_since:
            return f"was {old}"
        return f"was {old} for {self._writer.duration(first.before_since, first.at)}"

    def taken_back(self) -> Iterator[tuple[str, Sentence]]:
        """Yield what was rolled back, removed and declared a mistake."""
        report = self._report
        for each in report.rolled_back:
            yield each.product, self._rolled_back(each)
        for each in report.removed:
            yield each.product, self._removed(each)
        for each in report.void:
            yield each.product, self._void(each)

    def _rolled_back(self, each: Happening) -> Sentence:
        writer = self._writer
        old = joined([writer.version(one).text for one in each.before])
        ran = ""
        if each.before_since:
            ran = f", which had run for {writer.duration(each.before_since, each.at)},"
        return (
            writer.product(each.product),
            Part(" was "),
            Part("rolled back", "mark", ("rollback",)),
            Part(f" from {old}{ran} to " if old else " to "),
            writer.version(each.version, each.product, each.id, each.began),
            Part(" in "),
            *self._place_time(each),
            *_reason(each.reason),
            *_taken(each, old),
        )

    def _removed(self, each: Happening) -> Sentence:
        writer = self._writer
        old = joined([writer.version(one).text for one in each.before or (each.version,) if one])
        ran = ""
        if each.before_since:
            ran = f" (it had run for {writer.duration(each.before_since, each.at)})"
        return (
            writer.product(each.product),
            Part(" "),
            writer.version(old or "(nothing ran)", each.product, each.id, each.began),
            Part(" was "),
            Part("removed", "mark", ("undeployed",)),
            Part(" from "),
            *self._place_time(each),
            Part(ran),
            *_reason(each.reason),
        )

    def _void(self, each: Happening) -> Sentence:
        writer = self._writer
        verb = "The undeployment of " if each.kind == "undeployment" else "The deployment of "
        where = " from " if each.kind == "undeployment" else " to "
        return (
            Part(verb),
            *self._subject(each),
            Part(where),
            writer.place(each.environment, each.instance),
            Part(f" of {writer.moment(each.began)} was "),
            Part("declared a mistake", "mark", ("void",)),
            Part(" "),
            writer.when(each.at),
            *_reason(each.reason),
        )

    def failures(self) -> Iterator[tuple[str, Sentence]]:
        """Yield what failed or was cancelled in the time."""
        for each in self._report.failed:
            yield each.happening.product, self._failure(each)

    def _failure(self, each: Failure) -> Sentence:
        found = each.happening
        verb = "failed" if found.status == "failed" else "was cancelled"
        return (
            *self._subject(found),
            Part(" "),
            Part(verb, "mark", (found.status,)),
            Part(" in "),
            *self._place_time(found),
            *_reason(found.reason),
            Part(self._end(each)),
        )

    def _end(self, each: Failure) -> str:
        if each.is_still is None:
            return ""
        return f". {self._since_then(each.running) if each.is_still else 'Fixed since then.'}"

    def _since_then(self, running: str) -> str:
        runs = (
            f"{self._writer.version(running).text} runs there" if running else "Nothing runs there"
        )
        return f"{runs}, and nothing has completed since."

    def failing(self) -> Iterator[tuple[str, Sentence]]:
        """Yield what failed before the time, and still stands as the last result."""
        for each in self._report.failing:
            yield each.deployment.product, self._old_failure(each)

    def _old_failure(self, each: Failing) -> Sentence:
        writer, found = self._writer, each.deployment
        verb = "failed" if found.status == "failed" else "was cancelled"
        return (
            writer.product(found.product),
            Part(" "),
            writer.version(found.version, found.product, found.id, found.at),
            Part(" "),
            Part(verb, "mark", (found.status,)),
            Part(" in "),
            writer.place(found.environment, found.instance),
            Part(f" {writer.duration(found.changed_at)} ago. {self._since_then(each.running)}"),
        )

    def waits(self) -> Iterator[tuple[str, Sentence]]:
        """Yield what is in progress, has no result or needs approvals."""
        for each in self._report.waiting:
            yield each.deployment.product, self._waiting(each)
        for request in self._report.requests:
            yield next(iter(request.request.versions), ""), self._request(request)

    def _waiting(self, each: Waiting) -> Sentence:
        writer, found = self._writer, each.deployment
        verbs = {"started": "is being deployed", "pending": "waits to be deployed"}
        verb = verbs.get(each.status, "was started")
        since = f"for {writer.duration(found.at)}"
        end = f" {since} without a result" if each.status == "no result" else f", {since}"
        return (
            writer.product(found.product),
            Part(" "),
            writer.version(found.version, found.product, found.id, found.at),
            Part(" "),
            Part(verb, "mark", (each.status,)),
            Part(" in " if each.status == "no result" else " to "),
            writer.place(found.environment, found.instance),
            Part(end),
        )

    def _request(self, detail: RequestDetail) -> Sentence:
        request = detail.request
        versions = joined([f"{name} {version}" for name, version in request.versions.items()])
        lacks = f" needs {joined(detail.lacks)}" if detail.lacks else f" is {detail.state}"
        return (
            Part("Request "),
            Part(request.title or request.name, "request", (request.name,)),
            Part(f" for {versions}{lacks}"),
        )

    def closed(self, window: ClosedWindow) -> Sentence:
        """Return until when environments are closed, or from when."""
        writer = self._writer
        names = joined([writer.place(each).text for each in window.environments])
        names = names[:1].upper() + names[1:]
        many = len(window.environments) > 1
        until = f"until {writer.moment(window.end)}" if window.end else "without an end"
        verb = "are" if many else "is"
        text = f" {verb} closed {until}"
        if not window.is_now:
            text = f" {'close' if many else 'closes'} {writer.moment(window.start)} {until}"
        why = f" ({window.reason})" if window.reason else ""
        return (Part(names), Part(f"{text}: {window.title}{why}"))

    def lags(self, found: Sequence[Lag]) -> Iterator[tuple[str, Sentence]]:
        """Yield the versions that are stuck, or not in production yet."""
        for each in found:
            yield each.product, lag_sentence(each, self._writer)

    def dormant(self, found: Sequence[Lag]) -> Sentence:
        """Return the versions that have been stuck for over a year, in one sentence."""
        parts: list[Part] = []
        for each in found[:_PRODUCTS_SHOWN]:
            text = f" {self._writer.version(each.version).text} in "
            place = self._writer.place(each.source)
            parts += [Part(", " if parts else ""), self._writer.product(each.product)]
            parts += [Part(text + place.text)]
        more = len(found) - _PRODUCTS_SHOWN
        return (*parts, Part(f" and {more:,} more")) if more > 0 else tuple(parts)

    def other(self, each: OtherPlace) -> Sentence:
        """Return what came to an environment that is not production."""
        writer = self._writer
        parts: list[Part] = [
            writer.place(each.environment),
            Part(f": {count(each.deployments, 'deployment')}"),
        ]
        shown = each.moved[:_PRODUCTS_SHOWN]
        for number, (product, version) in enumerate(shown):
            parts += [Part(": " if not number else ", "), writer.product(product)]
            parts.append(Part(f" {writer.version(version).text}"))
        if len(each.moved) > len(shown):
            parts.append(Part(f" and {count(len(each.moved) - len(shown), 'more product')}"))
        return tuple(parts)

    def _subject(self, each: Happening) -> tuple[Part, ...]:
        version = each.version or joined(each.before)
        row = self._writer.version(version, each.product, each.id, each.began)
        return self._writer.product(each.product), Part(" "), row

    def _place_time(self, each: Happening, again: str = "") -> Iterator[Part]:
        yield self._writer.place(each.environment, each.instance)
        yield Part(f"{again} ")
        yield self._writer.when(each.at)
        if each.by:
            yield Part(", by ")
            yield Part(each.by, "person", (each.by,))


def lag_sentence(lag: Lag, writer: Writer) -> Sentence:
    """Return that a version is in an environment and not in production, and why."""
    source, target = writer.place(lag.source), writer.place(lag.target, lag.instance)
    parts = [
        writer.product(lag.product),
        Part(" "),
        writer.version(lag.version),
        Part(f" has been in {source.text} for {writer.duration(lag.since)} and is not in "),
        target,
    ]
    if lag.running:
        running = writer.version(lag.running).text
        parts.append(Part(f" ({running} for {writer.duration(lag.running_since)}"))
        behind = f", {count(lag.commits, 'commit')} behind" if lag.commits else ""
        parts.append(Part(f"{behind})"))
    else:
        parts.append(Part(" (nothing runs there)"))
    if lag.reasons:
        parts.append(Part(f": {why_text(lag, writer)}"))
    return tuple(parts)


def why_text(lag: Lag, writer: Writer) -> str:
    """Return why a version is not in production, as far as the registry says."""
    return "; ".join(_why(each, writer) for each in lag.reasons)


def _why(reason: LagReason, writer: Writer) -> str:
    said = f" ({reason.text})" if reason.text else ""
    day = writer.moment(reason.at) if reason.at else ""
    until = f"until {day}" if day else "without an end"
    return {
        "deprecated": "the product is deprecated",
        "blocked": f"the version is blocked{said}",
        "rejected": f"the version was rejected{said}",
        "rolled back": f"it was rolled back from there on {day}",
        "failed": f"its deployment failed on {day}",
        "in progress": f"it is being deployed since {day}",
        "closed": f"closed {until}",
        "request": f"request {reason.text}",
    }[reason.code]


def _taken(each: Happening, old: str) -> tuple[Part, ...]:
    """Return what a rollback took away beside the version that it names already."""
    return (Part(f". It took away {each.taken}"),) if each.taken not in ("", old) else ()


def _reason(reason: str) -> tuple[Part, ...]:
    text = " ".join(reason.split())
    return (Part(f": {text if len(text) <= 160 else text[:159].rstrip() + '…'}"),) if text else ()
