"""A plot of cost against the number of events, as SVG for light and dark pages."""

from __future__ import annotations

import math
from html import escape
from typing import Any

__all__ = ["PLOTTED", "plot"]

# What is drawn, with the number of its colour.
PLOTTED = {
    "help": ("versioner --help", 0),
    "status --product X": ("status --product X", 1),
    "deployment list --limit 20": ("deployment list --limit 20", 2),
    "track, bare": ("track, bare repository", 3),
    "status": ("status of all", 4),
    "validate, warm": ("validate, warm", 5),
    "site after an event": ("site after one event", 6),
    "site, cold": ("site, cold", 7),
}
_LIGHT = ("#57606a", "#0a5fc4", "#1a7f37", "#8250df", "#bc4c00", "#9a6700", "#bf3989", "#cf222e")
_DARK = ("#8b949e", "#58a6ff", "#56d364", "#d2a8ff", "#ffa657", "#e3b341", "#ff9bce", "#ff7b72")
_DASHES = ("2 4", "", "8 3", "", "8 3 2 3", "4 2", "", "12 4")
_WIDTH, _HEIGHT = 900, 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 640, 50, 420


def plot(found: list[dict[str, Any]]) -> str:
    """Return an SVG of the processors' times, by the results of a run in plain form.

    Other work on the machine distorts them less than the times that passed.
    """
    lines = {
        key: sorted(
            (each["events"], each["processor_seconds"])
            for each in found
            if each["operation"] == key and each["processor_seconds"]
        )
        for key in PLOTTED
    }
    lines = {key: points for key, points in lines.items() if points}
    values = [seconds for points in lines.values() for _, seconds in points]
    sizes = [events for points in lines.values() for events, _ in points]
    if not values:
        raise SystemExit("nothing that is plotted was measured")
    low, high = _decades(values)
    first, last = _decades(sizes)
    body = [*_grid(low, high, first, last)]
    labels = _spread({key: _y(points[-1][1], low, high) for key, points in lines.items()})
    for key, points in lines.items():
        body += _line(key, [(_x(e, first, last), _y(s, low, high)) for e, s in points], labels[key])
    return _document(body, _words(lines))


def _decades(values: list[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) - 0.02)
    return low, max(high, low + 1)


def _x(events: float, first: int, last: int) -> float:
    part = (math.log10(events) - first) / (last - first)
    return _LEFT + part * (_RIGHT - _LEFT)


def _y(seconds: float, low: int, high: int) -> float:
    return _BOTTOM - (math.log10(seconds) - low) / (high - low) * (_BOTTOM - _TOP)


def _grid(low: int, high: int, first: int, last: int) -> list[str]:
    out = []
    for power in range(low, high + 1):
        y = _y(10**power, low, high)
        said = f"{10**power:g} s" if power >= 0 else f"{10 ** (power + 3):g} ms"
        out.append(f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{said}</text>')
    for power in range(first, last + 1):
        x = _x(10**power, first, last)
        out.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_BOTTOM}"/>')
        out.append(
            f'<text x="{x:.1f}" y="{_BOTTOM + 20}" text-anchor="middle">{10**power:,}</text>'
        )
    middle = (_LEFT + _RIGHT) / 2
    out.append(f'<text x="{middle}" y="{_BOTTOM + 42}" text-anchor="middle">events</text>')
    return out


def _spread(places: dict[str, float], apart: float = 17) -> dict[str, float]:
    """Return places of labels that do not lie on each other."""
    out: dict[str, float] = {}
    lowest = -math.inf
    for key, y in sorted(places.items(), key=lambda each: each[1]):
        lowest = out[key] = max(y, lowest + apart)
    over = max(out.values()) - (_BOTTOM + 10)
    return {key: y - max(over, 0) for key, y in out.items()}


def _line(key: str, points: list[tuple[float, float]], label: float) -> list[str]:
    words, number = PLOTTED[key]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    end_x, end_y = points[-1]
    out = [f'<g class="c{number}"><polyline points="{path}" stroke-dasharray="{_DASHES[number]}"/>']
    out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points]
    out.append(
        f'<path class="to" d="M{end_x + 5:.1f} {end_y:.1f}L{_RIGHT + 22} {label:.1f}"/>'
        f'<text x="{_RIGHT + 28}" y="{label + 4:.1f}">{escape(words)}</text></g>'
    )
    return out


def _words(lines: dict[str, list[tuple[int, float]]]) -> str:
    """Return what the plot shows, for readers who do not see it."""
    parts = []
    for key, points in lines.items():
        said = ", ".join(f"{seconds:.2f} s at {events:,} events" for events, seconds in points)
        parts.append(f"{PLOTTED[key][0]}: {said}.")
    return " ".join(parts)


def _document(body: list[str], words: str) -> str:
    light = "".join(f".c{n}{{--c:{colour}}}" for n, colour in enumerate(_LIGHT))
    dark = "".join(f".c{n}{{--c:{colour}}}" for n, colour in enumerate(_DARK))
    style = (
        "svg{background:#fff}text{font:13px system-ui,sans-serif;fill:#1f2328}"
        ".grid{stroke:#d0d7de}polyline{fill:none;stroke:var(--c);stroke-width:2}"
        "circle{fill:var(--c)}.to{stroke:var(--c);opacity:.5}g text{fill:var(--c)}"
        f"{light}@media(prefers-color-scheme:dark){{svg{{background:#0d1117}}"
        f"text{{fill:#e6edf3}}g text{{fill:var(--c)}}.grid{{stroke:#30363d}}{dark}}}"
    )
    title = "Processor time of whole processes against the number of events"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'aria-labelledby="title desc">\n'
        f'<title id="title">{title}</title>\n<desc id="desc">{escape(words)}</desc>\n'
        f"<style>{style}</style>\n"
        f'<text x="{_LEFT}" y="28" font-weight="bold">{title} (both axes logarithmic)</text>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )
