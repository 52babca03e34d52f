"""How a step reports to its CI system: as GitHub's steps do, which Gitea and Forgejo read too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.ci.cleaning import path

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OUTPUTS", "SUMMARY", "StepFiles", "reads_annotations", "step_files"]

SUMMARY: Final = "GITHUB_STEP_SUMMARY"
OUTPUTS: Final = "GITHUB_OUTPUT"


class StepFiles(NamedTuple):
    """The files that the CI system reads after the step, "" for none."""

    summary: str = ""
    outputs: str = ""


def step_files(environ: Mapping[str, str]) -> StepFiles:
    """Return the files for the summary and the outputs of this step."""
    return StepFiles(path(environ.get(SUMMARY, "")), path(environ.get(OUTPUTS, "")))


def reads_annotations(environ: Mapping[str, str]) -> bool:
    """Return whether the CI system shows the annotations that a step prints."""
    return environ.get("GITHUB_ACTIONS") == "true"
