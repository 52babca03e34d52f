"""A retried step is the same event, a re-run and another job of a matrix are others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ci.recorded import detected, environment
from versioner.ci.systems.order import SYSTEMS
from versioner.rules.event_identity import derive_event_id

if TYPE_CHECKING:
    from collections.abc import Mapping


def id_of(environ: Mapping[str, str]) -> str:
    found = detected(environ)
    assert found.fields["invoke_id"]
    event = {
        **{key: value for key, value in found.fields.items() if not key.startswith("person")},
        "environment": "production",
        "version": "1.4.0",
        "status": "completed",
        "source_system": found.source_system,
    }
    return derive_event_id("user-service", event)


UUID = "00000000-6c94-40ee-a160-8b3fd282c3a1"

# What differs where a step of the same job is run again, by a loop in its script or by the
# system: nothing that tells the run.
RETRIED = [
    ("github-push", {"GITHUB_ACTION": "__run_3", "GITHUB_OUTPUT": "/tmp/set_output_2"}),
    ("github-container-matrix", {"GITHUB_ACTION": "__run_3"}),
    ("gitea-matrix-rerun", {"GITHUB_ACTION": "2"}),
    ("forgejo-push", {"GITHUB_ACTION": "2"}),
    ("gitlab-branch", {"CI_COMMIT_BEFORE_SHA": "0" * 40}),
    ("jenkins-freestyle", {"EXECUTOR_NUMBER": "7"}),
    ("jenkins-parallel-stages", {"EXECUTOR_NUMBER": "7", "NODE_NAME": "agent-9"}),
    ("circleci-branch", {"CIRCLE_WORKING_DIRECTORY": "/tmp"}),
    ("bitbucket-branch-rerun", {"BITBUCKET_CLONE_DIR": "/tmp"}),
    ("azure-branch-rerun", {"AGENT_NAME": "Hosted Agent 2", "SYSTEM_TASKINSTANCEID": UUID}),
    ("travis-push", {"TRAVIS_TEST_RESULT": "1"}),
    ("rundeck-job", {"RD_JOB_LOGLEVEL": "DEBUG"}),
    ("buildkite-tag-parallel-retry", {"BUILDKITE_AGENT_ID": UUID}),
    ("woodpecker-pull-request-matrix", {"CI_STEP_NUMBER": "3"}),
    ("drone-push", {"DRONE_STEP_NUMBER": "7", "DRONE_BUILD_STATUS": "failure"}),
    ("teamcity-build", {"TEAMCITY_GIT_PATH": "/bin/git"}),
    ("codebuild-webhook-tag", {"CODEBUILD_BUILD_SUCCEEDING": "0"}),
    ("harness-tag", {"DRONE_STEP_NUMBER": "7", "DRONE_BUILD_STATUS": "failure"}),
    ("semaphore-promotion", {"SEMAPHORE_JOB_RESULT": "passed"}),
    ("appveyor-pull-request", {"APPVEYOR_BUILD_WORKER_IMAGE": "Ubuntu"}),
    ("bamboo-deployment", {"bamboo_agentId": "360450"}),
    ("gocd-pipeline", {"GO_MATERIAL_HAS_CHANGED": "false"}),
    ("codefresh-push", {"CF_VOLUME_PATH": "/codefresh/volume"}),
]

# What each system that tells it changes where a job, or the whole run, is run again.
RERUN = [
    ("github-push", {"GITHUB_RUN_ATTEMPT": "2"}),
    ("gitea-matrix-rerun", {"GITHUB_RUN_ATTEMPT": "3"}),
    ("forgejo-push", {"GITHUB_RUN_ATTEMPT": "3"}),
    ("gitlab-branch", {"CI_JOB_ID": "51"}),
    ("jenkins-freestyle", {"BUILD_ID": "413", "BUILD_NUMBER": "413"}),
    ("circleci-branch", {"CIRCLE_WORKFLOW_ID": UUID}),
    ("bitbucket-branch-rerun", {"BITBUCKET_STEP_RUN_NUMBER": "3"}),
    ("azure-branch-rerun", {"SYSTEM_JOBATTEMPT": "2"}),
    ("azure-branch-rerun", {"SYSTEM_STAGEATTEMPT": "3"}),
    ("travis-push", {"TRAVIS_BUILD_ID": "267183999"}),
    ("rundeck-job", {"RD_JOB_RETRYATTEMPT": "1", "RD_JOB_EXECID": "1503"}),
    ("buildkite-tag-parallel-retry", {"BUILDKITE_RETRY_COUNT": "3", "BUILDKITE_JOB_ID": UUID}),
    ("woodpecker-tag", {"CI_PIPELINE_NUMBER": "10", "CI_PIPELINE_PARENT": "9"}),
    ("drone-push", {"DRONE_BUILD_NUMBER": "43", "DRONE_BUILD_PARENT": "42"}),
    # The number is often another build's, whose artifacts are deployed.
    ("teamcity-chain", {"BUILD_URL": "https://teamcity.example.com/buildConfiguration/X/98791"}),
    ("teamcity-passed-parameters", {"BUILD_URL": "http://teamcity.example.com/?buildId=9&tab=x"}),
    ("codebuild-webhook-tag", {"CODEBUILD_BUILD_ID": f"user-service:{UUID}"}),
    ("harness-tag", {"HARNESS_EXECUTION_ID": "Abc34"}),
    ("semaphore-promotion", {"SEMAPHORE_PIPELINE_ID": UUID, "SEMAPHORE_JOB_ID": UUID}),
    ("appveyor-pull-request", {"APPVEYOR_JOB_ID": "abcdefgh"}),
    ("bamboo-pull-request", {"bamboo_buildResultKey": "CD-CDOB0-JOB1-2"}),
    ("bamboo-deployment", {"bamboo_resultsUrl": "https://b.example/d?deploymentResultId=7&x=1"}),
    ("gocd-pipeline", {"GO_STAGE_COUNTER": "2"}),
    ("codefresh-push", {"CF_BUILD_ID": "6f0e1d2c3b4a59687766554a"}),
    ("azure-classic-release", {"RELEASE_DEPLOYMENTID": "554"}),
    ("azure-classic-release", {"RELEASE_ATTEMPTNUMBER": "2"}),
]

# What differs between the jobs of one matrix, or of one run side by side.
BESIDE = [
    ("github-push", {"RUNNER_TRACKING_ID": f"github_{UUID}"}),
    ("github-push", {"GITHUB_JOB": "deploy-us"}),
    ("github-container-matrix", {"HOSTNAME": "0a1b2c3d4e5f"}),
    ("gitea-matrix-rerun", {"HOSTNAME": "0a1b2c3d4e5f"}),
    ("forgejo-push", {"HOSTNAME": "0a1b2c3d4e5f"}),
    ("gitlab-merge-request", {"CI_JOB_ID": "52", "CI_JOB_NAME": "preview: [us, blue]"}),
    ("jenkins-matrix", {"JOB_NAME": "deploy/region=us"}),
    ("jenkins-parallel-stages", {"STAGE_NAME": "Deploy to us"}),
    ("circleci-tag-parallel", {"CIRCLE_NODE_INDEX": "2"}),
    ("circleci-branch", {"CIRCLE_JOB": "deploy-us"}),
    ("bitbucket-branch-rerun", {"BITBUCKET_STEP_UUID": f"{{{UUID}}}"}),
    ("azure-branch-rerun", {"AGENT_JOBNAME": "Deploy us", "SYSTEM_JOBID": UUID}),
    ("azure-branch-rerun", {"SYSTEM_JOBID": UUID}),
    ("azure-branch-rerun", {"SYSTEM_STAGENAME": "Production_us"}),
    ("travis-push", {"TRAVIS_JOB_NUMBER": "88.3", "TRAVIS_JOB_ID": "617283999"}),
    ("buildkite-tag-parallel-retry", {"BUILDKITE_PARALLEL_JOB": "2", "BUILDKITE_JOB_ID": UUID}),
    ("woodpecker-pull-request-matrix", {"CI_WORKFLOW_NUMBER": "3"}),
    ("drone-push", {"DRONE_STAGE_NAME": "deploy-us", "DRONE_STAGE_NUMBER": "2"}),
    ("teamcity-build", {"TEAMCITY_BUILDCONF_NAME": "Deploy us"}),
    ("codebuild-pull-request-batch", {"CODEBUILD_BATCH_BUILD_IDENTIFIER": "deploy_us"}),
    ("harness-tag", {"HARNESS_NODE_INDEX": "1"}),
    ("semaphore-promotion", {"SEMAPHORE_JOB_ID": UUID}),
    ("appveyor-pull-request", {"APPVEYOR_JOB_ID": "abcdefgh"}),
    ("bamboo-deployment", {"bamboo_deploy_environment": "Production US"}),
    ("gocd-changes", {"GO_JOB_RUN_INDEX": "3"}),
    ("gocd-pipeline", {"GO_JOB_NAME": "deploy-us"}),
    ("codefresh-push", {"CF_STEP_NAME": "record-us"}),
]

# Two servers count alike.
ELSEWHERE = [
    ("github-push", {"GITHUB_SERVER_URL": "https://github.example.com"}),
    ("gitea-matrix-rerun", {"GITHUB_SERVER_URL": "https://other.example.com"}),
    ("gitlab-branch", {"CI_SERVER_URL": "https://other.example.com"}),
    ("jenkins-freestyle", {"JENKINS_URL": "https://other.example.com"}),
    ("azure-branch-rerun", {"SYSTEM_COLLECTIONURI": "https://dev.azure.com/other/"}),
    ("rundeck-job", {"RD_JOB_SERVERURL": "https://other.example.com"}),
    ("woodpecker-tag", {"CI_SYSTEM_URL": "https://other.example.com"}),
    ("drone-push", {"DRONE_SYSTEM_HOST": "other.example.com"}),
    ("teamcity-build", {"BUILD_URL": "https://other.example.com/buildConfiguration/A/98765"}),
    ("codebuild-webhook-tag", {"AWS_REGION": "us-east-1"}),
]


def of_each(*cases):
    """Give each case the name of its environment."""
    return pytest.mark.parametrize(("name", "changed"), cases, ids=[name for name, _ in cases])


@of_each(*RETRIED)
def test_a_retried_step_is_the_same_event(name, changed):
    environ = environment(name)
    assert id_of(environ) == id_of({**environ, **changed})


@of_each(*RERUN)
def test_a_rerun_is_another_event(name, changed):
    environ = environment(name)
    assert id_of(environ) != id_of({**environ, **changed})


@of_each(*BESIDE)
def test_jobs_side_by_side_are_events_of_their_own(name, changed):
    environ = environment(name)
    found, other = detected(environ), detected({**environ, **changed})
    assert (found.fields["job"], found.fields.get("attempt")) != (
        other.fields["job"],
        other.fields.get("attempt"),
    )
    assert id_of(environ) != id_of({**environ, **changed})


@of_each(*ELSEWHERE)
def test_the_same_run_of_another_server_is_another_event(name, changed):
    environ = environment(name)
    assert id_of(environ) != id_of({**environ, **changed})


@pytest.mark.parametrize("cases", [RETRIED, RERUN], ids=["retried", "rerun"])
def test_no_system_is_left_out(cases):
    told = {detected(environment(name)).source_system for name, _ in cases}
    assert told == {system.name for system in SYSTEMS}
