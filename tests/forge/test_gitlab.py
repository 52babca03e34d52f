"""The jobs that `init` writes for GitLab: each script is run as its runner runs it."""

from __future__ import annotations

import json
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlsplit

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
    review = runner.workspace / "review.md"
    assert review.read_text().startswith("<!-- versioner-review -->\n### Registry: This change is")
    assert "user-service" in runner.said
    assert (runner.workspace / "preview" / "index.html").is_file()
    product.write_text(f"{product.read_text()}lifecycle: retired\n")
    git(runner.workspace, "commit", "-qam", "Retire")
    assert run_job(runner, jobs, "versioner-validate", **told) == 3
    (fault,) = json.loads(report.read_text())
    assert fault["location"]["path"] == "registry/products/user-service/product.yaml"


class Notes(BaseHTTPRequestHandler):
    """The notes of a merge request, as GitLab keeps them, on pages of one."""

    kept: ClassVar[list[dict[str, Any]]] = []
    refused: ClassVar[list[str]] = []

    def _answer(self, document: object, next_page: str = "") -> None:
        if self.headers["PRIVATE-TOKEN"] != "the-token":
            self.refused.append(self.path)
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("X-Next-Page", next_page)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path == "/api/v4/user":
            return self._answer({"id": 5})
        page = int(parse_qs(urlsplit(self.path).query)["page"][0])
        found = self.kept[page - 1 : page]
        return self._answer(found, str(page + 1) if page < len(self.kept) else "")

    def do_POST(self) -> None:
        self._write({"id": len(self.kept) + 1, "author": {"id": 5}})

    def do_PUT(self) -> None:
        number = int(self.path.rpartition("/")[2])
        self._write(self.kept.pop(number - 1))

    def _write(self, note: dict[str, Any]) -> None:
        assert urlsplit(self.path).path.startswith("/api/v4/projects/9/merge_requests/3/notes")
        length = int(self.headers["Content-Length"])
        self.kept.insert(note["id"] - 1, {**note, **json.loads(self.rfile.read(length))})
        self._answer({})

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def test_a_merge_request_gets_one_comment_which_is_updated(
    jobs: dict[str, Any], runner: Job
) -> None:
    marker = "<!-- versioner-review -->"
    others = [(5, "Looks good"), (6, f"{marker} of somebody else"), (5, f"> {marker}")]
    Notes.kept[:] = [
        {"id": number, "author": {"id": author}, "body": body}
        for number, (author, body) in enumerate(others, 1)
    ]
    before, told = [*Notes.kept], runner.workspace / "review.md"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Notes)
    Thread(target=server.serve_forever, daemon=True).start()
    variables = {
        "CI_API_V4_URL": f"http://127.0.0.1:{server.server_address[1]}/api/v4",
        "CI_PROJECT_ID": "9",
        "CI_MERGE_REQUEST_IID": "3",
        "CI_PIPELINE_URL": "https://gitlab.example/p/1",
        "VERSIONER_REVIEW_TOKEN": "the-token",
    }
    for text in ("first", 'second "$(touch pwned)" é'):
        told.write_text(f"{marker}\n### {text}\n")
        assert run_job(runner, jobs, "versioner-review", **variables) == 0, runner.said
        assert Notes.kept[:3] == before
        (note,) = Notes.kept[3:]
        assert note["body"].startswith(f"{marker}\n### {text}\n\n[Preview of the site](https://")
    told.write_text("")
    assert run_job(runner, jobs, "versioner-review", **variables) == 1
    assert len(Notes.kept) == 4
    assert Notes.refused == []
    assert "the-token" not in runner.said
    runner.assert_unharmed()
    server.shutdown()
    server.server_close()


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
    for job in (".versioner", "versioner-record"):
        script = "\n".join(jobs[job]["before_script"])
        assert runner.run(script, {"VERSIONER_PACKAGE": ""}) == 1
        assert "set the CI/CD variable VERSIONER_PACKAGE" in runner.said


def test_the_tool_in_one_file_records_if_it_has_the_hash(
    jobs: dict[str, Any], runner: Job, forge: Forge, pyz: Path
) -> None:
    job = jobs["versioner-record"]
    script = "\n".join([*job["before_script"], "type versioner", *job["script"]])
    right = sha256(pyz.read_bytes()).hexdigest()
    for digest in ("", "0" * 64):
        tool = {"VERSIONER_RECORDER": f"file://{pyz}", "VERSIONER_SHA256": digest}
        assert runner.run(script, {**FACTS, **tool}) == 1
        assert forge.deployments() == []
    tool["VERSIONER_SHA256"] = right
    assert runner.run(script, {**FACTS, **tool}) == 0, runner.said
    assert f"{runner.workspace}.venv/bin/versioner" in runner.said
    assert len(forge.deployments()) == 1


def test_no_job_is_broken_off_and_publishing_is_one_at_a_time(jobs: dict[str, Any]) -> None:
    assert jobs[".versioner"]["interruptible"] is False
    assert jobs["pages"]["resource_group"]
    assert "resource_group" not in jobs["versioner-record"]
    writers = {each["job"] for each in jobs["pages"]["needs"]}
    assert writers == {"versioner-record", "versioner-delete-product"}
    assert jobs["versioner-delete-product"]["rules"][0]["when"] == "manual"
