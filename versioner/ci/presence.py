"""Detect which CI system runs this job. Every start needs it, so it imports nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PRESENT", "system_of"]

# A variable, or `VARIABLE=value` (in any case). The order matters: Forgejo also sets the
# variables of Gitea, and both set those of GitHub.
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
    "drone": "DRONE=true",
    "teamcity": "TEAMCITY_VERSION",
    "aws-codebuild": "CODEBUILD_BUILD_ID",
}


def system_of(environ: Mapping[str, str]) -> str:
    """Return the name of the CI system that sets these variables, or ""."""
    return next((name for name, mark in PRESENT.items() if _is_present(mark, environ)), "")


def _is_present(condition: str, environ: Mapping[str, str]) -> bool:
    variable, equals, wanted = condition.partition("=")
    value = environ.get(variable, "").strip()
    return value.lower() == wanted if equals else value != ""
