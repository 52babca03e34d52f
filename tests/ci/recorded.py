"""Environments as they were recorded in jobs, and which variables of them a system reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from versioner.ci import DetectedRun, detect
from versioner.ci.systems import System

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent / "environments"
ENVIRONMENTS = sorted(FOLDER.glob("*.env"))


def environment(name: str) -> dict[str, str]:
    text = (FOLDER / f"{name}.env").read_text(encoding="utf-8")
    return dict(line.split("=", 1) for line in text.splitlines())


def detected(environ: Mapping[str, str]) -> DetectedRun:
    found = detect(environ)
    assert found is not None
    return found


def recorded_of(system: System) -> list[dict[str, str]]:
    """Return the environments that were recorded in jobs of a system."""
    found = [environment(path.stem) for path in ENVIRONMENTS]
    return [environ for environ in found if detected(environ).source_system == system.name]


def variables_of(system: System) -> list[str]:
    """Return the names of all variables that a system's readings hold.

    A variable that has to have one value, for the system to be known by it, can say nothing else.
    """
    readings = [
        reading
        for field, value in zip(System._fields, system, strict=True)
        if field not in ("name", "remote", "run_in_url") and "=" not in str(value)
        for reading in ([text for _, text in value] if field == "metadata" else [value])
    ]
    return sorted(set(re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", " ".join(readings))))
