"""The known CI systems, and the variables from which each value is read.

A *reading* is a list of alternatives, separated by spaces; the first one that gives a value
counts. An alternative is the name of a variable, or a pattern of `{VARIABLE}`s that must all be
set.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from versioner.ci.presence import PRESENT

__all__ = ["SYSTEMS", "System"]


class System(NamedTuple):
    """A CI system: how it is recognised, and the reading of each value.

    `present` is the condition in `versioner.ci.presence`. `remote` is a prefix of branch names.
    `run_in_url` is a pattern that finds the run's id in `url`, for a system whose `run` is not
    unique. `server` defaults to the host of `url`, and `version` to the first characters of the
    commit or, without a commit, to `otherwise`. `metadata` pairs keys with readings; the keys are
    those of the hosted product where it has them. It must not contain data of people, because a
    registry may be configured to record none.
    """

    name: str
    present: str
    repository: str = ""
    sha: str = ""
    branch: str = ""
    remote: str = ""
    number: str = ""
    run: str = ""
    run_in_url: str = ""
    attempt: str = ""
    job: str = ""
    url: str = ""
    server: str = ""
    person: str = ""
    email: str = ""
    person_name: str = ""
    version: str = ""
    otherwise: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    summary_file: str = ""
    output_file: str = ""


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
    metadata=(
        ("vi_gh_workflow", "GITHUB_WORKFLOW"),
        ("vi_gh_job", "GITHUB_JOB"),
        ("vi_gh_run_attempt", "GITHUB_RUN_ATTEMPT"),
        ("vi_gh_event_name", "GITHUB_EVENT_NAME"),
        ("vi_gh_ref", "GITHUB_REF"),
        ("vi_gh_head_ref", "GITHUB_HEAD_REF"),
        ("vi_gh_base_ref", "GITHUB_BASE_REF"),
    ),
    summary_file="GITHUB_STEP_SUMMARY",
    output_file="GITHUB_OUTPUT",
)

# Gitea and Forgejo set GITHUB_* too; the URL of a run contains its number, not its id.
_GITEA: Final = _GITHUB._replace(
    name="gitea",
    present=PRESENT["gitea"],
    url="{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_NUMBER}",
)

# In the order of PRESENT, because some systems set the variables of others.
SYSTEMS: Final[tuple[System, ...]] = (
    _GITEA._replace(name="forgejo", present=PRESENT["forgejo"]),
    _GITEA,
    _GITHUB,
    System(
        name="gitlab",
        present=PRESENT["gitlab"],
        repository="CI_PROJECT_PATH",
        sha="CI_COMMIT_SHA",
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
        name="jenkins",
        present=PRESENT["jenkins"],
        repository="GIT_URL GIT_URL_1",
        sha="GIT_COMMIT",
        branch="CHANGE_BRANCH GIT_BRANCH BRANCH_NAME TAG_NAME",
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
        metadata=(
            ("vi_jenkins_job_name", "JOB_NAME"),
            ("vi_jenkins_build_url", "BUILD_URL"),
            ("vi_jenkins_node_name", "NODE_NAME"),
            ("vi_jenkins_executor_number", "EXECUTOR_NUMBER"),
        ),
    ),
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
        metadata=(
            ("vi_circle_workflow_id", "CIRCLE_WORKFLOW_ID"),
            ("vi_circle_workflow_job_id", "CIRCLE_WORKFLOW_JOB_ID"),
            ("vi_circle_job_name", "CIRCLE_JOB"),
            ("vi_circle_node_index", "CIRCLE_NODE_INDEX"),
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
        sha="BUILD_SOURCEVERSION",
        branch="BUILD_SOURCEBRANCH SYSTEM_PULLREQUEST_SOURCEBRANCH",
        number="BUILD_BUILDNUMBER",
        run="BUILD_BUILDID",
        attempt="{SYSTEM_STAGEATTEMPT}.{SYSTEM_JOBATTEMPT} SYSTEM_JOBATTEMPT",
        # Jobs of a matrix may share a name; the id is the same in each attempt.
        job="{SYSTEM_STAGENAME}/{AGENT_JOBNAME}#{SYSTEM_JOBID} "
        "{SYSTEM_STAGENAME}/{AGENT_JOBNAME} {AGENT_JOBNAME}#{SYSTEM_JOBID} "
        "AGENT_JOBNAME SYSTEM_JOBID",
        # BUILD_BUILDURI is `vstfs:`, which no browser opens.
        url="{SYSTEM_COLLECTIONURI}/{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
        server="SYSTEM_COLLECTIONURI",
        person="BUILD_REQUESTEDFOR",
        email="BUILD_REQUESTEDFOREMAIL",
        version="BUILD_BUILDNUMBER",
        metadata=(
            ("vi_azure_build_id", "BUILD_BUILDID"),
            ("vi_azure_definition_name", "BUILD_DEFINITIONNAME"),
            ("vi_azure_agent_name", "AGENT_NAME"),
            ("vi_azure_team_project", "SYSTEM_TEAMPROJECT"),
        ),
    ),
    System(
        name="travis",
        present=PRESENT["travis"],
        repository="TRAVIS_REPO_SLUG",
        sha="TRAVIS_COMMIT",
        branch="TRAVIS_PULL_REQUEST_BRANCH TRAVIS_BRANCH TRAVIS_TAG",
        number="TRAVIS_BUILD_NUMBER",
        run="TRAVIS_BUILD_ID",
        job="TRAVIS_JOB_NUMBER",
        url="TRAVIS_BUILD_WEB_URL",
        metadata=(
            ("vi_travis_build_id", "TRAVIS_BUILD_ID"),
            ("vi_travis_job_id", "TRAVIS_JOB_ID"),
            ("vi_travis_job_number", "TRAVIS_JOB_NUMBER"),
            ("vi_travis_event_type", "TRAVIS_EVENT_TYPE"),
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
        metadata=(
            ("vi_bk_pipeline", "BUILDKITE_PIPELINE_SLUG"),
            ("vi_bk_step_key", "BUILDKITE_STEP_KEY"),
            ("vi_bk_label", "BUILDKITE_LABEL"),
            ("vi_bk_source", "BUILDKITE_SOURCE"),
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
        metadata=(
            ("vi_tc_project", "TEAMCITY_PROJECT_NAME"),
            ("vi_tc_build_configuration", "TEAMCITY_BUILDCONF_NAME"),
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
        metadata=(
            ("vi_cb_build_arn", "CODEBUILD_BUILD_ARN"),
            ("vi_cb_webhook_trigger", "CODEBUILD_WEBHOOK_TRIGGER"),
        ),
    ),
)
