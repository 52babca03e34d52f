"""The folder into which a CI system checks out the source of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["workspace"]

# By system; a variable of another system is not set, or names the same folder.
_VARIABLES: Final = (
    "GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BITBUCKET_CLONE_DIR", "BUILD_SOURCESDIRECTORY",
    "BUILDKITE_BUILD_CHECKOUT_PATH", "CIRCLE_WORKING_DIRECTORY", "CODEBUILD_SRC_DIR",
    "APPVEYOR_BUILD_FOLDER", "BITRISE_SOURCE_DIR", "SEMAPHORE_GIT_DIR", "TRAVIS_BUILD_DIR",
    "DRONE_WORKSPACE", "CI_WORKSPACE", "WORKSPACE",
)  # fmt: skip


def workspace(environ: Mapping[str, str]) -> str:
    """Return the absolute path of the folder, "" where no variable names one."""
    named = (environ.get(name, "").strip() for name in _VARIABLES)
    return next((path for path in named if path.startswith("/") or path[1:3] in (":\\", ":/")), "")
