"""Detect which CI system runs this job. Every start needs it, so it imports nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ALSO_PRESENT", "PRESENT", "is_ci", "system_of"]

# A variable, `VARIABLE=value` (in any case), or `VARIABLE=prefix*`. The order matters: Forgejo also
# sets the variables of Gitea, both set those of GitHub, and Harness sets those of Drone.
PRESENT: Final[dict[str, str]] = {
    "forgejo": "FORGEJO_ACTIONS=true",
    "gitea": "GITEA_ACTIONS=true",
    "github": "GITHUB_ACTIONS=true",
    "gitlab": "GITLAB_CI=true",
    "jenkins": "JENKINS_URL",
    "circleci": "CIRCLECI=true",
    "bitbucket": "BITBUCKET_BUILD_NUMBER",
    "azure-devops": "TF_BUILD=true",
    "travis": "TRAVIS=true",
    "rundeck": "RD_JOB_ID",
    "buildkite": "BUILDKITE=true",
    "woodpecker": "CI=woodpecker",
    "harness": "HARNESS_EXECUTION_ID",
    "drone": "DRONE=true",
    "teamcity": "TEAMCITY_VERSION",
    "aws-codebuild": "CODEBUILD_BUILD_ID",
    "semaphore": "SEMAPHORE=true",
    "appveyor": "APPVEYOR=true",
    "bamboo": "bamboo_agentId",
    "gocd": "GO_PIPELINE_COUNTER",
    "codefresh": "CF_BUILD_URL",
}

# What else tells a system, where none of the above is set; all conditions of a row must hold. An
# administrator of Jenkins may have set no URL, and an image of Jenkins sets JENKINS_HOME anywhere.
ALSO_PRESENT: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("woodpecker", ("CI_SYSTEM_NAME=woodpecker",)),
    ("jenkins", ("BUILD_TAG=jenkins-*",)),
    ("jenkins", ("JENKINS_HOME", "BUILD_NUMBER")),
)

_NOT_CI: Final = ("", "false", "0", "no", "off")


def system_of(environ: Mapping[str, str]) -> str:
    """Return the name of the CI system that sets these variables, or ""."""
    for name, mark in PRESENT.items():
        if _is_present(mark, environ):
            return name
    for name, marks in ALSO_PRESENT:
        if all(_is_present(mark, environ) for mark in marks):
            return name
    return ""


def is_ci(environ: Mapping[str, str]) -> bool:
    """Return whether this is a job of a CI system, if only because the variable CI says so."""
    return environ.get("CI", "").strip().lower() not in _NOT_CI or system_of(environ) != ""


def _is_present(condition: str, environ: Mapping[str, str]) -> bool:
    variable, equals, wanted = condition.partition("=")
    value = environ.get(variable, "").strip().lower()
    if wanted.endswith("*"):
        return value.startswith(wanted[:-1])
    return value == wanted if equals else value != ""
