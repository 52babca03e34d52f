"""The mail of a report, which the page, the command and the digest share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.query.today.words import quiet_text, report_title, sections_of, summary_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.query.today.report import LatestReport
    from versioner.query.today.sentences import Part, Writer
    from versioner.query.today.words import Section
    from versioner.site.views.parts.layout import View

__all__ = ["MAIL_TEMPLATE", "mail_of"]

MAIL_TEMPLATE: Final = "today_mail.html"
# Mail programs cut a mail of over 102 kB; a sentence with three links has about 500 bytes.
_SHOWN: Final = 25


def mail_of(
    found: LatestReport,
    writer: Writer,
    *,
    site_title: str,
    site: str,
    as_of: str,
    href: Callable[[Part], str] = lambda part: "",
) -> View:
    """Return the view of a mail; `href` returns the whole address that a part leads to, or "".

    `site` is the address of the page, "" where it is not known.
    """
    report = found.report
    title = report_title(report)
    return {
        "title": f"{site_title}: {title}",
        "site_title": site_title,
        "period": title,
        "zone": report.zone,
        "site": site,
        "as_of": as_of,
        "quiet": quiet_text(found),
        "summary": summary_of(report, writer),
        "sections": [_section(each, href) for each in sections_of(report, writer)],
    }


def _section(section: Section, href: Callable[[Part], str]) -> View:
    left, groups = _SHOWN, []
    for group in section.groups:
        shown = group.sentences[: max(0, left)]
        left -= len(shown)
        if shown:
            sentences = [[_part(part, href) for part in each] for each in shown]
            groups.append({"owner": group.owner or "No team", "sentences": sentences})
    return {
        "title": section.title,
        "number": section.total,
        "named": len(section.groups) > 1 or any(group.owner for group in section.groups),
        "groups": groups,
        "more": max(0, section.number - _SHOWN),
    }


def _part(part: Part, href: Callable[[Part], str]) -> View:
    return {"text": part.text, "href": href(part), "marked": part.role == "mark"}
