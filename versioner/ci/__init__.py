"""Read what a CI system says of the run that we are part of; the only place that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.ci.presence import is_ci, system_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.ci.detection import DetectedRun

__all__ = ["DetectedRun", "detect", "is_ci"]


def detect(environ: Mapping[str, str]) -> DetectedRun | None:
    """Read the CI system that these variables are of; None outside of any that is known."""
    name = system_of(environ)
    if not name:
        return None
    # Imported here, because it is needed only in a CI job.
    from versioner.ci.detection import read_run

    return read_run(name, environ)


def __getattr__(name: str) -> Any:
    if name == "DetectedRun":
        from versioner.ci.detection import DetectedRun

        return DetectedRun
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
