"""versioner track in a CI job: what is a claim about a version, and what tells of the run alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.ci.recorded import environment
from tests.cli.test_track import events
from tests.cli.test_track_remote import Forge, forge
from versioner.cli.errors import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.registries import Desk, Outcome

__all__ = ["forge"]

pytestmark = pytest.mark.slow

BUILT, RUN = "f" * 40, "9" * 40


class Job:
    """A job of a CI system: its variables, and the tool run in it."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk = desk
        self._monkeypatch = monkeypatch
        self._set: set[str] = set()

    def enter(self, name: str, **changed: str) -> None:
        """Take the variables of another recorded job."""
        for variable in self._set:
            self._monkeypatch.delenv(variable, raising=False)
        variables = {**environment(name), **changed}
        self._set = set(variables)
        for variable, value in variables.items():
            self._monkeypatch.setenv(variable, value)

    def build(self, *arguments: str) -> Outcome:
        return self.desk.run("track", "build", "--local", *arguments)

    def deploy(self, *arguments: str) -> Outcome:
        return self.desk.run("track", "deployment", "--local", *arguments)


@pytest.fixture
def job(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(desk, monkeypatch)


def source(event: dict[str, Any]) -> dict[str, str]:
    """Return what an event says of the source, of the version's and of the run's."""
    metadata = event.get("extra_metadata", {})
    found = {key: event[key] for key in ("scm_sha", "scm_branch", "scm_repository") if key in event}
    return found | {key: metadata[key] for key in metadata if key.startswith("vi_run_")}


def test_a_promotion_by_dispatch_does_not_conflict_with_the_commit_of_the_build(job: Job) -> None:
    job.enter("github-tag-of-release")
    assert job.build("--version", "2.3.0").code == 0
    job.enter("github-dispatch-promotion")
    done = job.deploy("--version", "2.3.0", "--environment", "production")
    assert done.code == 0, done.err
    (built,) = events(job.desk, "orders", "versions")
    (event,) = events(job.desk, "orders")
    assert built["scm_sha"] == BUILT
    # The product is that of the repository, so the repository is the product's.
    assert source(event) == {
        "scm_repository": "acme/orders",
        "vi_run_sha": RUN,
        "vi_run_branch": "main",
    }
    shown = job.desk.run("version", "show", "orders", "2.3.0", "-o", "json").json()
    assert shown["scm_sha"] == BUILT


def test_a_repository_for_deployments_gives_no_version_its_own_source(job: Job) -> None:
    job.enter("gitlab-deploy-repository")
    cart = ("--product", "cart", "--version", "7.0.1", "--environment")
    assert job.deploy(*cart, "staging").code == 0
    job.enter("gitlab-deploy-repository-later")
    done = job.deploy(*cart, "production")
    assert done.code == 0, done.err
    staging, production = events(job.desk, "cart")
    assert source(staging) == {
        "vi_run_sha": "aaaa111111111111111111111111111111111111",
        "vi_run_repository": "acme/deploy",
        "vi_run_branch": "main",
    }
    assert source(production)["vi_run_sha"].startswith("bbbb")
    shown = job.desk.run("version", "show", "cart", "7.0.1", "-o", "json").json()
    assert (shown["scm_sha"], shown["scm_repository"], shown["scm_branch"]) == (None, None, None)
    assert job.desk.run("validate").code == 0


def test_what_starts_in_one_run_may_complete_in_another(job: Job) -> None:
    what = ("--version", "2.3.0", "--environment", "production")
    job.enter("github-dispatch-promotion")
    assert job.deploy(*what, "--status", "started").code == 0
    job.enter("github-dispatch-promotion", GITHUB_SHA="8" * 40, GITHUB_RUN_ID="9000888")
    assert job.deploy(*what).code == 0
    assert [source(event)["vi_run_sha"][0] for event in events(job.desk, "orders")] == ["9", "8"]


def test_a_given_commit_is_a_claim_and_conflicts(job: Job) -> None:
    job.enter("github-tag-of-release")
    assert job.build("--version", "2.3.0").code == 0
    job.enter("github-dispatch-promotion")
    what = ("--version", "2.3.0", "--environment", "production")
    refused = job.deploy(*what, "--scm-sha", "e" * 40)
    assert (refused.code, "--version" in refused.err) == (5, True)
    assert job.deploy(*what, "--scm-sha", BUILT[:8]).code == 0
    (event,) = events(job.desk, "orders")
    assert source(event) == {
        "scm_sha": BUILT[:8],
        "scm_repository": "acme/orders",
        "vi_run_sha": RUN,
        "vi_run_branch": "main",
    }


def test_the_commit_of_the_run_is_a_claim_where_it_is_given_as_the_versions(job: Job) -> None:
    job.enter("gitlab-deploy-repository")
    what = ("--product", "deploy-tools", "--version", "1.0", "--environment", "production")
    sha = "aaaa111111111111111111111111111111111111"
    assert job.deploy(*what, "--scm-sha", sha[:10].upper()).code == 0
    (event,) = events(job.desk, "deploy-tools")
    assert source(event) == {
        "scm_sha": sha[:10],
        "scm_branch": "main",
        "scm_repository": "acme/deploy",
    }


def test_a_builds_own_commit_is_a_claim_whatever_its_version_is_called(job: Job) -> None:
    job.enter("github-tag-of-release")
    assert job.build("--version", "2.3.0").code == 0
    job.enter("github-dispatch-promotion")
    refused = job.build("--version", "2.3.0")
    assert (refused.code, "--version" in refused.err) == (5, True)


def test_a_detected_version_is_of_the_detected_commit(job: Job) -> None:
    job.enter("github-dispatch-promotion")
    assert job.deploy("--environment", "production", "--product", "cart").code == 0
    (event,) = events(job.desk, "cart")
    assert event["version"] == RUN[:8]
    assert source(event) == {
        "scm_sha": RUN,
        "scm_branch": "main",
        "scm_repository": "acme/orders",
    }


def test_an_undeployment_takes_neither_version_nor_commit_from_its_run(job: Job) -> None:
    job.enter("github-tag-of-release")
    assert job.deploy("--environment", "production").code == 0
    job.enter("github-dispatch-promotion")
    done = job.deploy("--environment", "production", "--status", "undeployed")
    assert done.code == 0, done.err
    event = events(job.desk, "orders")[-1]
    assert "version" not in event
    assert source(event) == {
        "scm_repository": "acme/orders",
        "vi_run_sha": RUN,
        "vi_run_branch": "main",
    }


def test_a_value_of_ones_own_wins_over_the_runs(job: Job) -> None:
    job.enter("gitlab-deploy-repository")
    what = ("--product", "cart", "--version", "7.0.1", "--environment", "production")
    given = ("--scm-repository", "acme/cart", "--extra-metadata", '{"vi_run_branch": "mine"}')
    assert job.deploy(*what, *given).code == 0
    (event,) = events(job.desk, "cart")
    assert source(event) == {
        "scm_repository": "acme/cart",
        "vi_run_repository": "acme/deploy",
        "vi_run_sha": "aaaa111111111111111111111111111111111111",
        "vi_run_branch": "mine",
    }


def test_a_retry_is_one_event_and_the_same_run_of_another_repository_another(job: Job) -> None:
    what = ("--product", "cart", "--version", "7.0.1", "--environment", "production")
    job.enter("drone-push")
    assert job.deploy(*what).code == 0
    assert "already recorded" in job.deploy(*what).out
    # The runs of Drone are numbered in each repository.
    job.enter("drone-push", DRONE_REPO="acme/other")
    assert "already recorded" not in job.deploy(*what).out
    assert len(events(job.desk, "cart")) == 2


@pytest.mark.parametrize("via", ["direct", "inbox"])
def test_a_promotion_at_a_url_does_not_conflict_either(
    forge: Forge, job: Job, via: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.enter("github-tag-of-release")
    assert forge.run("track", "build", "--version", "2.3.0", "--repo", forge.url).code == 0
    what = ("track", "deployment", "--version", "2.3.0", "--repo", forge.url, "--via", via)
    for number, environment_name in enumerate(("staging", "production")):
        job.enter("github-dispatch-promotion", GITHUB_SHA=f"{number}" * 40)
        done = forge.run(*what, "--environment", environment_name)
        assert done.code == 0, done.err
    collected = forge.run("collect", "--repo", forge.url)
    assert collected.code == 0, collected.err
    assert "refused" not in collected.out
    assert len(forge.ids(product="orders")) == 2
    text = forge.git("show", "main:registry/products/orders/deployments/2026-11.yaml")
    assert text.count('"vi_run_sha"') == 2
    assert "scm_sha" not in text


def test_a_promotion_that_waited_in_the_spool_does_not_conflict_either(
    forge: Forge, job: Job
) -> None:
    job.enter("github-tag-of-release")
    assert forge.run("track", "build", "--version", "2.3.0", "--repo", forge.url).code == 0
    job.enter("github-dispatch-promotion")
    away = forge.bare.rename(forge.bare.with_name("away.git"))
    what = ("track", "deployment", "--version", "2.3.0", "--environment", "production")
    assert forge.run(*what, "--repo", forge.url).code == 6
    away.rename(forge.bare)
    sent = forge.run("spool", "send")
    assert sent.code == 0, sent.err
    assert len(forge.ids(product="orders")) == 1


# ---- what is detected, recorded -----------------------------------------------------------------


def test_a_tag_build_records_the_tag_as_version_and_its_commit_as_a_claim(job: Job) -> None:
    job.enter("github-tag-of-release")
    assert job.build().code == 0
    (event,) = events(job.desk, "orders", "versions")
    assert (event["version"], event["scm_sha"]) == ("v2.3.0", BUILT)


def test_a_run_of_another_workflow_records_what_that_one_built(job: Job) -> None:
    job.enter("github-workflow-run")
    done = job.deploy("--environment", "staging", "--verbose", "--dry-run")
    assert done.code == 0
    for value in ("version = beefbeef", f"scm_sha = {'beef' * 10}", "scm_branch = release/2.3"):
        assert f"{value} (github)" in done.err
    assert "a" * 40 not in done.out + done.err


def test_an_event_file_that_cannot_be_used_is_a_warning(job: Job, tmp_path: Path) -> None:
    job.enter("github-workflow-run", GITHUB_EVENT_PATH=str(tmp_path / "none.json"))
    done = job.deploy("--environment", "staging")
    assert done.code == 0
    assert "No such file or directory" in done.err
    assert "give --version and --scm-sha" in done.err
    (event,) = events(job.desk, "orders")
    assert event["scm_sha"] == "a" * 40
    # It is of no interest where the version is given by hand.
    done = job.deploy("--environment", "staging", "--version", "9")
    assert "No such file" not in done.err


def test_the_environment_and_its_type_are_those_of_the_job(job: Job) -> None:
    job.enter("gitlab-environment")
    done = job.deploy()
    assert done.code == 0, done.err
    (event,) = events(job.desk, "user-service")[-1:]
    assert event["environment"] == "production-eu-west"
    text = job.desk.git("show", "HEAD:registry/environments/production-eu-west.yaml")
    assert 'type: "production"' in text
    job.enter("gitlab-environment", CI_ENVIRONMENT_NAME="eu", CI_ENVIRONMENT_TIER="testing")
    assert job.deploy().code == 0
    assert 'type: "test"' in job.desk.git("show", "HEAD:registry/environments/eu.yaml")
    # Another name is another environment, of which the job says nothing.
    assert job.deploy("--environment", "us").code == 0
    assert "type" not in job.desk.git("show", "HEAD:registry/environments/us.yaml")
    assert job.desk.run("validate").code == 0


def test_the_type_of_an_environment_that_exists_stays(job: Job) -> None:
    before = job.desk.git("show", "HEAD:registry/environments/staging.yaml")
    job.enter("gitlab-environment", CI_ENVIRONMENT_NAME="staging", CI_ENVIRONMENT_TIER="production")
    assert job.deploy().code == 0
    assert job.desk.git("show", "HEAD:registry/environments/staging.yaml") == before


def test_a_build_has_no_environment(job: Job) -> None:
    job.enter("gitlab-environment")
    assert job.build().code == 0
    assert "environment" not in events(job.desk, "user-service", "versions")[-1]


@pytest.mark.parametrize("via", ["direct", "inbox"])
def test_the_type_goes_along_to_a_url(forge: Forge, job: Job, via: str) -> None:
    job.enter("gitlab-environment", CI_ENVIRONMENT_NAME="eu")
    done = forge.run("track", "deployment", "--repo", forge.url, "--via", via)
    assert done.code == 0, done.err
    assert forge.run("collect", "--repo", forge.url).code == 0
    assert 'type: "production"' in forge.git("show", "main:registry/environments/eu.yaml")


def test_a_job_without_an_environment_says_that_its_system_reports_none(job: Job) -> None:
    job.enter("gitlab-deploy-repository")
    done = job.deploy("--product", "cart", "--version", "1")
    assert done.code == 2
    assert "--environment is required, because gitlab reports no environment" in done.err


def test_a_number_that_two_branches_share_is_the_version_of_the_first_commit_only(
    job: Job,
) -> None:
    job.enter("jenkins-multibranch-main")
    assert job.build().code == 0
    assert job.build().code == 0
    job.enter("jenkins-multibranch-release")
    refused = job.build()
    assert refused.code == 5
    assert "version 12 was built from 444444444444, not from 555555555555" in refused.err
    assert "--version" in refused.err
    assert job.build("--version", "2.0.12").code == 0
    built = [(event["version"], event["scm_sha"][0]) for event in _built(job)]
    assert built == [("12", "4"), ("2.0.12", "5")]


def _built(job: Job) -> list[dict[str, Any]]:
    return events(job.desk, "orders", "versions")


def test_the_status_of_a_job_is_recorded_as_its_system_says_it(job: Job) -> None:
    job.enter("azure-pull-request-deployment")
    what = ("--environment", "production", "--version", "1", "--status")
    word = environment("azure-pull-request-deployment")["AGENT_JOBSTATUS"]
    assert job.deploy(*what, word).code == 0
    (event,) = events(job.desk, "orders")
    assert event["status"] == "completed"


# ---- a clone in a job ---------------------------------------------------------------------------

WHAT = ("track", "deployment", "--environment", "production")


@pytest.fixture
def clone(forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    forge.git("clone", "-q", forge.url, str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    return tmp_path / "clone"


@pytest.mark.parametrize(
    "name", ["jenkins-without-url", "semaphore-minimal", "appveyor-pull-request"]
)
def test_a_job_in_a_clone_records_on_the_remote(
    forge: Forge, clone: Path, job: Job, name: str
) -> None:
    before = forge.tip()
    job.enter(name)
    done = forge.run(*WHAT)
    assert done.code == 0, done.err
    assert forge.git("rev-parse", "main^") == before


def test_a_job_of_no_known_system_records_on_the_remote_too(
    forge: Forge, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = forge.tip()
    monkeypatch.setenv("CI", "true")
    done = forge.run(*WHAT, "--product", "cart", "--version", "1")
    assert done.code == 0, done.err
    assert forge.git("rev-parse", "main^") == before
    at = forge.tip()
    # In the clone only where that is said, or where nobody says that this is a job.
    assert forge.run(*WHAT, "--product", "cart", "--version", "2", "--local").code == 0
    monkeypatch.setenv("CI", "false")
    assert forge.run(*WHAT, "--product", "cart", "--version", "3").code == 0
    assert forge.tip() == at


def test_a_job_of_no_known_system_without_a_remote_is_warned(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.chdir(desk.top)
    desk.capsys.readouterr()
    assert run([*WHAT, "--product", "cart", "--version", "1"]) == 0
    assert (
        "this clone has no remote: the event is only in this clone" in desk.capsys.readouterr().err
    )
