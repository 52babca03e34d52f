"""Reports of a day or a week in sentences, and of the versions that are stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.query.derived.running_versions import place_text
from versioner.query.today.document import lag_document, today_document
from versioner.query.today.sentences import text_of
from versioner.query.today.words import report_title, sections_of, summary_of
from versioner.reporting.delimited import Listing
from versioner.reporting.tables import Column, table
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import abbreviate, age_short, count, escaped_markdown, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from versioner.query.lag import Lag, LagPolicy
    from versioner.query.today.report import LatestReport
    from versioner.query.today.sentences import Part, Writer
    from versioner.reporting.text import TextLayout

__all__ = [
    "lag_json",
    "lag_listing",
    "lag_text",
    "today_json",
    "today_markdown",
    "today_text",
]

_LAG_COLUMNS: Final = (
    "product", "team", "version", "environment", "instance", "since", "days", "target", "running",
    "running_since", "commits_behind",
)  # fmt: skip


def today_text(layout: TextLayout, found: LatestReport, writer: Writer, quiet: str) -> str:
    """Return a report as text, each sentence a line; `quiet` says that the days are others."""
    report = found.report
    parts = [layout.heading(_heading(found))]
    parts += [*wrap(quiet, layout.width)] if quiet else []
    parts += wrap(summary_of(report, writer), layout.width)
    for section in sections_of(report, writer):
        parts += ["", layout.heading(f"{section.title} ({section.number})")]
        named = len(section.groups) > 1 or section.groups[0].owner
        for group in section.groups:
            if named:
                parts.append(layout.paint(clean(group.owner or "No team"), "dim"))
            for sentence in group.sentences:
                lines = wrap(text_of(sentence), layout.width - 4)
                parts += ["  - " + lines[0], *("    " + line for line in lines[1:])]
    return "\n".join(parts)


def today_markdown(found: LatestReport, writer: Writer, quiet: str) -> str:
    """Return a report as Markdown."""
    report = found.report
    parts = [f"## {escaped_markdown(_heading(found))}", ""]
    parts += [escaped_markdown(quiet), ""] if quiet else []
    parts.append(escaped_markdown(summary_of(report, writer)))
    for section in sections_of(report, writer):
        parts += [*([""] if parts[-1] else []), f"### {escaped_markdown(section.title)}", ""]
        named = len(section.groups) > 1 or section.groups[0].owner
        for group in section.groups:
            if named:
                parts += [f"**{escaped_markdown(group.owner or 'No team')}**", ""]
            parts += [f"- {markdown_of(each)}" for each in group.sentences]
            parts += [""] if named else []
    return "\n".join(parts).rstrip()


def markdown_of(sentence: Iterable[Part]) -> str:
    """Return a sentence as Markdown: products are bold, versions code."""
    return "".join(map(_marked, sentence))


def _marked(part: Part) -> str:
    if part.role == "product":
        return f"**{escaped_markdown(part.text)}**"
    if part.role == "version":
        return f"`{clean(part.text).replace('`', '')}`"
    return escaped_markdown(part.text)


def _heading(found: LatestReport) -> str:
    report = found.report
    whose = f"{report.team}: " if report.team else ""
    return f"{whose}{report_title(report)} ({report.zone})"


def today_json(found: LatestReport, writer: Writer, *, problems: int) -> str:
    """Return a report as JSON."""
    report = found.report
    return as_json(
        {"team": report.team or None, **today_document(found, writer), "problems": problems}
    )


def lag_text(
    layout: TextLayout, found: Sequence[Lag], policy: LagPolicy, days: int, why: Sequence[str]
) -> str:
    """Return the versions that are stuck as a table, the longest first; `why` are their reasons."""
    if not found:
        if not policy.target:
            return "There is no environment to which versions could go."
        return f"No version is stuck before {policy.target} for {count(days, 'day')} or more."
    columns = [
        Column("product", 9),
        Column("team"),
        Column("version", 9),
        Column("is in"),
        Column("for"),
        Column(f"{policy.target} runs", 9),
        Column("for"),
        Column("why", spare=True),
    ]
    rows = [
        [
            each.product,
            each.owner,
            abbreviate(each.version),
            place_text(each.source, each.instance),
            age_short(each.seconds),
            abbreviate(each.running) or "nothing",
            age_short(each.running_seconds) if each.running else "",
            reasons,
        ]
        for each, reasons in zip(found, why, strict=True)
    ]
    verb = "is" if len(found) == 1 else "are"
    since = f" for {count(days, 'day')} or more" if days else ""
    title = f"{count(len(found), 'version')} {verb} not in {policy.target}{since}"
    return f"{layout.heading(title)}\n\n{table(layout, columns, rows)}"


def lag_json(found: Sequence[Lag], policy: LagPolicy, days: int, *, problems: int) -> str:
    """Return the versions that are stuck as JSON."""
    document: dict[str, Any] = {
        "days": days,
        "from": list(policy.sources),
        "to": policy.target or None,
        "versions": [lag_document(each) for each in found],
        "problems": problems,
    }
    return as_json(document)


def lag_listing(found: Sequence[Lag]) -> Listing:
    """Return the versions that are stuck as rows."""
    return Listing((*_LAG_COLUMNS, "reasons"), map(lag_document, found))
