"""The CI systems of forges."""

from __future__ import annotations

from typing import Final

from versioner.ci.presence import PRESENT
from versioner.ci.steps import OUTPUTS, SUMMARY
from versioner.ci.systems.form import System

__all__ = ["FORGE_SYSTEMS"]

_GITHUB: Final = System(
    name="github",
    present=PRESENT["github"],
    repository="GITHUB_REPOSITORY",
    sha="GITHUB_SHA",
    # On a pull request the ref is `42/merge`, which is not a branch: then the head ref is read.
    branch="GITHUB_REF_NAME GITHUB_REF GITHUB_HEAD_REF",
    number="GITHUB_RUN_NUMBER",
    run="GITHUB_RUN_ID",
    attempt="GITHUB_RUN_ATTEMPT",
    # All jobs of a matrix share one GITHUB_JOB, but each has its own tracking id of the runner. A
    # job in a container does not see that id, but has its own host name.
    job="{GITHUB_JOB}#{RUNNER_TRACKING_ID} {GITHUB_JOB}#{HOSTNAME} GITHUB_JOB",
    url="{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
    server="GITHUB_SERVER_URL",
    person="GITHUB_ACTOR",
    release="GITHUB_REF_TYPE=tag=>GITHUB_REF_NAME GITHUB_REF^refs/tags/",
    event="GITHUB_EVENT_NAME",
    event_file="GITHUB_EVENT_PATH",
    metadata=(
        ("vi_gh_workflow", "GITHUB_WORKFLOW"),
        ("vi_gh_job", "GITHUB_JOB"),
        ("vi_gh_run_attempt", "GITHUB_RUN_ATTEMPT"),
        ("vi_gh_event_name", "GITHUB_EVENT_NAME"),
        ("vi_gh_ref", "GITHUB_REF"),
        ("vi_gh_head_ref", "GITHUB_HEAD_REF"),
        ("vi_gh_base_ref", "GITHUB_BASE_REF"),
    ),
    summary_file=SUMMARY,
    output_file=OUTPUTS,
)

# Gitea and Forgejo set GITHUB_* too; the URL of a run contains its number, not its id.
_GITEA: Final = _GITHUB._replace(
    name="gitea",
    present=PRESENT["gitea"],
    url="{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_NUMBER}",
)

FORGE_SYSTEMS: Final[tuple[System, ...]] = (
    _GITEA._replace(name="forgejo", present=PRESENT["forgejo"]),
    _GITEA,
    _GITHUB,
    System(
        name="gitlab",
        present=PRESENT["gitlab"],
        repository="CI_PROJECT_PATH",
        # In a pipeline for merged results, CI_COMMIT_SHA is a commit that only this pipeline has.
        sha="CI_MERGE_REQUEST_SOURCE_BRANCH_SHA CI_COMMIT_SHA",
        branch="CI_MERGE_REQUEST_SOURCE_BRANCH_NAME CI_COMMIT_REF_NAME",
        number="CI_PIPELINE_IID",
        run="CI_PIPELINE_ID",
        attempt="CI_JOB_ID",
        job="CI_JOB_NAME",
        url="CI_PIPELINE_URL",
        server="CI_SERVER_URL",
        person="GITLAB_USER_LOGIN",
        email="GITLAB_USER_EMAIL",
        person_name="GITLAB_USER_NAME",
        release="CI_COMMIT_TAG",
        environment="CI_ENVIRONMENT_NAME",
        tier="CI_ENVIRONMENT_TIER",
        metadata=(
            ("vi_gl_pipeline_id", "CI_PIPELINE_ID"),
            ("vi_gl_pipeline_url", "CI_PIPELINE_URL"),
            ("vi_gl_job_id", "CI_JOB_ID"),
            ("vi_gl_job_name", "CI_JOB_NAME"),
            ("vi_gl_job_url", "CI_JOB_URL"),
            ("vi_gl_pipeline_source", "CI_PIPELINE_SOURCE"),
        ),
    ),
    System(
        name="bitbucket",
        present=PRESENT["bitbucket"],
        repository="BITBUCKET_REPO_FULL_NAME",
        sha="BITBUCKET_COMMIT",
        branch="BITBUCKET_BRANCH BITBUCKET_TAG",
        number="BITBUCKET_BUILD_NUMBER",
        run="BITBUCKET_PIPELINE_UUID",
        attempt="BITBUCKET_STEP_RUN_NUMBER",
        job="BITBUCKET_STEP_UUID",
        url="https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}"
        "/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
        release="BITBUCKET_TAG",
        environment="BITBUCKET_DEPLOYMENT_ENVIRONMENT",
        metadata=(
            ("vi_bb_pipeline_uuid", "BITBUCKET_PIPELINE_UUID"),
            ("vi_bb_step_uuid", "BITBUCKET_STEP_UUID"),
            ("vi_bb_workspace", "BITBUCKET_WORKSPACE"),
            ("vi_bb_repo_slug", "BITBUCKET_REPO_SLUG"),
        ),
    ),
    System(
        name="azure-devops",
        present=PRESENT["azure-devops"],
        repository="BUILD_REPOSITORY_NAME",
        sha="SYSTEM_PULLREQUEST_SOURCECOMMITID BUILD_SOURCEVERSION",
        branch="SYSTEM_PULLREQUEST_SOURCEBRANCH BUILD_SOURCEBRANCH",
        number="BUILD_BUILDNUMBER",
        # A classic release deploys one build many times.
        run="RELEASE_DEPLOYMENTID BUILD_BUILDID",
        attempt="RELEASE_ATTEMPTNUMBER {SYSTEM_STAGEATTEMPT}.{SYSTEM_JOBATTEMPT} SYSTEM_JOBATTEMPT",
        # Jobs of a matrix may share a name; the id is the same in each attempt.
        job="{SYSTEM_STAGENAME}/{AGENT_JOBNAME}#{SYSTEM_JOBID} "
        "{SYSTEM_STAGENAME}/{AGENT_JOBNAME} {AGENT_JOBNAME}#{SYSTEM_JOBID} "
        "AGENT_JOBNAME SYSTEM_JOBID",
        # BUILD_BUILDURI is `vstfs:`, which no browser opens.
        url="RELEASE_RELEASEWEBURL "
        "{SYSTEM_COLLECTIONURI}/{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
        server="SYSTEM_COLLECTIONURI",
        person="RELEASE_REQUESTEDFOR BUILD_REQUESTEDFOR",
        email="RELEASE_REQUESTEDFOREMAIL BUILD_REQUESTEDFOREMAIL",
        version="BUILD_BUILDNUMBER",
        release="BUILD_SOURCEBRANCH^refs/tags/",
        environment="ENVIRONMENT_NAME RELEASE_ENVIRONMENTNAME",
        metadata=(
            ("vi_azure_build_id", "BUILD_BUILDID"),
            ("vi_azure_definition_name", "BUILD_DEFINITIONNAME"),
            ("vi_azure_agent_name", "AGENT_NAME"),
            ("vi_azure_team_project", "SYSTEM_TEAMPROJECT"),
        ),
    ),
)
