"""Report the results of the checks of `versioner doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.reporting.terminal import as_json, empty_as_null
from versioner.reporting.text import count, pad, text_width, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.doctor.checks import Check, Verdict
    from versioner.reporting.text import Style, TextLayout

__all__ = ["checks_json", "checks_text"]

# ASCII characters, because not every terminal and log has others.
_SIGNS: Final[dict[Verdict, tuple[str, Style]]] = {
    "ok": ("+", "good"),
    "note": ("-", "dim"),
    "warning": ("!", "drift"),
    "problem": ("x", "bad"),
}
_GAP: Final = "  "
_LEAST: Final = 30


def checks_text(layout: TextLayout, checks: Sequence[Check]) -> str:
    """Return each result with its remedy, and the number of problems and warnings."""
    names = max((text_width(check.name) for check in checks), default=0)
    words = max(len(f"{sign} {word}") for word, (sign, _) in _SIGNS.items())
    lines = [line for check in checks for line in _lines(layout, check, words, names)]
    return "\n".join([*lines, "", _closing(layout, checks)])


def checks_json(checks: Sequence[Check]) -> str:
    """Return the same as JSON with stable keys."""
    return as_json(
        {
            "checks": [empty_as_null(check._asdict()) for check in checks],
            "problems": _number(checks, "problem"),
            "warnings": _number(checks, "warning"),
        }
    )


def _lines(layout: TextLayout, check: Check, words: int, names: int) -> Iterator[str]:
    sign, style = _SIGNS[check.verdict]
    verdict = layout.paint(pad(f"{sign} {check.verdict}", words), style)
    indent = words + names + 2 * len(_GAP)
    # On a narrow terminal the message goes below the name.
    beside = layout.width - indent >= _LEAST
    room = layout.width - (indent if beside else len(_GAP))
    first = f"{verdict}{_GAP}{pad(check.name, names)}"
    lines = wrap(check.message, room)
    margin = " " * indent if beside else _GAP
    yield f"{first}{_GAP}{lines[0]}" if beside else first.rstrip()
    for line in lines[1:] if beside else lines:
        yield f"{margin}{line}"
    for line in wrap(f"-> {check.remedy}", room) if check.remedy else ():
        yield f"{margin}{layout.paint(line, 'bold' if check.verdict == 'problem' else '')}"


def _closing(layout: TextLayout, checks: Sequence[Check]) -> str:
    problems, warnings = _number(checks, "problem"), _number(checks, "warning")
    checked = count(len(checks), "check")
    if not problems and not warnings:
        return f"{layout.paint('No problems', 'good')}: {checked}."
    found = [count(problems, "problem")] if problems else ["no problem"]
    found += [count(warnings, "warning")] if warnings else []
    return f"{layout.paint(', '.join(found), 'bad' if problems else 'drift')}: {checked}."


def _number(checks: Sequence[Check], verdict: Verdict) -> int:
    return sum(check.verdict == verdict for check in checks)
