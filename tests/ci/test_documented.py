"""The tables of versioner/docs/recording.md that say what is detected where."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from versioner.ci.event_file import EVENTS
from versioner.ci.presence import ALSO_PRESENT
from versioner.ci.systems.order import SYSTEMS

if TYPE_CHECKING:
    from versioner.ci.systems.form import System

DOCUMENTATION = Path(__file__).parents[2] / "versioner/docs/recording.md"


def alternative_text(alternative: str) -> str:
    condition, arrow, source = alternative.rpartition("=>")
    name, caret, prefix = source.partition("^")
    text = f"`{name}` after `{prefix}`" if caret else f"`{source}`"
    variable, _, value = condition.partition("=")
    return f"{text} if `{variable}` is `{value}`" if arrow else text


def reading_text(reading: str) -> str:
    return ", ".join(map(alternative_text, reading.split())) or "-"


def mark_text(mark: str) -> str:
    return f"`{mark}`"


def known_by(system: System) -> str:
    also = [marks for name, marks in ALSO_PRESENT if name == system.name]
    ways = [mark_text(system.present), *(" and ".join(map(mark_text, marks)) for marks in also)]
    return ", or ".join(ways)


def default_version(system: System) -> str:
    if system.version:
        return reading_text(system.version)
    text = "8 digits of the commit" if system.sha else ""
    otherwise = reading_text(system.otherwise) if system.otherwise else ""
    return ", else ".join(filter(None, [text, otherwise]))


def environment_text(system: System) -> str:
    tier = f"; type: {reading_text(system.tier)}" if system.tier else ""
    return reading_text(system.environment) + tier


def tables() -> str:
    """Return both tables, as the documentation has to have them."""
    facts = ["| system | known by | tag or release | else the version is | environment |"]
    source = ["| system | repository | commit | branch | person |"]
    facts.append("| --- | --- | --- | --- | --- |")
    source.append("| --- | --- | --- | --- | --- |")
    for system in SYSTEMS:
        cells = (
            known_by(system),
            reading_text(system.release),
            default_version(system),
            environment_text(system),
        )
        facts.append(f"| {system.name} | " + " | ".join(cells) + " |")
        read = map(reading_text, (system.repository, system.sha, system.branch, system.person))
        source.append(f"| {system.name} | " + " | ".join(read) + " |")
    return "\n".join([*facts, "", *source])


def test_the_documentation_says_what_is_detected_where() -> None:
    facts, source = tables().split("\n\n")
    text = DOCUMENTATION.read_text(encoding="utf-8")
    assert facts in text
    assert source in text


def test_the_documentation_names_the_events_whose_file_is_read() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    section = text[text.index("## What is detected") :]
    named = set(re.findall(r"`(\w+)`", section[: section.index("\n## ")]))
    assert set(EVENTS) <= named
