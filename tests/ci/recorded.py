"""Environments as they were recorded in jobs, and which variables of them a system reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from versioner.ci import DetectedRun, detect
from versioner.ci.presence import ALSO_PRESENT
from versioner.ci.systems.form import System

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent / "environments"
EVENTS = FOLDER.parent / "events"
ENVIRONMENTS = sorted(FOLDER.glob("*.env"))


def environment(name: str) -> dict[str, str]:
    """Return the variables of a recorded job; its event file is one of the folder `events`."""
    text = (FOLDER / f"{name}.env").read_text(encoding="utf-8")
    variables = dict(line.split("=", 1) for line in text.splitlines())
    if "GITHUB_EVENT_PATH" in variables:
        variables["GITHUB_EVENT_PATH"] = str(EVENTS / variables["GITHUB_EVENT_PATH"])
    return variables


def detected(environ: Mapping[str, str]) -> DetectedRun:
    found = detect(environ)
    assert found is not None
    return found


def recorded_of(system: System) -> list[dict[str, str]]:
    """Return the environments that were recorded in jobs of a system."""
    found = [environment(path.stem) for path in ENVIRONMENTS]
    return [environ for environ in found if detected(environ).source_system == system.name]


def marks_of(system: System) -> set[str]:
    """Return the names of the variables by which a system is known."""
    also = [mark for name, marks in ALSO_PRESENT if name == system.name for mark in marks]
    return {mark.partition("=")[0] for mark in (system.present, *also)}


def variables_of(system: System) -> list[str]:
    """Return the names of all variables that a system's readings hold.

    A variable that has to have one value, for the system to be known by it, can say nothing else.
    """
    readings = [
        reading
        for field, value in zip(System._fields, system, strict=True)
        if field not in ("name", "remote", "run_in_url") and "=" not in str(value).split("=>")[0]
        for reading in ([text for _, text in value] if field == "metadata" else [value])
    ]
    return sorted({name for reading in readings for name in variables_in(reading)})


def variables_in(reading: str) -> list[str]:
    """Return the names of the variables that a reading is of."""
    found = []
    for alternative in reading.split():
        condition, arrow, source = alternative.rpartition("=>")
        found += [condition.partition("=")[0]] if arrow else []
        found += re.findall(r"\{(\w+)\}", source) or [source.partition("^")[0].partition("=")[0]]
    return found
