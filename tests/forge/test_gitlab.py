"""The jobs that `init` writes for GitLab: each script is run as its runner runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.tool import git, versioner
from tests.forge.shells import HOSTILE, NOW, Forge, Job, load, recorded_environment
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Start = Callable[[dict[str, str]], Job]

pytestmark = pytest.mark.slow

FACTS = {
    "VERSIONER_RECORD": "deployment",
    "VERSIONER_PRODUCT": "user-service",
    "VERSIONER_VERSION": "1.4.0",
    "VERSIONER_ENVIRONMENT": "production",
}


@pytest.fixture
def forge(tmp_path: Path, seed: Path) -> Forge:
    return Forge(tmp_path, seed, name="deployments.git")


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    top = tmp_path_factory.mktemp("starter") / "registry"
    initialise(top, forge="gitlab", now=NOW)
    loaded: dict[str, Any] = load(top / ".gitlab" / "versioner.yml")
    return loaded


@pytest.fixture
def runner(forge: Forge, job: Start) -> Job:
    environ = recorded_environment("gitlab-branch") | {
        "CI_PROJECT_URL": forge.url.removesuffix(".git"),
        "CI_PROJECT_PATH": "acme/deployments",
        "CI_DEFAULT_BRANCH": "main",
    }
    runner = job(environ)
    runner.environ["CI_PROJECT_DIR"] = str(runner.workspace)
    return runner


def run_job(runner: Job, jobs: dict[str, Any], name: str, **variables: str) -> int:
    shell = ("bash", "-eo", "pipefail")
    return runner.run("\n".join(jobs[name]["script"]), variables, shell)


def track(forge: Forge, via: str, version: str) -> None:
    versioner(
        *("track", "deployment", "--product=user-service", "--environment=staging"),
        *(f"--version={version}", f"--via={via}", "--repo", forge.url),
        cwd=forge.folder,
    )


def test_a_merge_request_gets_a_report_of_code_quality_and_a_preview(
    jobs: dict[str, Any], runner: Job, forge: Forge
) -> None:
    track(forge, "direct", "1.0")
    git(runner.folder, "clone", "-q", forge.url, str(runner.workspace))
    base = git(runner.workspace, "rev-parse", "HEAD").strip()
    product = runner.workspace / "registry" / "products" / "user-service" / "product.yaml"
    product.write_text(f"{product.read_text()}description: Accounts\n")
    git(runner.workspace, "commit", "-qam", "Describe")
    told = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    assert run_job(runner, jobs, "versioner-validate", **told) == 0, runner.said
    report = runner.workspace / "gl-code-quality-report.json"
    assert json.loads(report.read_text()) == []
    assert "user-service" in runner.said
    assert (runner.workspace / "preview" / "index.html").is_file()
    product.write_text(f"{product.read_text()}lifecycle: retired\n")
    git(runner.workspace, "commit", "-qam", "Retire")
    assert run_job(runner, jobs, "versioner-validate", **told) == 3
    (fault,) = json.loads(report.read_text())
    assert fault["location"]["path"] == "registry/products/user-service/product.yaml"


def test_pages_folds_what_waits_and_builds_the_tip(
    jobs: dict[str, Any], runner: Job, forge: Forge
) -> None:
    git(runner.folder, "clone", "-q", forge.url, str(runner.workspace))
    track(forge, "inbox", "2.0")
    assert run_job(runner, jobs, "pages", VERSIONER_TOKEN="") == 0, runner.said
    assert "the inbox is not collected" in runner.said
    assert forge.deployments() == []
    assert run_job(runner, jobs, "pages", VERSIONER_TOKEN="secret-token") == 0, runner.said
    assert "secret-token" not in runner.said
    assert [event["version"] for event in forge.deployments()] == ["2.0"]
    page = runner.workspace / "public" / "products" / "user-service" / "index.html"
    assert "2.0" in page.read_text()
    kept = {
        path.name: pattern
        for pattern in jobs["pages"]["cache"]["paths"]
        for path in runner.workspace.glob(pattern)
    }
    assert {*kept.values()} == {*jobs["pages"]["cache"]["paths"]}
    # What was fetched is another commit than the one that is checked out.
    assert "index-past.sqlite" in kept


def test_a_trigger_is_recorded_once_and_nothing_of_its_pipeline_is_taken_for_the_products(
    jobs: dict[str, Any], runner: Job, forge: Forge
) -> None:
    for job in ("1", "2"):
        runner.environ["CI_JOB_ID"] = job
        assert run_job(runner, jobs, "versioner-record", **FACTS) == 0, runner.said
    (event,) = forge.deployments()
    assert (event["product"], event["version"]) == ("user-service", "1.4.0")
    log = git(forge.bare, "log", "-p", "-1", "--format=", "main")
    assert recorded_environment("gitlab-branch")["CI_COMMIT_SHA"] not in log
    assert "acme/deployments" not in log


@pytest.mark.parametrize("text", HOSTILE[:3])
def test_no_variable_of_a_trigger_is_run(
    jobs: dict[str, Any], runner: Job, forge: Forge, text: str
) -> None:
    for name in ("VERSIONER_RECORD", "VERSIONER_VERSION", "VERSIONER_REASON"):
        code = run_job(runner, jobs, "versioner-record", **FACTS | {name: text})
        assert code in (0, 2, 4), runner.said
        runner.assert_unharmed()


def test_a_product_is_deleted_when_its_name_is_given_twice(
    jobs: dict[str, Any], runner: Job, forge: Forge
) -> None:
    track(forge, "direct", "1.0")
    name, job = "user-service", "versioner-delete-product"
    assert run_job(runner, jobs, job, DELETE_PRODUCT=name, CONFIRM_DELETE="") == 2
    assert forge.products() == {name}
    hostile = "$(touch pwned)"
    assert run_job(runner, jobs, job, DELETE_PRODUCT=hostile, CONFIRM_DELETE=hostile) != 0
    runner.assert_unharmed()
    assert run_job(runner, jobs, job, DELETE_PRODUCT=name, CONFIRM_DELETE=name) == 0, runner.said
    assert forge.products() == set()


def test_a_pipeline_without_the_tools_address_says_so(jobs: dict[str, Any], runner: Job) -> None:
    script = "\n".join(jobs[".versioner"]["before_script"])
    assert runner.run(script, {"VERSIONER_PACKAGE": ""}) == 1
    assert "set the CI/CD variable VERSIONER_PACKAGE" in runner.said


def test_no_job_is_broken_off_and_publishing_is_one_at_a_time(jobs: dict[str, Any]) -> None:
    assert jobs[".versioner"]["interruptible"] is False
    assert jobs["pages"]["resource_group"]
    assert "resource_group" not in jobs["versioner-record"]
    writers = {each["job"] for each in jobs["pages"]["needs"]}
    assert writers == {"versioner-record", "versioner-delete-product"}
    assert jobs["versioner-delete-product"]["rules"][0]["when"] == "manual"
