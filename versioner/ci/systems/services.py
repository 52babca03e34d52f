"""The CI systems that are services."""

from __future__ import annotations

from typing import Final

from versioner.ci.presence import PRESENT
from versioner.ci.systems.form import System

__all__ = ["SERVICE_SYSTEMS"]

SERVICE_SYSTEMS: Final[tuple[System, ...]] = (
    System(
        name="circleci",
        present=PRESENT["circleci"],
        repository="{CIRCLE_PROJECT_USERNAME}/{CIRCLE_PROJECT_REPONAME}",
        sha="CIRCLE_SHA1",
        branch="CIRCLE_BRANCH CIRCLE_TAG",
        number="CIRCLE_BUILD_NUM",
        run="CIRCLE_WORKFLOW_ID",
        job="{CIRCLE_JOB}#{CIRCLE_NODE_INDEX} CIRCLE_JOB",
        url="CIRCLE_BUILD_URL",
        person="CIRCLE_USERNAME",
        release="CIRCLE_TAG",
        metadata=(
            ("vi_circle_workflow_id", "CIRCLE_WORKFLOW_ID"),
            ("vi_circle_workflow_job_id", "CIRCLE_WORKFLOW_JOB_ID"),
            ("vi_circle_job_name", "CIRCLE_JOB"),
            ("vi_circle_node_index", "CIRCLE_NODE_INDEX"),
        ),
    ),
    System(
        name="travis",
        present=PRESENT["travis"],
        repository="TRAVIS_REPO_SLUG",
        sha="TRAVIS_PULL_REQUEST_SHA TRAVIS_COMMIT",
        branch="TRAVIS_PULL_REQUEST_BRANCH TRAVIS_BRANCH TRAVIS_TAG",
        number="TRAVIS_BUILD_NUMBER",
        run="TRAVIS_BUILD_ID",
        job="TRAVIS_JOB_NUMBER",
        url="TRAVIS_BUILD_WEB_URL",
        release="TRAVIS_TAG",
        metadata=(
            ("vi_travis_build_id", "TRAVIS_BUILD_ID"),
            ("vi_travis_job_id", "TRAVIS_JOB_ID"),
            ("vi_travis_job_number", "TRAVIS_JOB_NUMBER"),
            ("vi_travis_event_type", "TRAVIS_EVENT_TYPE"),
        ),
    ),
    System(
        name="buildkite",
        present=PRESENT["buildkite"],
        repository="BUILDKITE_REPO",
        sha="BUILDKITE_COMMIT",
        branch="BUILDKITE_BRANCH BUILDKITE_TAG",
        number="BUILDKITE_BUILD_NUMBER",
        run="BUILDKITE_BUILD_ID",
        attempt="BUILDKITE_RETRY_COUNT",
        job="BUILDKITE_JOB_ID",
        url="BUILDKITE_BUILD_URL",
        person="BUILDKITE_BUILD_CREATOR",
        email="BUILDKITE_BUILD_CREATOR_EMAIL",
        release="BUILDKITE_TAG",
        metadata=(
            ("vi_bk_pipeline", "BUILDKITE_PIPELINE_SLUG"),
            ("vi_bk_step_key", "BUILDKITE_STEP_KEY"),
            ("vi_bk_label", "BUILDKITE_LABEL"),
            ("vi_bk_source", "BUILDKITE_SOURCE"),
        ),
    ),
    # Before Drone, whose variables it sets too.
    System(
        name="harness",
        present=PRESENT["harness"],
        repository="DRONE_REPO CI_REPO DRONE_REPO_LINK",
        sha="DRONE_COMMIT_SHA CI_COMMIT_SHA",
        branch="DRONE_SOURCE_BRANCH DRONE_BRANCH CI_COMMIT_BRANCH DRONE_TAG",
        number="HARNESS_BUILD_ID",
        run="HARNESS_EXECUTION_ID",
        job="{HARNESS_STAGE_ID}#{HARNESS_NODE_INDEX} HARNESS_STAGE_ID",
        url="DRONE_BUILD_LINK CI_BUILD_LINK",
        person="DRONE_COMMIT_AUTHOR CI_COMMIT_AUTHOR",
        release="DRONE_TAG",
        metadata=(
            ("vi_harness_pipeline", "HARNESS_PIPELINE_ID"),
            ("vi_harness_project", "{HARNESS_ORG_ID}/{HARNESS_PROJECT_ID}"),
            ("vi_harness_stage", "HARNESS_STAGE_ID"),
        ),
    ),
    System(
        name="aws-codebuild",
        present=PRESENT["aws-codebuild"],
        repository="CODEBUILD_SOURCE_REPO_URL",
        sha="CODEBUILD_RESOLVED_SOURCE_VERSION CODEBUILD_SOURCE_VERSION",
        branch="CODEBUILD_WEBHOOK_HEAD_REF CODEBUILD_SOURCE_VERSION",
        number="CODEBUILD_BUILD_NUMBER",
        run="CODEBUILD_BUILD_ID",
        job="CODEBUILD_BATCH_BUILD_IDENTIFIER",
        url="CODEBUILD_PUBLIC_BUILD_URL CODEBUILD_BUILD_URL",
        server="https://{AWS_REGION}.console.aws.amazon.com",
        person="CODEBUILD_INITIATOR",
        release="CODEBUILD_WEBHOOK_HEAD_REF^refs/tags/ CODEBUILD_WEBHOOK_TRIGGER^tag/",
        metadata=(
            ("vi_cb_build_arn", "CODEBUILD_BUILD_ARN"),
            ("vi_cb_webhook_trigger", "CODEBUILD_WEBHOOK_TRIGGER"),
        ),
    ),
    System(
        name="semaphore",
        present=PRESENT["semaphore"],
        repository="SEMAPHORE_GIT_REPO_SLUG SEMAPHORE_GIT_URL",
        # The job of a pull request works on the merge.
        sha="SEMAPHORE_GIT_PR_SHA SEMAPHORE_GIT_SHA",
        branch="SEMAPHORE_GIT_PR_BRANCH SEMAPHORE_GIT_TAG_NAME SEMAPHORE_GIT_BRANCH",
        number="SEMAPHORE_WORKFLOW_NUMBER",
        run="SEMAPHORE_WORKFLOW_ID",
        # A pipeline that runs again has new jobs.
        job="SEMAPHORE_JOB_ID",
        url="{SEMAPHORE_ORGANIZATION_URL}/workflows/{SEMAPHORE_WORKFLOW_ID}",
        server="SEMAPHORE_ORGANIZATION_URL",
        person="SEMAPHORE_PIPELINE_PROMOTED_BY SEMAPHORE_WORKFLOW_TRIGGERED_BY",
        release="SEMAPHORE_GIT_TAG_NAME",
        metadata=(
            ("vi_sem_pipeline_id", "SEMAPHORE_PIPELINE_ID"),
            ("vi_sem_job_name", "SEMAPHORE_JOB_NAME"),
            ("vi_sem_promotion", "SEMAPHORE_PIPELINE_PROMOTION"),
        ),
    ),
    System(
        name="appveyor",
        present=PRESENT["appveyor"],
        repository="APPVEYOR_REPO_NAME",
        sha="APPVEYOR_PULL_REQUEST_HEAD_COMMIT APPVEYOR_REPO_COMMIT",
        branch="APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH APPVEYOR_REPO_BRANCH",
        number="APPVEYOR_BUILD_NUMBER",
        run="APPVEYOR_BUILD_ID",
        # A job that runs again has a new id.
        job="APPVEYOR_JOB_ID",
        url="{APPVEYOR_URL}/project/{APPVEYOR_ACCOUNT_NAME}/{APPVEYOR_PROJECT_SLUG}"
        "/builds/{APPVEYOR_BUILD_ID}",
        server="APPVEYOR_URL",
        # AppVeyor accepts each version of a build once in a project.
        version="APPVEYOR_BUILD_VERSION",
        release="APPVEYOR_REPO_TAG_NAME",
        metadata=(
            ("vi_av_project", "{APPVEYOR_ACCOUNT_NAME}/{APPVEYOR_PROJECT_SLUG}"),
            ("vi_av_job_name", "APPVEYOR_JOB_NAME"),
        ),
    ),
    System(
        name="codefresh",
        present=PRESENT["codefresh"],
        repository="{CF_REPO_OWNER}/{CF_REPO_NAME}",
        sha="CF_REVISION",
        branch="CF_PULL_REQUEST_HEAD_BRANCH CF_BRANCH",
        run="CF_BUILD_ID",
        job="CF_STEP_NAME",
        url="CF_BUILD_URL",
        person="CF_BUILD_INITIATOR",
        release="CF_RELEASE_TAG",
        metadata=(("vi_cf_pipeline", "CF_PIPELINE_NAME"),),
    ),
)
