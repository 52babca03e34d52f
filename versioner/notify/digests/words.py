"""A digest in plain words: lines of text, and HTML for a mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from versioner.git.process import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.notify.digests.digest import Digest, Moved

__all__ = ["digest_html", "digest_lines", "digest_text", "digest_title"]

_SHOWN = 20


class Section(NamedTuple):
    """A heading and the lines below it."""

    heading: str
    lines: list[str]


def digest_title(digest: Digest) -> str:
    """Return the title: of whom, and of which days."""
    whose = digest.team or digest.title
    return printable(f"{whose}: deployments from {_day(digest.since)} to {_last_day(digest.until)}")


def digest_text(digest: Digest) -> str:
    """Return the title and the lines."""
    return "\n".join([digest_title(digest), "", *digest_lines(digest)])


def digest_lines(digest: Digest) -> list[str]:
    """Return the lines: a sentence, then a paragraph for each section."""
    lines = [_summary(digest)]
    for section in _sections(digest):
        lines += ["", section.heading, *(f"- {each}" for each in section.lines)]
    if digest.url:
        lines += ["", digest.url]
    return [printable(each) if each else "" for each in lines]


def digest_html(digest: Digest) -> str:
    """Return a whole HTML document without scripts, styles and pictures."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(digest_title(digest))}</title></head><body>",
        f"<h1>{escape(digest_title(digest))}</h1><p>{escape(_summary(digest))}</p>",
    ]
    for section in _sections(digest):
        items = "".join(f"<li>{escape(printable(each))}</li>" for each in section.lines)
        parts.append(f"<h2>{escape(section.heading)}</h2><ul>{items}</ul>")
    if digest.url:
        parts.append(f'<p><a href="{escape(digest.url)}">{escape(digest.url)}</a></p>')
    return "\n".join([*parts, "</body></html>"])


def _summary(digest: Digest) -> str:
    products = _number(digest.products, "product")
    if digest.is_quiet:
        return f"Nothing was deployed ({products}), and nothing waits."
    done = _number(digest.completed, "deployment")
    text = f"{done} of {_number(digest.active, 'product')} succeeded"
    text += f" ({_number(digest.rollbacks, 'rollback')})" if digest.rollbacks else ""
    was = "was" if digest.failed == 1 else "were"
    text += f", {digest.failed:,} failed or {was} cancelled" if digest.failed else ", none failed"
    return f"{text}. There are {products}." if digest.products != 1 else f"{text}."


def _sections(digest: Digest) -> Iterator[Section]:
    if digest.failed_last:
        yield _section("The last deployment failed", [_place(*each) for each in digest.failed_last])
    if digest.no_result:
        yield _section(
            "Started, and never heard of again", [_place(*each) for each in digest.no_result]
        )
    if digest.requests:
        yield _section(
            "Deployment requests that wait",
            [f"{name}: {lacks}" if lacks else name for name, lacks in digest.requests],
        )
    if digest.stuck:
        yield _section("What is stuck, and with whom", [*digest.stuck])
    if digest.moved:
        yield _section("What runs now that did not before", [*map(_moved, digest.moved)])
    if len(digest.busiest) > 1:
        yield _section(
            "Most often deployed",
            [f"{name}: {_number(number, 'time')}" for name, number in digest.busiest],
        )


def _section(heading: str, lines: list[str]) -> Section:
    more = len(lines) - _SHOWN
    return Section(heading, lines if more <= 0 else [*lines[:_SHOWN], f"and {more:,} more"])


def _moved(each: Moved) -> str:
    if not each.new:
        return f"{each.product} no longer runs in {each.place} (it was {each.old})"
    before = f", before {each.old}" if each.old else ", for the first time"
    return f"{each.product} {each.new} in {each.place}{before}"


def _place(product: str, place: str, version: str) -> str:
    return f"{product} {version} to {place}"


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _day(at: str) -> str:
    moment = datetime.fromisoformat(at)
    return f"{moment:%A} {moment.day} {moment:%B %Y}"


def _last_day(at: str) -> str:
    """Return the last day of a time that ends before a moment."""
    return _day((datetime.fromisoformat(at) - timedelta(seconds=1)).isoformat())
