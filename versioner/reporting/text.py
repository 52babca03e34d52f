"""The layout of text: width, colours, and the forms of counts, times and ids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from versioner.reporting.terminal import clean

if TYPE_CHECKING:
    from versioner.models import Deployment, Undeployment

__all__ = [
    "STATUS_STYLES",
    "Span",
    "Style",
    "TextLayout",
    "abbreviate",
    "age_short",
    "ago",
    "count",
    "day",
    "escaped_markdown",
    "moment",
    "pad",
    "short_id",
    "shorten",
    "status_span",
    "text_width",
    "wrap",
]

Style = Literal["", "bold", "dim", "good", "bad", "busy", "drift", "struck"]

_CODES: Final[dict[Style, str]] = {
    "bold": "1",
    "dim": "2",
    "good": "32",
    "bad": "31",
    "busy": "36",
    "drift": "33",
    "struck": "2;9",
}

# A whole digest, or one shortened by `abbreviate`.
_DIGEST: Final = re.compile(r"[0-9a-f]{16,64}|[0-9a-f]{7,10}…")
_LEAST_DIGITS: Final = 7
_USUAL_DIGITS: Final = 10


class Span(NamedTuple):
    """A line of text and its style; the text must be clear without the style.

    `tail` is the end of the line, which is never cut.
    """

    text: str
    style: Style = ""
    tail: str = ""

    @property
    def width(self) -> int:
        """Return the number of columns of the whole line."""
        return text_width(self.text) + text_width(self.tail)


@dataclass(frozen=True, slots=True)
class TextLayout:
    """The width of the output in columns, and whether it may have colours."""

    width: int = 100
    colour: bool = False

    def paint(self, text: str, style: Style) -> str:
        """Return text with the escape codes of a style, if colours are on."""
        if not self.colour or not style or not text:
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"

    def heading(self, text: str) -> str:
        """Return a line that begins a part of the layout."""
        return "\n".join(self.paint(line, "bold") for line in wrap(text, self.width))

    def note(self, text: str) -> str:
        """Return a remark in a dim style, wrapped to the width."""
        return "\n".join(self.paint(line, "dim") for line in wrap(text, self.width))


@lru_cache(maxsize=8192)
def text_width(text: str) -> int:
    """Return the number of terminal columns of a line of text."""
    if text.isascii():
        return len(text)
    import unicodedata

    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) != 0 for letter in text)


def pad(text: str, width: int) -> str:
    """Return text filled up with spaces to a number of columns."""
    return text + " " * (width - text_width(text))


def abbreviate(text: str) -> str:
    """Return a version with its digests cut to the ten digits that tell them apart."""
    return _DIGEST.sub(lambda found: f"{found[0].rstrip('…')[:_USUAL_DIGITS]}…", text)


@lru_cache(maxsize=8192)
def shorten(text: str, width: int) -> str:
    """Return text cut to a number of columns: a digest's end first, else the middle, as `…`."""
    if text_width(text) <= width:
        return text
    digest = _DIGEST.search(text)
    if digest:
        kept = len(digest[0]) - (text_width(text) - width) - 1
        if kept >= _LEAST_DIGITS:
            return f"{text[: digest.start() + kept]}…{text[digest.end() :]}"
    if width < 2:
        return "…"[:width]
    return _keep_ends(text, width)


def wrap(text: str, width: int) -> list[str]:
    """Return free text wrapped to a width, with its line breaks and only safe characters.

    A longer word, such as a URL, stays whole.
    """
    import textwrap

    lines = []
    for line in text.expandtabs(4).splitlines() or [""]:
        lines += textwrap.wrap(
            clean(line), max(width, 20), break_on_hyphens=False, break_long_words=False
        ) or [""]
    return lines


def _keep_ends(text: str, width: int) -> str:
    tail = (width - 1) // 3
    head, end = text[: width - 1 - tail], text[len(text) - tail :]
    # Wide characters take two columns, so fewer of them fit.
    while text_width(head) + text_width(end) + 1 > width and head:
        head = head[:-1]
    return f"{head}…{end}"


def escaped_markdown(text: str) -> str:
    """Return a line of text whose characters have no meaning in Markdown."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", clean(text))


STATUS_STYLES: Final[dict[str, Style]] = {
    "completed": "good",
    "failed": "bad",
    "aborted": "drift",
    "pending": "busy",
    "started": "busy",
    "no result": "drift",
    "undeployed": "dim",
}

_UNITS: Final = (
    (2 * 365 * 86400, 365 * 86400, "y"),
    (60 * 86400, 30 * 86400, "mo"),
    (86400, 86400, "d"),
    (3600, 3600, "h"),
    (60, 60, "m"),
)

_ID_LENGTH: Final = 32
_SHORT_ID: Final = 12
_OWN_ID: Final = 14


def count(number: int, one: str, many: str = "") -> str:
    """Return a count: `1 product`, `80 products`, `93,309 deployments`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(at: str) -> str:
    """Return a time to the minute: `2026-11-22 10:15`."""
    return f"{at[:10]} {at[11:16]}" if at else ""


def day(at: str) -> str:
    """Return the date of a time: `2026-11-22`."""
    return at[:10]


def age_short(seconds: int) -> str:
    """Return an age for a narrow column: `now`, `5m`, `3h`, `12d`, `4mo`, `2y`."""
    for least, unit, name in _UNITS:
        if seconds >= least:
            return f"{seconds // unit}{name}"
    return "now"


def ago(seconds: int) -> str:
    """Return how long ago something was: `just now`, `3 days ago`."""
    from versioner.query.times.text import age_text

    return age_text(seconds) if seconds < 60 else f"{age_text(seconds)} ago"


def short_id(event_id: str) -> str:
    """Return the first characters of an id; a shortened --event-id ends in `…`."""
    if len(event_id) == _ID_LENGTH and all(c in "0123456789abcdef" for c in event_id):
        return event_id[:_SHORT_ID]
    return event_id if len(event_id) <= _OWN_ID else f"{event_id[: _OWN_ID - 1]}…"


def status_span(deployment: Deployment | Undeployment) -> Span:
    """Return the status of a deployment; a completed one may be a rollback or a redeployment."""
    if deployment.void is not None:
        return Span("void", "struck")
    is_usual = deployment.kind in ("deployment", "undeployment")
    word = deployment.status if is_usual else deployment.kind
    return Span(word, STATUS_STYLES[deployment.status])
