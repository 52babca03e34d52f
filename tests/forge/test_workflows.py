"""The workflows that `init` writes for GitHub and Gitea: each script is run as a runner runs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.tool import git, versioner
from tests.forge.shells import HOSTILE, NOW, Forge, Job, expand, load, recorded_environment
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Start = Callable[[dict[str, str]], Job]

pytestmark = pytest.mark.slow

SHA = "4f5d1c2a9b8e7d6c5b4a39281706f5e4d3c2b1a0"
FACTS = {"product_name": "user-service", "version": "1.4.0", "environment": "production"}
WRITERS = ("record", "delete-product")


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new registry with GitHub's workflows, and Gitea's beside them."""
    top = tmp_path_factory.mktemp("starter") / "registry"
    initialise(top, forge="github", now=NOW)
    versioner("init", top, "--add-missing", "--forge", "gitea")
    return top


def workflow(starter: Path, name: str, forge: str = "github") -> dict[str, Any]:
    loaded: dict[str, Any] = load(starter / f".{forge}" / "workflows" / f"{name}.yml")
    return loaded


@pytest.fixture
def runner(forge: Forge, job: Start, tmp_path: Path) -> Job:
    environ = recorded_environment("github-push")
    environ |= {"GITHUB_SERVER_URL": forge.server, "GITHUB_REPOSITORY": "acme/deployments"}
    return job(environ | {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")})


def run_step(
    runner: Job, document: dict[str, Any], job: str, step: str, values: dict[str, str]
) -> int:
    """Run the step of that name, with the expressions of its variables looked up in a table."""
    forge = runner.environ["GITHUB_SERVER_URL"]
    table = {
        "github.token": "the-jobs-token",
        "github.server_url": forge,
        "github.repository": runner.environ["GITHUB_REPOSITORY"],
        # A variable that a repository does not have is empty.
        **dict.fromkeys(
            (f"vars.VERSIONER_{each}" for each in ("RECORDER", "SHA256", "PACKAGE")), ""
        ),
        **values,
    }
    (found,) = [each for each in document["jobs"][job]["steps"] if each.get("name") == step]
    env = {**document.get("env", {}), **found.get("env", {})}
    shell = ("python",) if found.get("shell") == "python" else ("bash", "-e")
    return runner.run(found["run"], {k: expand(v, table) for k, v in env.items()}, shell)


def track(forge: Forge, *arguments: str, **facts: str) -> None:
    given = {"product": "user-service", "environment": "staging", "version": "1.0", **facts}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    versioner("track", "deployment", *options, "--repo", forge.url, *arguments, cwd=forge.folder)


# --- publish


@pytest.mark.parametrize(("flavour", "within"), [("github", "collect"), ("gitea", "publish")])
def test_what_waits_in_the_inbox_is_folded(
    starter: Path, runner: Job, forge: Forge, flavour: str, within: str
) -> None:
    track(forge, "--via=inbox")
    assert forge.deployments() == []
    publish = workflow(starter, "publish", flavour)
    step = "Record the events in the inbox"
    assert run_step(runner, publish, within, step, {}) == 0, runner.said
    assert [event["version"] for event in forge.deployments()] == ["1.0"]
    assert forge.refs() == ["refs/heads/main"]
    assert run_step(runner, publish, within, step, {}) == 0, runner.said


def test_the_state_changes_with_the_branch_and_with_the_inbox(
    starter: Path, runner: Job, forge: Forge
) -> None:
    publish = workflow(starter, "publish")
    states = []
    for via in ("", "--via=inbox", "--via=direct"):
        if via:
            track(forge, via, version=str(len(states)))
        for _ in "twice":
            assert not run_step(runner, publish, "collect", "Identify the state to publish", {})
        states.append(runner.outputs["state"])
    assert len(set(states)) == 3
    assert all(len(state) == 40 for state in states)


def test_the_credential_helper_answers_with_the_token_and_never_in_an_argument(
    starter: Path, runner: Job
) -> None:
    steps = [
        step
        for name in ("collect", "build")
        for step in workflow(starter, "publish")["jobs"][name]["steps"]
        if "GIT_CONFIG_VALUE_0" in step.get("env", {})
    ]
    assert len(steps) == 2
    for step in steps:
        env = {k: expand(v, {"github.token": 'a"$(b'}) for k, v in step["env"].items()}
        ask = "printf 'protocol=https\\nhost=example.com\\n\\n' | git credential fill"
        assert runner.run(ask, env) == 0
        assert 'username=x-access-token\npassword=a"$(b\n' in runner.said
        assert "TOKEN" not in step["run"]


@pytest.mark.parametrize(("flavour", "within"), [("github", "build"), ("gitea", "publish")])
def test_the_site_of_the_tip_is_built_with_what_waits(
    starter: Path, runner: Job, forge: Forge, flavour: str, within: str
) -> None:
    track(forge, "--via=direct", version="1.0")
    track(forge, "--via=inbox", version="2.0")
    git(runner.folder, "clone", "-q", forge.url, str(runner.workspace))
    publish = workflow(starter, "publish", flavour)
    for step in ("Fetch the inbox", "Validate", "Build the site"):
        assert run_step(runner, publish, within, step, {}) == 0, runner.said
    page = runner.workspace / "_site" / "products" / "user-service" / "index.html"
    assert "1.0" in page.read_text()
    refs = git(runner.workspace, "for-each-ref", "--format=%(refname)", "refs/versioner")
    assert refs.startswith("refs/versioner/inbox/user-service/")
    # From what the cache keeps, the same site is made again without rendering anything.
    assert run_step(runner, publish, within, "Build the site", {}) == 0, runner.said
    for kept in ("index.sqlite", "index.seal", "pages.json"):
        assert (runner.workspace / ".git" / "versioner" / kept).is_file()
    if flavour == "github":
        steps = publish["jobs"][within]["steps"]
        (cache,) = [each for each in steps if "restore-keys" in each.get("with", {})]
        for pattern in cache["with"]["path"].split():
            assert [*runner.workspace.glob(pattern)], pattern


def test_publishing_coalesces_and_never_breaks_off(starter: Path) -> None:
    for flavour in ("github", "gitea"):
        publish = workflow(starter, "publish", flavour)
        assert publish["concurrency"] == {
            "group": "versioner-publish",
            "cancel-in-progress": False,
        }
        assert {"push", "schedule", "workflow_dispatch"} <= publish["on"].keys()
    assert "workflow_call" in workflow(starter, "publish")["on"]


def test_each_job_may_do_no_more_than_it_needs(starter: Path) -> None:
    def granted(name: str) -> dict[str, dict[str, str]]:
        jobs = workflow(starter, name)["jobs"]
        return {job: each["permissions"] for job, each in jobs.items()}

    write = {"contents": "write"}
    pages = {"pages": "write", "id-token": "write"}
    assert granted("validate") == {
        "validate": {"contents": "read"},
        "comment": {"pull-requests": "write"},
    }
    assert granted("publish") == {"collect": write, "build": {"contents": "read"}, "deploy": pages}
    assert granted("record") == {"record": write, "publish": write | pages}
    assert granted("delete-product") == {"delete": write, "publish": write | pages}


@pytest.mark.parametrize("name", WRITERS)
def test_who_writes_publishes_in_the_same_run_and_drops_no_run(starter: Path, name: str) -> None:
    document = workflow(starter, name)
    writes, publishes = document["jobs"].items()
    assert publishes[1]["uses"] == "./.github/workflows/publish.yml"
    assert publishes[1]["needs"] == writes[0]
    assert "concurrency" not in document
    assert "concurrency" not in writes[1]


# --- validate


@pytest.mark.parametrize("flavour", ["github", "gitea"])
@pytest.mark.parametrize(("text", "code"), [("Accounts", 0), ("a\n  b: [", 3)])
def test_a_pull_request_is_validated_and_shown(
    starter: Path, runner: Job, forge: Forge, flavour: str, text: str, code: int
) -> None:
    track(forge, "--via=direct")
    git(runner.folder, "clone", "-q", forge.url, str(runner.workspace))
    git(runner.workspace, "switch", "-qc", "change")
    product = runner.workspace / "registry" / "products" / "user-service" / "product.yaml"
    product.write_text(f"{product.read_text()}description: {text}\n")
    git(runner.workspace, "commit", "-qam", "Describe")
    validate = workflow(starter, "validate", flavour)
    assert run_step(runner, validate, "validate", "Validate", {"github.base_ref": "main"}) == code
    if flavour == "github":
        summary = (forge.folder / "summary.md").read_text()
        assert "user-service" in summary
        assert ("::error file=registry/products/user-service" in runner.said) == bool(code)
        built = run_step(runner, validate, "validate", "Build a preview", {})
        assert built == code
        assert (runner.workspace / "_site" / "index.html").is_file() == (code == 0)


GH = """#!{python}
import json, os, sys
from pathlib import Path

with Path(os.environ["CALLS"]).open("a") as file:
    print(json.dumps(sys.argv[1:]), file=file)
if "--jq" in sys.argv and os.environ.get("KNOWN"):
    print(os.environ["KNOWN"] + "\\n999")
"""


def test_one_comment_is_made_and_then_updated_in_place(
    starter: Path, runner: Job, forge: Forge, tmp_path: Path
) -> None:
    track(forge, "--via=direct")
    git(runner.folder, "clone", "-q", forge.url, str(runner.workspace))
    git(runner.workspace, "switch", "-qc", "change")
    product = runner.workspace / "registry" / "products" / "user-service" / "product.yaml"
    product.write_text(f"{product.read_text()}title: 'EOF $(touch pwned) @all'\n")
    git(runner.workspace, "commit", "-qam", "Describe")
    validate = workflow(starter, "validate")
    assert not run_step(runner, validate, "validate", "Review", {"github.base_ref": "main"})
    lines = (runner.folder / "temp" / "output").read_text().splitlines()
    assert lines[0] == f"text<<{lines[-1]}"
    review = "\n".join(lines[1:-1])
    assert review.startswith("<!-- versioner-review -->\n### Registry: This change is valid\n")
    gh, calls = runner.folder / "bin" / "gh", tmp_path / "calls"
    gh.write_text(GH.format(python=sys.executable))
    gh.chmod(0o755)
    values = {
        "github.event.pull_request.number": "7",
        "needs.validate.outputs.review": review,
        "needs.validate.outputs.preview": "https://forge.example/artifact",
    }
    comments = "repos/acme/deployments/issues/7/comments"
    for known, sent in (
        ("", ["--silent", comments]),
        ("41", ["--silent", "--method", "PATCH", "repos/acme/deployments/issues/comments/41"]),
    ):
        calls.unlink(missing_ok=True)
        runner.environ |= {"CALLS": str(calls), "KNOWN": known}
        assert run_step(runner, validate, "comment", "Comment", values) == 0, runner.said
        asked, written = map(json.loads, calls.read_text().splitlines())
        assert asked[:3] == ["api", "--paginate", f"{comments}?per_page=100"]
        assert written == ["api", *sent, "--field", "body=@review.md"]
        body = (runner.workspace / "review.md").read_text()
        assert body.startswith(review)
        assert "[Preview of the site](https://forge.example/artifact)" in body
    runner.assert_unharmed()


def test_a_pull_request_from_a_fork_gets_no_comment_and_runs_with_no_right(starter: Path) -> None:
    document = workflow(starter, "validate")
    assert [*document["on"]] == ["pull_request"]
    condition = document["jobs"]["comment"]["if"]
    assert "head.repo.full_name == github.repository" in condition
    used = [each.get("uses", "") for each in document["jobs"]["comment"]["steps"]]
    assert used == [""]


@pytest.mark.parametrize("text", HOSTILE[:2])
def test_a_hostile_base_is_run_by_nothing(
    starter: Path, runner: Job, forge: Forge, text: str
) -> None:
    git(runner.folder, "clone", "-q", forge.url, str(runner.workspace))
    validate = workflow(starter, "validate")
    assert run_step(runner, validate, "validate", "Validate", {"github.base_ref": text}) in (1, 2)
    runner.assert_unharmed()


@pytest.mark.parametrize("name", ["validate", "publish", *WRITERS])
def test_the_tool_comes_from_where_the_variable_says_and_from_nowhere_else(
    starter: Path, runner: Job, name: str
) -> None:
    for job, each in workflow(starter, name)["jobs"].items():
        if not any(step.get("name") == "Install versioner" for step in each.get("steps", [])):
            continue
        document = {"jobs": {job: each}}
        step = "Install versioner"
        assert run_step(runner, document, job, step, {"vars.VERSIONER_PACKAGE": ""}) == 1
        assert "::error::set the variable VERSIONER_PACKAGE" in runner.said


# --- record


def test_the_tool_in_one_file_takes_the_place_of_pip_if_it_has_the_hash(
    starter: Path, runner: Job, forge: Forge, pyz: Path
) -> None:
    document = workflow(starter, "record")
    added = runner.folder / "path"
    runner.environ["GITHUB_PATH"] = str(added)
    right = sha256(pyz.read_bytes()).hexdigest()
    for digest, code in (("", 1), ("0" * 64, 1), (right, 0)):
        tool = {"vars.VERSIONER_RECORDER": f"file://{pyz}", "vars.VERSIONER_SHA256": digest}
        assert run_step(runner, document, "record", "Install versioner", tool) == code, runner.said
        assert added.exists() == (code == 0)
    (folder,) = added.read_text().split()
    shutil.copy(f"{folder}/versioner", runner.folder / "bin/versioner")
    assert record(starter, runner, FACTS) == 0, runner.said
    assert len(forge.deployments()) == 1


def record(
    starter: Path, runner: Job, facts: object, *, called: bool = False, action: str = "deployment"
) -> int:
    document = workflow(starter, "record")
    runner.environ["GITHUB_EVENT_NAME"] = "push" if called else "repository_dispatch"
    values = {
        "toJSON(inputs.product_name && inputs || github.event.client_payload)": json.dumps(facts),
        "inputs.product_name && 'true' || 'false'": json.dumps(called),
        "github.event.action": "" if called else action,
    }
    return run_step(runner, document, "record", "Record", values)


def test_a_dispatch_is_recorded_once_and_nothing_of_its_own_run_is_taken_for_the_products(
    starter: Path, runner: Job, forge: Forge
) -> None:
    facts = {**FACTS, "metadata": {"region": "eu"}, "scm_sha": SHA}
    facts["artifact"] = f"image=sha256:{'a' * 64} chart=sha256:{'b' * 64}"
    assert record(starter, runner, facts) == 0, runner.said
    assert runner.outputs["outcome"] == "recorded"
    runner.environ["GITHUB_RUN_ATTEMPT"] = "2"
    assert record(starter, runner, facts) == 0, runner.said
    assert runner.outputs["outcome"] == "already_recorded"
    (event,) = forge.deployments()
    assert event["product"] == "user-service"
    log = git(forge.bare, "log", "-p", "-1", "--format=", "main")
    assert f'scm_sha: "{SHA}"' in log
    assert '"region": "eu"' in log
    assert f'artifacts: {{"chart": "sha256:{"b" * 64}", "image": "sha256:' in log
    assert recorded_environment("github-push")["GITHUB_SHA"] not in log
    assert "acme/deployments" not in log


def test_two_dispatches_of_one_version_from_two_commits_of_the_registry_do_not_conflict(
    starter: Path, runner: Job, forge: Forge
) -> None:
    assert record(starter, runner, {**FACTS, "environment": "staging"}) == 0, runner.said
    runner.environ |= {"GITHUB_SHA": SHA, "GITHUB_RUN_ID": "77"}
    assert record(starter, runner, FACTS) == 0, runner.said
    assert len(forge.deployments()) == 2


def test_the_type_of_a_dispatch_says_what_it_is(starter: Path, runner: Job, forge: Forge) -> None:
    types = workflow(starter, "record")["on"]["repository_dispatch"]["types"]
    assert len(types) == 12
    for number, kind in enumerate(types):
        runner.environ["GITHUB_RUN_ID"] = str(number)
        assert record(starter, runner, FACTS, action=kind) == 0, runner.said
        noun, _, status = kind.partition(".")
        subject = forge.subjects()[0]
        assert subject.startswith(f"Record {noun} of user-service 1.4.0")
        assert subject.endswith(f"({status or 'completed'})")


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({**FACTS, "version": 1.1}, "version is not text"),
        ({**FACTS, "product_name": ["a"]}, "product_name is not text"),
        ({"version": "1", "environment": "production"}, "--product is required"),
        ({"product_name": "a", "environment": "production"}, "--version is required"),
        (None, "is required"),
        ({**FACTS, "event_type": "preflight"}, "event_type is deployment or build"),
    ],
)
def test_a_dispatch_that_tells_too_little_fails(
    starter: Path, runner: Job, forge: Forge, facts: object, told: str
) -> None:
    assert record(starter, runner, facts) != 0
    assert told in runner.said
    assert forge.deployments() == []


@pytest.mark.parametrize("text", HOSTILE[:3])
def test_no_fact_of_a_dispatch_is_run(starter: Path, runner: Job, forge: Forge, text: str) -> None:
    for name in ("version", "reason", "scm_branch"):
        code = record(starter, runner, {**FACTS, name: text})
        assert code in (0, 2, 4), runner.said
        runner.assert_unharmed()


def test_a_calling_workflows_own_run_is_detected(starter: Path, runner: Job, forge: Forge) -> None:
    inputs = {**FACTS, "event_type": "deployment.started", "status": "", "metadata": ""}
    assert record(starter, runner, inputs, called=True) == 0, runner.said
    assert forge.subjects()[0].endswith("(started)")
    log = git(forge.bare, "log", "-p", "-1", "--format=", "main")
    assert recorded_environment("github-push")["GITHUB_SHA"] in log


# --- delete


def delete(
    starter: Path,
    runner: Job,
    product: str,
    confirm: str,
    force: str = "false",
    flavour: str = "github",
) -> int:
    values = {"inputs.product": product, "inputs.confirm": confirm, "inputs.force": force}
    return run_step(
        runner, workflow(starter, "delete-product", flavour), "delete", "Delete", values
    )


@pytest.mark.parametrize("flavour", ["github", "gitea"])
def test_a_product_is_deleted_when_its_name_is_typed_twice(
    starter: Path, runner: Job, forge: Forge, flavour: str
) -> None:
    track(forge, "--via=direct")
    name = "user-service"
    assert delete(starter, runner, name, "user-servise", flavour=flavour) == 2
    assert "::error::the two names differ" in runner.said
    assert forge.products() == {name}
    assert delete(starter, runner, name, name, flavour=flavour) == 0, runner.said
    assert forge.products() == set()
    assert forge.subjects()[0] == "Delete product user-service"


@pytest.mark.sampled
@pytest.mark.parametrize(
    "text", [*HOSTILE[:2], "--help", "a\n::error::owned", "no-such-product", ""]
)
def test_any_other_name_deletes_nothing(
    starter: Path, runner: Job, forge: Forge, text: str
) -> None:
    track(forge, "--via=direct")
    assert delete(starter, runner, text, text) in (1, 2, 4)
    runner.assert_unharmed()
    assert forge.products() == {"user-service"}


def test_the_workflows_parse_as_python_and_shell(starter: Path) -> None:
    (step,) = [
        each
        for each in workflow(starter, "record")["jobs"]["record"]["steps"]
        if each.get("shell") == "python"
    ]
    compile(step["run"], "record", "exec")
    for name in ("validate", "publish", "delete-product"):
        for job in workflow(starter, name)["jobs"].values():
            for each in job.get("steps", []):
                done = subprocess.run(["bash", "-n"], input=each.get("run", ""), text=True)
                assert done.returncode == 0
