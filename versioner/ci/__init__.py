"""Read what a CI system says of the run that we are part of; the only place that reads it."""

from versioner.ci.detection import Detected, detect

__all__ = ["Detected", "detect"]
