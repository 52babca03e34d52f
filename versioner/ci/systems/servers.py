"""The CI systems that a team runs on a server of its own."""

from __future__ import annotations

from typing import Final

from versioner.ci.presence import PRESENT
from versioner.ci.systems.form import System

__all__ = ["SERVER_SYSTEMS"]

SERVER_SYSTEMS: Final[tuple[System, ...]] = (
    System(
        name="jenkins",
        present=PRESENT["jenkins"],
        repository="GIT_URL GIT_URL_1",
        # The plugins for pull requests of GitHub and merge requests of GitLab build a merge.
        sha="ghprbActualCommit gitlabMergeRequestLastCommit GIT_COMMIT",
        branch="CHANGE_BRANCH ghprbSourceBranch gitlabSourceBranch GIT_BRANCH BRANCH_NAME TAG_NAME",
        remote="origin/",
        number="BUILD_NUMBER",
        run="BUILD_ID",
        # The parallel stages of one build differ only in this variable.
        job="{JOB_NAME}#{STAGE_NAME} JOB_NAME",
        url="BUILD_URL",
        server="JENKINS_URL",
        person="BUILD_USER BUILD_USER_ID",
        email="BUILD_USER_EMAIL",
        version="BUILD_NUMBER",
        release="TAG_NAME GIT_BRANCH^refs/tags/",
        metadata=(
            ("vi_jenkins_job_name", "JOB_NAME"),
            ("vi_jenkins_build_url", "BUILD_URL"),
            ("vi_jenkins_node_name", "NODE_NAME"),
            ("vi_jenkins_executor_number", "EXECUTOR_NUMBER"),
        ),
    ),
    System(
        name="rundeck",
        present=PRESENT["rundeck"],
        number="RD_JOB_EXECID",
        run="RD_JOB_EXECID",
        attempt="RD_JOB_RETRYATTEMPT",
        job="RD_JOB_ID",
        url="{RD_JOB_SERVERURL}/project/{RD_JOB_PROJECT}/execution/show/{RD_JOB_EXECID}",
        server="RD_JOB_SERVERURL",
        person="RD_JOB_USERNAME",
        version="RD_JOB_EXECID",
        metadata=(
            ("vi_rd_job_id", "RD_JOB_ID"),
            ("vi_rd_job_execid", "RD_JOB_EXECID"),
            ("vi_rd_job_serverurl", "RD_JOB_SERVERURL"),
            ("vi_rd_job_project", "RD_JOB_PROJECT"),
            ("vi_rd_job_name", "RD_JOB_NAME"),
            ("vi_rd_job_group", "RD_JOB_GROUP"),
            ("vi_rd_job_url", "RD_JOB_URL"),
        ),
    ),
    # Before Drone, from which it descends: Woodpecker can set DRONE_* for old plugins.
    System(
        name="woodpecker",
        present=PRESENT["woodpecker"],
        repository="CI_REPO",
        sha="CI_COMMIT_SHA",
        branch="CI_COMMIT_SOURCE_BRANCH CI_COMMIT_TAG CI_COMMIT_BRANCH",
        number="CI_PIPELINE_NUMBER CI_BUILD_NUMBER",
        run="CI_PIPELINE_NUMBER CI_BUILD_NUMBER",
        job="{CI_WORKFLOW_NAME}#{CI_WORKFLOW_NUMBER} CI_WORKFLOW_NAME",
        url="CI_PIPELINE_URL CI_PIPELINE_LINK CI_BUILD_LINK",
        server="CI_SYSTEM_URL CI_SYSTEM_LINK",
        # The e-mail of the commit belongs to its author, who may not have started the pipeline.
        person="CI_PIPELINE_AUTHOR CI_COMMIT_AUTHOR",
        release="CI_COMMIT_TAG",
        environment="CI_PIPELINE_DEPLOY_TARGET",
        metadata=(
            ("vi_wp_workflow", "CI_WORKFLOW_NAME"),
            ("vi_wp_event", "CI_PIPELINE_EVENT"),
            ("vi_wp_deploy_target", "CI_PIPELINE_DEPLOY_TARGET"),
        ),
    ),
    System(
        name="drone",
        present=PRESENT["drone"],
        repository="DRONE_REPO",
        sha="DRONE_COMMIT_SHA DRONE_COMMIT",
        branch="DRONE_TAG DRONE_SOURCE_BRANCH DRONE_BRANCH",
        number="DRONE_BUILD_NUMBER",
        run="DRONE_BUILD_NUMBER",
        job="{DRONE_STAGE_NAME}#{DRONE_STAGE_NUMBER} DRONE_STAGE_NAME",
        url="DRONE_BUILD_LINK",
        server="{DRONE_SYSTEM_PROTO}://{DRONE_SYSTEM_HOST}",
        # The trigger is `@hook` or `@cron` if no person started the build.
        person="DRONE_BUILD_TRIGGER DRONE_COMMIT_AUTHOR",
        release="DRONE_TAG",
        environment="DRONE_DEPLOY_TO",
        metadata=(
            ("vi_drone_stage", "DRONE_STAGE_NAME"),
            ("vi_drone_event", "DRONE_BUILD_EVENT"),
            ("vi_drone_deploy_to", "DRONE_DEPLOY_TO"),
        ),
    ),
    System(
        name="teamcity",
        present=PRESENT["teamcity"],
        # A build configuration may pass parameters of TeamCity on as these variables.
        repository="BUILD_VCS_URL",
        sha="BUILD_VCS_NUMBER",
        branch="BUILD_VCS_BRANCH",
        number="BUILD_NUMBER",
        run="BUILD_NUMBER",
        # Builds of a chain share a number, and so do two of one configuration.
        run_in_url=r"(?:/buildConfiguration/[^/?#]+/|[?&]buildId=)([0-9]{1,40})(?![0-9])",
        job="{TEAMCITY_PROJECT_NAME}/{TEAMCITY_BUILDCONF_NAME} TEAMCITY_BUILDCONF_NAME",
        url="BUILD_URL",
        otherwise="BUILD_NUMBER",
        release="BUILD_VCS_BRANCH^refs/tags/",
        metadata=(
            ("vi_tc_project", "TEAMCITY_PROJECT_NAME"),
            ("vi_tc_build_configuration", "TEAMCITY_BUILDCONF_NAME"),
        ),
    ),
    System(
        name="bamboo",
        present=PRESENT["bamboo"],
        repository="bamboo_planRepository_repositoryUrl bamboo_planRepository_1_repositoryUrl",
        sha="bamboo_planRepository_revision bamboo_planRepository_1_revision",
        branch="bamboo_repository_pr_sourceBranch bamboo_planRepository_branchName "
        "bamboo_planRepository_1_branchName",
        number="bamboo_buildNumber",
        run="bamboo_buildResultKey",
        # The result of a deployment has an id, and the key of a build is that of its release.
        run_in_url=r"[?&]deploymentResultId=([0-9]{1,40})(?![0-9])",
        job="{bamboo_deploy_project}/{bamboo_deploy_environment} bamboo_shortJobKey",
        url="bamboo_resultsUrl bamboo_buildResultsUrl",
        person="bamboo_ManualBuildTriggerReason_userName",
        otherwise="bamboo_buildNumber",
        release="bamboo_deploy_release bamboo_deploy_version",
        environment="bamboo_deploy_environment",
        metadata=(
            ("vi_bamboo_plan", "bamboo_planKey"),
            ("vi_bamboo_deploy_project", "bamboo_deploy_project"),
        ),
    ),
    System(
        name="gocd",
        present=PRESENT["gocd"],
        sha="GO_REVISION",
        number="GO_PIPELINE_LABEL GO_PIPELINE_COUNTER",
        run="{GO_PIPELINE_NAME}/{GO_PIPELINE_COUNTER} GO_PIPELINE_COUNTER",
        attempt="GO_STAGE_COUNTER",
        job="{GO_STAGE_NAME}/{GO_JOB_NAME}#{GO_JOB_RUN_INDEX} {GO_STAGE_NAME}/{GO_JOB_NAME}",
        url="{GO_SERVER_URL}/tab/build/detail/{GO_PIPELINE_NAME}/{GO_PIPELINE_COUNTER}"
        "/{GO_STAGE_NAME}/{GO_STAGE_COUNTER}/{GO_JOB_NAME}",
        server="GO_SERVER_URL",
        person="GO_TRIGGER_USER",
        otherwise="GO_PIPELINE_LABEL",
        environment="GO_ENVIRONMENT_NAME",
        metadata=(
            ("vi_go_pipeline", "GO_PIPELINE_NAME"),
            ("vi_go_stage", "GO_STAGE_NAME"),
        ),
    ),
)
