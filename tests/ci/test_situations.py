"""Each CI system in each situation: the commit, branch, version and environment it is about.

A row begins with the variables of a recorded push, and names those that its system sets in the
situation, as its documentation says. A value "-" is not set.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.ci.recorded import detected, environment
from versioner.ci.event_file import EVENTS
from versioner.ci.presence import is_ci
from versioner.ci.systems.order import SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEAD, MERGE, TIP = "e" * 40, "c" * 40, "7" * 40
TAG = "v3.1.0"

# By system: the recorded push, and what its variables say in the other situations.
PUSHES = {
    "github": "github-push",
    "gitea": "gitea-matrix-rerun",
    "forgejo": "forgejo-push",
    "gitlab": "gitlab-branch",
    "jenkins": "jenkins-multibranch-main",
    "circleci": "circleci-branch",
    "bitbucket": "bitbucket-branch-rerun",
    "azure-devops": "azure-branch-rerun",
    "travis": "travis-push",
    "rundeck": "rundeck-job",
    "buildkite": "buildkite-pull-request",
    "woodpecker": "woodpecker-tag",
    "harness": "harness-tag",
    "drone": "drone-push",
    "teamcity": "teamcity-build",
    "aws-codebuild": "codebuild-webhook-tag",
    "semaphore": "semaphore-promotion",
    "appveyor": "appveyor-pull-request",
    "bamboo": "bamboo-pull-request",
    "gocd": "gocd-pipeline",
    "codefresh": "codefresh-push",
}

# (system, variables, expected): where the expectation has no value for a key, it is as in the push.
_GITHUB_TAG = {"GITHUB_REF": f"refs/tags/{TAG}", "GITHUB_REF_NAME": TAG, "GITHUB_REF_TYPE": "tag"}
_TAGS: list[tuple[str, dict[str, str]]] = [
    ("github", _GITHUB_TAG),
    ("gitea", _GITHUB_TAG),
    ("forgejo", {"GITHUB_REF": f"refs/tags/{TAG}", "GITHUB_REF_NAME": TAG}),
    ("gitlab", {"CI_COMMIT_TAG": TAG, "CI_COMMIT_REF_NAME": TAG, "CI_COMMIT_BRANCH": "-"}),
    ("jenkins", {"TAG_NAME": TAG, "BRANCH_NAME": TAG, "GIT_BRANCH": TAG}),
    ("jenkins", {"GIT_BRANCH": f"refs/tags/{TAG}", "BRANCH_NAME": "-"}),
    ("circleci", {"CIRCLE_TAG": TAG, "CIRCLE_BRANCH": "-"}),
    ("bitbucket", {"BITBUCKET_TAG": TAG, "BITBUCKET_BRANCH": "-"}),
    ("azure-devops", {"BUILD_SOURCEBRANCH": f"refs/tags/{TAG}", "BUILD_SOURCEBRANCHNAME": TAG}),
    ("travis", {"TRAVIS_TAG": TAG, "TRAVIS_BRANCH": TAG}),
    ("buildkite", {"BUILDKITE_TAG": TAG, "BUILDKITE_BRANCH": TAG}),
    ("woodpecker", {"CI_COMMIT_TAG": TAG, "CI_COMMIT_BRANCH": "-"}),
    ("harness", {"DRONE_TAG": TAG, "DRONE_SOURCE_BRANCH": f"refs/tags/{TAG}"}),
    ("drone", {"DRONE_TAG": TAG, "DRONE_COMMIT_REF": f"refs/tags/{TAG}"}),
    ("teamcity", {"BUILD_VCS_BRANCH": f"refs/tags/{TAG}"}),
    (
        "aws-codebuild",
        {
            "CODEBUILD_WEBHOOK_HEAD_REF": f"refs/tags/{TAG}",
            "CODEBUILD_WEBHOOK_TRIGGER": f"tag/{TAG}",
        },
    ),
    (
        "semaphore",
        {
            "SEMAPHORE_GIT_TAG_NAME": TAG,
            "SEMAPHORE_GIT_REF_TYPE": "tag",
            "SEMAPHORE_GIT_WORKING_BRANCH": "-",
        },
    ),
    (
        "appveyor",
        {
            "APPVEYOR_REPO_TAG": "true",
            "APPVEYOR_REPO_TAG_NAME": TAG,
            "APPVEYOR_REPO_BRANCH": TAG,
            "APPVEYOR_PULL_REQUEST_HEAD_COMMIT": "-",
            "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH": "-",
        },
    ),
    ("bamboo", {"bamboo_deploy_release": TAG, "bamboo_deploy_environment": "QA"}),
    ("codefresh", {"CF_RELEASE_TAG": TAG, "CF_BRANCH": TAG}),
]

_PULL_REQUESTS: list[tuple[str, dict[str, str]]] = [
    (
        "gitlab",
        {
            "CI_COMMIT_SHA": MERGE,
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD,
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature/x",
            "CI_COMMIT_REF_NAME": "refs/merge-requests/4/merge",
        },
    ),
    (
        "gitlab",
        {
            "CI_COMMIT_SHA": HEAD,
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature/x",
            "CI_COMMIT_REF_NAME": "refs/merge-requests/4/head",
        },
    ),
    (
        "jenkins",
        {"GIT_COMMIT": HEAD, "CHANGE_BRANCH": "feature/x", "BRANCH_NAME": "PR-4", "CHANGE_ID": "4"},
    ),
    (
        "jenkins",
        {"GIT_COMMIT": MERGE, "ghprbActualCommit": HEAD, "ghprbSourceBranch": "feature/x"},
    ),
    (
        "jenkins",
        {
            "GIT_COMMIT": MERGE,
            "gitlabMergeRequestLastCommit": HEAD,
            "gitlabSourceBranch": "feature/x",
        },
    ),
    ("circleci", {"CIRCLE_SHA1": HEAD, "CIRCLE_BRANCH": "feature/x", "CIRCLE_PR_NUMBER": "4"}),
    (
        "bitbucket",
        {"BITBUCKET_COMMIT": HEAD, "BITBUCKET_BRANCH": "feature/x", "BITBUCKET_PR_ID": "4"},
    ),
    (
        "azure-devops",
        {
            "BUILD_SOURCEVERSION": MERGE,
            "BUILD_SOURCEBRANCH": "refs/pull/4/merge",
            "SYSTEM_PULLREQUEST_SOURCECOMMITID": HEAD,
            "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/feature/x",
        },
    ),
    (
        "travis",
        {
            "TRAVIS_COMMIT": MERGE,
            "TRAVIS_PULL_REQUEST": "4",
            "TRAVIS_PULL_REQUEST_SHA": HEAD,
            "TRAVIS_PULL_REQUEST_BRANCH": "feature/x",
        },
    ),
    ("buildkite", {"BUILDKITE_COMMIT": HEAD, "BUILDKITE_BRANCH": "feature/x"}),
    (
        "woodpecker",
        {
            "CI_COMMIT_SHA": HEAD,
            "CI_COMMIT_SOURCE_BRANCH": "feature/x",
            "CI_COMMIT_TAG": "-",
            "CI_PIPELINE_EVENT": "pull_request",
        },
    ),
    (
        "harness",
        {"DRONE_COMMIT_SHA": HEAD, "DRONE_SOURCE_BRANCH": "feature/x", "DRONE_TAG": "-"},
    ),
    (
        "drone",
        {
            "DRONE_COMMIT_SHA": HEAD,
            "DRONE_BUILD_EVENT": "pull_request",
            "DRONE_SOURCE_BRANCH": "feature/x",
        },
    ),
    ("teamcity", {"BUILD_VCS_NUMBER": HEAD, "BUILD_VCS_BRANCH": "refs/heads/feature/x"}),
    (
        "aws-codebuild",
        {
            "CODEBUILD_RESOLVED_SOURCE_VERSION": HEAD,
            "CODEBUILD_SOURCE_VERSION": "pr/4",
            "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/feature/x",
            "CODEBUILD_WEBHOOK_TRIGGER": "pr/4",
        },
    ),
    (
        "semaphore",
        {
            "SEMAPHORE_GIT_SHA": MERGE,
            "SEMAPHORE_GIT_PR_SHA": HEAD,
            "SEMAPHORE_GIT_PR_BRANCH": "feature/x",
        },
    ),
    (
        "appveyor",
        {
            "APPVEYOR_REPO_COMMIT": MERGE,
            "APPVEYOR_PULL_REQUEST_HEAD_COMMIT": HEAD,
            "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH": "feature/x",
        },
    ),
    (
        "bamboo",
        {"bamboo_planRepository_revision": HEAD, "bamboo_repository_pr_sourceBranch": "feature/x"},
    ),
    ("codefresh", {"CF_REVISION": HEAD, "CF_BRANCH": "feature/x", "CF_PULL_REQUEST_NUMBER": "4"}),
]

_ENVIRONMENTS: list[tuple[str, dict[str, str], str, str]] = [
    (
        "gitlab",
        {"CI_ENVIRONMENT_NAME": "Production", "CI_ENVIRONMENT_TIER": "production"},
        "production",
        "production",
    ),
    (
        "gitlab",
        {"CI_ENVIRONMENT_NAME": "review/feature-x", "CI_ENVIRONMENT_TIER": "development"},
        "review-feature-x",
        "dev",
    ),
    (
        "gitlab",
        {"CI_ENVIRONMENT_NAME": "qa", "CI_ENVIRONMENT_TIER": "testing"},
        "qa",
        "test",
    ),
    ("gitlab", {"CI_ENVIRONMENT_NAME": "eu", "CI_ENVIRONMENT_TIER": "staging"}, "eu", "staging"),
    ("gitlab", {"CI_ENVIRONMENT_NAME": "eu", "CI_ENVIRONMENT_TIER": "other"}, "eu", "other"),
    ("gitlab", {"CI_ENVIRONMENT_NAME": "eu", "CI_ENVIRONMENT_TIER": "moon"}, "eu", ""),
    ("gitlab", {"CI_ENVIRONMENT_NAME": "-", "CI_ENVIRONMENT_TIER": "production"}, "", ""),
    ("bitbucket", {"BITBUCKET_DEPLOYMENT_ENVIRONMENT": "Staging EU"}, "staging-eu", ""),
    ("azure-devops", {"ENVIRONMENT_NAME": "Production"}, "production", ""),
    ("azure-devops", {"RELEASE_ENVIRONMENTNAME": "QA West"}, "qa-west", ""),
    ("drone", {"DRONE_BUILD_EVENT": "promote", "DRONE_DEPLOY_TO": "production"}, "production", ""),
    ("drone", {"DRONE_BUILD_EVENT": "rollback", "DRONE_DEPLOY_TO": "staging"}, "staging", ""),
    ("woodpecker", {"CI_PIPELINE_DEPLOY_TARGET": "production"}, "production", ""),
    ("bamboo", {"bamboo_deploy_environment": "Production"}, "production", ""),
    ("gocd", {"GO_ENVIRONMENT_NAME": "Development"}, "development", ""),
]


def changed(system: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a system's push, with some of another situation."""
    found = {**environment(PUSHES[system]), **variables}
    return {name: value for name, value in found.items() if value != "-"}


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_a_push_is_of_its_system(system: Any) -> None:
    found = detected(environment(PUSHES[system.name]))
    assert found.source_system == system.name
    assert found.fields["invoke_id"]
    assert found.warnings == {}
    assert is_ci(environment(PUSHES[system.name]))


@pytest.mark.parametrize(("system", "variables"), _TAGS, ids=[name for name, _ in _TAGS])
def test_a_tag_is_the_version(system: str, variables: dict[str, str]) -> None:
    found = detected(changed(system, variables))
    assert (found.version, found.warnings) == (TAG, {})
    if system != "bamboo":
        assert found.fields["scm_branch"] == TAG
    # Of a tag that cannot be a version, the default stays, and the reader learns why.
    illegal = {name: value.replace(TAG, "@acme/ui@1") for name, value in variables.items()}
    other = detected(changed(system, illegal))
    assert other.version != "@acme/ui@1"
    assert "@acme/ui@1" in other.warnings["version"]


@pytest.mark.parametrize(
    ("system", "variables"), _PULL_REQUESTS, ids=[name for name, _ in _PULL_REQUESTS]
)
def test_a_pull_request_is_about_its_head(system: str, variables: dict[str, str]) -> None:
    found = detected(changed(system, variables))
    assert (found.fields["scm_sha"], found.fields["scm_branch"]) == (HEAD, "feature/x")
    if found.version not in (found.fields.get("build_number"), "1.0.7"):
        assert found.version == HEAD[:8]


@pytest.mark.parametrize(
    ("system", "variables", "name", "kind"), _ENVIRONMENTS, ids=[row[0] for row in _ENVIRONMENTS]
)
def test_the_environment_is_the_systems_own(
    system: str, variables: dict[str, str], name: str, kind: str
) -> None:
    found = detected(changed(system, variables))
    assert (found.environment, found.environment_type) == (name, kind)


def test_a_promotion_is_of_the_commit_that_is_promoted() -> None:
    promoted = detected(changed("drone", {"DRONE_BUILD_EVENT": "promote", "DRONE_DEPLOY_TO": "p"}))
    assert promoted.version == promoted.fields["scm_sha"][:8]
    found = detected(environment("semaphore-promotion"))
    assert found.fields["person"] == "omar"
    automatic = changed("semaphore", {"SEMAPHORE_PIPELINE_PROMOTED_BY": "auto-promotion"})
    assert detected(automatic).fields["person"] == "jane"


# ---- systems that are known by less ---------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "system"),
    [
        ({"BUILD_TAG": "jenkins-orders-main-12"}, "jenkins"),
        ({"JENKINS_HOME": "/var/lib/jenkins", "BUILD_NUMBER": "12"}, "jenkins"),
        ({"CI": "true", "CI_SYSTEM_NAME": "woodpecker"}, "woodpecker"),
        # An image of Jenkins in a job of another system.
        ({"JENKINS_HOME": "/var/jenkins_home", "CIRCLECI": "true"}, "circleci"),
        ({"JENKINS_HOME": "/var/jenkins_home", "TEAMCITY_VERSION": "1", "BUILD_NUMBER": "1"}, "tc"),
    ],
)
def test_a_system_is_known_by_its_other_variables(variables: dict[str, str], system: str) -> None:
    assert detected(variables).source_system == ("teamcity" if system == "tc" else system)


@pytest.mark.parametrize(
    ("variables", "known"),
    [
        ({"CI": "true"}, True),
        ({"CI": "1"}, True),
        ({"CI": "yes"}, True),
        ({"GITHUB_ACTIONS": "true"}, True),
        ({"CI": "false"}, False),
        ({"CI": "0"}, False),
        ({"CI": ""}, False),
        ({"CI": " "}, False),
        ({"JENKINS_HOME": "/var/jenkins_home"}, False),
        ({"BUILD_TAG": "v1"}, False),
        ({}, False),
    ],
)
def test_a_job_is_one_of_a_known_system_or_says_so(variables: dict[str, str], known: bool) -> None:
    assert is_ci(variables) is known


# ---- the event file of GitHub ---------------------------------------------------------------

_RUN = {"GITHUB_SHA": TIP, "GITHUB_REF": "refs/heads/main", "GITHUB_REF_NAME": "main"}
_PAYLOADS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "workflow_run": (
        {"workflow_run": {"head_sha": HEAD, "head_branch": "release/2.3", "event": "push"}},
        {"scm_sha": HEAD, "scm_branch": "release/2.3", "version": HEAD[:8]},
    ),
    "merge_group": (
        {
            "merge_group": {
                "head_sha": HEAD,
                "head_ref": f"refs/heads/gh-readonly-queue/main/pr-4-{TIP}",
                "base_ref": "refs/heads/main",
            }
        },
        {"scm_sha": HEAD, "scm_branch": "main", "version": HEAD[:8]},
    ),
    "pull_request": (
        {"pull_request": {"head": {"sha": HEAD, "ref": "feature/x"}, "base": {"sha": TIP}}},
        {"scm_sha": HEAD, "scm_branch": "feature/x", "version": HEAD[:8]},
    ),
    "deployment": (
        {
            "deployment": {
                "sha": HEAD,
                "ref": "release/2.3",
                "environment": "Production EU",
                "production_environment": True,
            }
        },
        {
            "scm_sha": HEAD,
            "scm_branch": "release/2.3",
            "version": HEAD[:8],
            "environment": "production-eu",
            "environment_type": "production",
        },
    ),
    "release": (
        {"release": {"tag_name": TAG, "target_commitish": "main"}},
        {"scm_sha": TIP, "scm_branch": TAG, "version": TAG},
    ),
    "check_run": (
        {"check_run": {"head_sha": HEAD, "check_suite": {"head_branch": "feature/x"}}},
        {"scm_sha": HEAD, "scm_branch": "feature/x", "version": HEAD[:8]},
    ),
    # The suite of a fork's commit names no branch, and that of the variables is another's.
    "check_suite": (
        {"check_suite": {"head_sha": HEAD, "head_branch": None}},
        {"scm_sha": HEAD, "scm_branch": "", "version": HEAD[:8]},
    ),
    "status": ({"sha": HEAD}, {"scm_sha": HEAD, "scm_branch": "", "version": HEAD[:8]}),
}
for _same, _as in (
    ("pull_request_target", "pull_request"),
    ("pull_request_review", "pull_request"),
    ("pull_request_review_comment", "pull_request"),
    ("deployment_status", "deployment"),
):
    _PAYLOADS[_same] = _PAYLOADS[_as]


def of_event(event: str, path: Path | str, **variables: str) -> dict[str, str]:
    return {
        **environment("github-push"),
        **_RUN,
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(path),
        **variables,
    }


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("system", ["github", "gitea"])
def test_an_event_is_about_what_its_file_says(event: str, system: str, tmp_path: Path) -> None:
    payload, expected = _PAYLOADS[event]
    (tmp_path / "event.json").write_text(json.dumps(payload), encoding="utf-8")
    variables = of_event(event, tmp_path / "event.json")
    if event == "release":
        variables |= _GITHUB_TAG
    found = detected(variables | ({"GITEA_ACTIONS": "true"} if system == "gitea" else {}))
    assert found.source_system == system
    told = {
        "scm_sha": found.fields.get("scm_sha", ""),
        "scm_branch": found.fields.get("scm_branch", ""),
        "version": found.version,
        "environment": found.environment,
        "environment_type": found.environment_type,
    }
    assert told == {"environment": "", "environment_type": "", **expected}
    assert found.warnings == {}


@pytest.mark.parametrize(
    "event", ["push", "workflow_dispatch", "schedule", "issue_comment", "fork"]
)
def test_the_file_of_another_event_is_not_read(event: str, tmp_path: Path) -> None:
    found = detected(of_event(event, tmp_path / "none.json"))
    assert (found.fields["scm_sha"], found.warnings) == (TIP, {})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON (line 1, column 2)"),
        (b"[1]", "it is not a JSON object"),
        (b"null", "it is not a JSON object"),
        (b"\xff\xfe", "it is not UTF-8"),
        (b"[" * 200_000, "it is nested too deeply"),
        (b'{"workflow_run": "x"}', "it has no workflow_run.head_sha"),
        (b'{"workflow_run": {"head_sha": 7}}', "it has no workflow_run.head_sha"),
        (b'{"workflow_run": [{"head_sha": "a"}]}', "it has no workflow_run.head_sha"),
        (b'{"x": ' + b"1" * 10_000 + b"}", "Exceeds the limit"),
        (b" " * 25_000_001, "it has more than 25,000,000 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_used_is_told_and_ends_nothing(
    content: bytes, why: str, tmp_path: Path
) -> None:
    (tmp_path / "event.json").write_bytes(content)
    found = detected(of_event("workflow_run", tmp_path / "event.json"))
    assert why in found.warnings["scm_sha"]
    assert (found.fields["scm_sha"], found.version) == (TIP, TIP[:8])


def test_a_file_that_is_none_is_told_and_waited_for_by_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none", "/dev/zero", ""):
        found = detected(of_event("workflow_run", path))
        assert "cannot be used" in found.warnings["scm_sha"], path


@pytest.mark.parametrize(
    ("sha", "branch", "recorded"),
    [
        ("x; rm -rf /", "main\n::error::x", None),
        (HEAD, "\x1b[31mred\x1b[0m", "red"),
        (HEAD, "ghp_" + "A1b2C3d4E5" * 4, None),
        (HEAD, "refs/pull/4/merge", None),
    ],
)
def test_what_a_file_quotes_is_cleaned_as_a_variable_is(
    sha: str, branch: str, recorded: str | None, tmp_path: Path
) -> None:
    payload = {"workflow_run": {"head_sha": sha, "head_branch": branch}}
    (tmp_path / "event.json").write_text(json.dumps(payload), encoding="utf-8")
    found = detected(of_event("workflow_run", tmp_path / "event.json"))
    if sha == HEAD:
        assert (found.fields["scm_sha"], found.fields.get("scm_branch")) == (HEAD, recorded)
    else:
        assert found.fields["scm_sha"] == TIP
        assert "its commit is not hexadecimal" in found.warnings["scm_sha"]
