"""Badges for other sites: the version that runs in an environment, and whether a product drifts.

Each one is an SVG that a screen reader can read, and a JSON file with the same facts for the
endpoint badge of shields.io.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.site.api.documents import json_bytes
from versioner.site.api.products import environments_of
from versioner.site.exports.former_names import environment_names, product_names
from versioner.site.exports.xml import attribute, markup, xml_text
from versioner.site.urls import badge
from versioner.site.wording import version_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.query.matrix import CellState
    from versioner.site.context import SiteContext

__all__ = ["badges_of", "svg", "text_width"]

# White text on each of them has a contrast of at least 4.5 to 1.
_GOOD: Final = "#1f7a4d"
_UNDER_WAY: Final = "#2159b8"
_BAD: Final = "#b3261e"
_WARNING: Final = "#8a5300"
_NOTHING: Final = "#606866"
_LABEL: Final = "#3d454a"

_COLOURS: Final = {
    "completed": _GOOD,
    "pending": _UNDER_WAY,
    "started": _UNDER_WAY,
    "failed": _BAD,
    "aborted": _WARNING,
    "no result": _WARNING,
    "undeployed": _NOTHING,
    "": _NOTHING,
}

# Advances of Verdana at 11 px, in tenths of a pixel. A browser without that font fits the text
# to the same width (`textLength`).
_ADVANCES: Final = {
    **dict.fromkeys("ijl'|", 31),
    **dict.fromkeys("Ift.,:;!/\\()[] ", 45),
    **dict.fromkeys("rsz-J", 55),
    **dict.fromkeys("acekvxy", 65),
    **dict.fromkeys("bdghnopqu0123456789_$?", 70),
    **dict.fromkeys("ABCEFKLPRSTVXYZ*", 76),
    **dict.fromkeys("DGHNOQU&+=<>~^#", 88),
    **dict.fromkeys("mwMW@%", 108),
}
_OTHERS: Final = 70
_WIDE: Final = 115
_PADDING: Final = 6
_LONGEST: Final = 40


class _Badge(NamedTuple):
    product: str
    environment: str
    label: str
    message: str
    colour: str


def badges_of(context: SiteContext, product: str) -> Iterator[tuple[str, bytes]]:
    """Yield a product's badges with their paths: one for each environment, and its drift.

    They have a path for each name that the product and the environment have or had.
    """
    for each in _badges(context, product):
        picture = svg(each.label, each.message, each.colour).encode("utf-8")
        shield = {
            "schemaVersion": 1,
            "label": _shortened(each.label),
            "message": _shortened(each.message),
            "color": each.colour,
        }
        facts = json_bytes(shield)
        for name in product_names(context, product):
            for place in environment_names(context, each.environment):
                yield badge(name, place, "svg"), picture
                yield badge(name, place, "json"), facts


def svg(label: str, message: str, colour: str) -> str:
    """Return a badge as SVG; a screen reader reads the text that it shows."""
    label, message = _shortened(label), _shortened(message)
    left, right = text_width(label) + 2 * _PADDING, text_width(message) + 2 * _PADDING
    name = f"{label}: {message}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" '
        f'viewBox="0 0 {left + right} 20" role="img" aria-label="{attribute(name)}">'
        f"<title>{markup(name)}</title>"
        f'<rect width="{left + right}" height="20" rx="4" fill="{_LABEL}"/>'
        f'<path fill="{colour}" '
        f'd="M{left} 0h{right - 4}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4h-{right - 4}z"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" '
        'aria-hidden="true">'
        f"{_words(_PADDING, label)}{_words(left + _PADDING, message)}</g></svg>\n"
    )


def text_width(text: str) -> int:
    """Return the approximate width of a text at 11 px, in pixels; never 0."""
    tenths = sum(_ADVANCES.get(each, _WIDE if ord(each) >= 0x1100 else _OTHERS) for each in text)
    return max(1, -(-tenths // 10))


def _badges(context: SiteContext, product: str) -> Iterator[_Badge]:
    for environment in environments_of(context, product):
        state = context.state(product, environment)
        message = _message(state)
        beside = state.status if state.status not in ("completed", "undeployed", "") else ""
        message += f" ({beside})" if beside else ""
        yield _Badge(product, environment, environment, message, _COLOURS[state.status])
    drifting = product in context.drifting
    running = any(cell.versions for cell in context.record(product).cells.values())
    word = "drifting" if drifting else "in step" if running else "not deployed"
    colour = _WARNING if drifting else _GOOD if running else _NOTHING
    yield _Badge(product, "", product, word, colour)


def _message(state: CellState) -> str:
    """Return the version that runs, or those of a mixed cell, the most that a badge shows."""
    if not state.versions:
        return "undeployed" if state.since else "not deployed"
    if not state.mixed:
        return version_text(state.version)
    message = f"mixed: {', '.join(map(version_text, state.versions))}"
    return message if len(message) <= _LONGEST else f"mixed: {len(state.versions)} versions"


def _words(x: int, text: str) -> str:
    return f'<text x="{x}" y="14" textLength="{text_width(text)}">{markup(text)}</text>'


def _shortened(text: str) -> str:
    text = " ".join(xml_text(text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
