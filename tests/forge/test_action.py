"""The composite action: its steps run as a runner runs them, with inputs of every kind."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import sysconfig
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.tool import PROJECT, git
from tests.forge.shells import ACTION, HOSTILE, Forge, Job, expand, load, recorded_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Start = Callable[[dict[str, str]], Job]

pytestmark = pytest.mark.slow

HOSTED = (
    "product_name",
    "version",
    "environment",
    "event_type",
    "status",
    "metadata",
    "fail_on_api_error",
)
DEPLOYED = {"product_name": "user-service", "environment": "production", "version": "1.4.0"}
# Nothing of the action's may reach this one.
SECRET = "own-token-of-the-job"


def run_action(job: Job, *, package: str = "installed", **given: str) -> tuple[int, dict[str, str]]:
    """Run each step of the action whose condition holds; return exit code and outputs."""
    action = load(ACTION)
    unknown = given.keys() - action["inputs"].keys()
    assert not unknown
    inputs = {name: str(each["default"]) for name, each in action["inputs"].items()}
    inputs |= {"package": package, **given}
    values = {f"inputs.{name}": value for name, value in inputs.items()}
    values["github.token"] = SECRET
    values |= {f"steps.record.outputs.{name}": "" for name in action["outputs"]}
    for step in action["runs"]["steps"]:
        if step.get("if") == "steps.install.outputs.command != ''":
            if not values.get("steps.install.outputs.command"):
                continue
        else:
            assert "if" not in step
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        env = {name: expand(text, values) for name, text in step["env"].items()}
        code = job.run(step["run"], {"GITHUB_ACTION_PATH": str(ACTION.parent), **env})
        values |= {f"steps.{step['id']}.outputs.{key}": each for key, each in job.outputs.items()}
        if code:
            return code, {}
    told = {name: expand(each["value"], values) for name, each in action["outputs"].items()}
    return 0, told


@pytest.fixture
def runner(forge: Forge, job: Start, tmp_path: Path) -> Job:
    """A job of a workflow in the registry's own repository."""
    environ = recorded_environment("github-push")
    environ |= {"GITHUB_SERVER_URL": forge.server, "GITHUB_REPOSITORY": "acme/deployments"}
    return job(environ | {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")})


def tell_environment(job: Job) -> None:
    """Put a program in the tool's place that says what it was given."""
    script = job.folder / "bin" / "versioner"
    told = job.folder / "told.json"
    script.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"open({str(told)!r}, 'w').write(json.dumps([sys.argv[1:], dict(os.environ)]))\n"
    )


def told_environment(job: Job) -> tuple[list[str], dict[str, str]]:
    arguments, environ = json.loads((job.folder / "told.json").read_text())
    return arguments, environ


def test_the_inputs_of_the_hosted_product_are_there() -> None:
    action = load(ACTION)
    assert set(HOSTED) <= action["inputs"].keys()
    assert all(each["description"] for each in action["inputs"].values())
    assert not any(each.get("required") for each in action["inputs"].values())


def test_a_deployment_is_recorded_and_its_outputs_say_so(
    runner: Job, forge: Forge, tmp_path: Path
) -> None:
    code, outputs = run_action(runner, **DEPLOYED, metadata='{"region": "eu"}')
    assert code == 0, runner.said
    (event,) = forge.deployments()
    assert outputs["event_id"] in json.dumps(event)
    assert outputs["outcome"] == "recorded"
    assert outputs["spool_line"] == ""
    assert "Record deployment of user-service 1.4.0" in forge.subjects()[0]
    assert "user-service" in (tmp_path / "summary.md").read_text()
    log = forge.bare / "registry"
    assert not log.exists()


@pytest.mark.thorough
def test_a_question_records_nothing_and_says_from_when(
    runner: Job, forge: Forge, tmp_path: Path
) -> None:
    run_action(runner, product_name="user-service", version="1.4.0", event_type="build")
    before = forge.subjects()
    code, outputs = run_action(runner, **DEPLOYED, check="true")
    assert (code, outputs["allowed"]) == (0, "true"), runner.said
    unknown = run_action(runner, **DEPLOYED | {"version": "9.9"}, check="true")
    assert unknown[0] == 4
    assert forge.subjects() == before
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(forge.bare), str(clone))
    (clone / "registry/rules").mkdir(exist_ok=True)
    (clone / "registry/rules/closed.yaml").write_text(
        'name: "closed"\ntype: "schedule"\nschedule:\n  blocked:\n'
        '    - once: {from: "2020-01-01T00:00", to: "2099-01-01T00:00"}\n'
    )
    for line in ("add -A", "commit -qm Rule", "push -q"):
        git(clone, *line.split())
    code, _ = run_action(runner, **DEPLOYED, check="true")
    assert code == 5
    assert runner.outputs["allowed"] == "false"
    assert runner.outputs["allowed_from"] == "2099-01-01T00:00:00Z"
    assert "::error" in runner.said
    assert "closed" in (tmp_path / "summary.md").read_text()


@pytest.mark.thorough
def test_a_retry_of_the_step_records_nothing_twice(runner: Job, forge: Forge) -> None:
    first = run_action(runner, **DEPLOYED)
    second = run_action(runner, **DEPLOYED)
    assert second[1]["event_id"] == first[1]["event_id"]
    assert second[1]["outcome"] == "already_recorded"
    assert len(forge.deployments()) == 1


def test_what_is_not_given_is_detected_or_taken_from_the_jobs_variables(
    runner: Job, forge: Forge
) -> None:
    runner.environ |= {
        "VERSIONER_ENVIRONMENT": "staging",
        "VERSIONER_REASON": "a fix",
        "VERSIONER_REPO": forge.url,
    }
    code, _ = run_action(runner)
    assert code == 0, runner.said
    (event,) = forge.deployments()
    assert event["environment"] == "staging"
    assert event["product"] == "deployments"
    assert event["version"] == recorded_environment("github-push")["GITHUB_SHA"][:8]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("event_type", "status", "recorded"),
    [
        ("deployment", "", "completed"),
        ("deployment.started", "", "started"),
        ("deployment.completed", "failed", "failed"),
        ("deployment", "in_progress", "started"),
    ],
)
def test_the_event_type_may_hold_the_status(
    runner: Job, forge: Forge, event_type: str, status: str, recorded: str
) -> None:
    code, _ = run_action(runner, **DEPLOYED, event_type=event_type, status=status)
    assert code == 0, runner.said
    assert f"({recorded})" in forge.subjects()[0]


def test_a_build_is_recorded(runner: Job, forge: Forge) -> None:
    code, outputs = run_action(
        runner, product_name="user-service", version="1.4.0", event_type="build.completed"
    )
    assert (code, outputs["outcome"]) == (0, "recorded"), runner.said
    assert forge.subjects()[0] == "Record build of user-service 1.4.0 (completed)"


# What the action itself reads: how it gets the tool, and which command it runs.
NOT_OF_THE_TOOL = {"package", "recorder", "sha256", "event_type", "check"}


@pytest.mark.thorough
@pytest.mark.sampled
@pytest.mark.parametrize("event_type", ["", "preflight", "Deployment", *HOSTILE])
def test_another_event_type_is_refused_unread(runner: Job, forge: Forge, event_type: str) -> None:
    code, _ = run_action(runner, **DEPLOYED, event_type=event_type)
    assert code == 2
    runner.assert_unharmed()
    assert forge.deployments() == []


@pytest.mark.sampled
@pytest.mark.parametrize("text", HOSTILE)
def test_every_input_reaches_the_tool_as_it_is_and_as_nothing_else(runner: Job, text: str) -> None:
    tell_environment(runner)
    free = load(ACTION)["inputs"].keys() - NOT_OF_THE_TOOL
    assert run_action(runner, **dict.fromkeys(free, text))[0] == 0, runner.said
    arguments, environ = told_environment(runner)
    assert arguments == ["track", "deployment"]
    got = {name: value for name, value in environ.items() if name.startswith("VERSIONER_")}
    assert set(got.values()) == {text}
    assert len(got) == len(free)
    assert list(runner.folder.rglob("pwned")) == []


@pytest.mark.sampled
@pytest.mark.parametrize("text", ["$(touch pwned)", "a\n::error::owned", "x\noutcome=owned\n"])
@pytest.mark.parametrize("name", ["version", "environment", "reason", "metadata", "event_id"])
def test_the_tool_itself_takes_no_harm_from_an_input(runner: Job, text: str, name: str) -> None:
    code, outputs = run_action(runner, **{**DEPLOYED, name: text})
    assert code in (0, 2, 4), runner.said
    runner.assert_unharmed()
    assert "\n" not in "".join(outputs.values())


def test_a_hostile_branch_is_recorded_or_left_out(
    runner: Job, forge: Forge, scale: Callable[[int, int], int]
) -> None:
    for number, text in enumerate(HOSTILE[: scale(4, 100)]):
        runner.environ |= {"GITHUB_REF_NAME": text, "GITHUB_HEAD_REF": text, "GITHUB_ACTOR": text}
        code, _ = run_action(runner, **{**DEPLOYED, "version": str(number)})
        assert code == 0, runner.said
        runner.assert_unharmed()
        assert len(forge.deployments()) == number + 1


@pytest.mark.thorough
@pytest.mark.parametrize(
    "text", ["$(touch pwned)", "--help", "a\n::error::owned", "ext::touch pwned"]
)
def test_a_hostile_address_of_the_registry_reaches_nothing(
    runner: Job, forge: Forge, text: str
) -> None:
    code, _ = run_action(runner, **DEPLOYED, registry=text)
    assert code != 0
    runner.assert_unharmed()
    assert forge.deployments() == []


def test_out_of_reach_fails_the_step_or_where_told_so_only_warns(runner: Job, forge: Forge) -> None:
    gone = f"{forge.server}/acme/gone"
    code, _ = run_action(runner, **DEPLOYED, registry=gone)
    assert code == 6, runner.said
    assert runner.outputs["outcome"] == "kept"
    code, outputs = run_action(runner, **DEPLOYED, registry=gone, fail_on_api_error="false")
    assert code == 0, runner.said
    assert outputs["outcome"] == "kept"
    assert "::warning::" in runner.said


def test_the_line_of_a_kept_event_is_sent_from_another_machine(
    runner: Job, forge: Forge, job: Start
) -> None:
    away = forge.bare.rename(forge.bare.with_name("away"))
    code, outputs = run_action(runner, **DEPLOYED, fail_on_api_error="false")
    assert (code, outputs["outcome"]) == (0, "kept"), runner.said
    away.rename(forge.bare)
    other = job({"LINE": outputs["spool_line"]})
    send = 'printf \'%s\\n\' "$LINE" | versioner spool send - --repo "$URL"'
    assert other.run(send, {"URL": forge.url}) == 0, other.said
    (event,) = forge.deployments()
    assert outputs["event_id"] in json.dumps(event)


@pytest.mark.parametrize(("given", "code"), [({"metadata": "[1]"}, 4), ({"version": ".."}, 4)])
def test_an_invalid_event_fails_the_step_in_any_case(
    runner: Job, given: dict[str, str], code: int
) -> None:
    told = run_action(runner, **{**DEPLOYED, **given}, fail_on_api_error="false")
    assert told[0] == code, runner.said


def test_a_blocked_event_fails_the_step_in_any_case(runner: Job) -> None:
    runner.environ["VERSIONER_SCM_SHA"] = "4f5d1c2a9b8e7d6c5b4a39281706f5e4d3c2b1a0"
    assert run_action(runner, **DEPLOYED)[0] == 0, runner.said
    runner.environ["VERSIONER_SCM_SHA"] = "9e8d7c6b5a493827160f5e4d3c2b1a0948576f6e"
    code, _ = run_action(runner, **DEPLOYED, event_id="another", fail_on_api_error="false")
    assert code == 5, runner.said


@pytest.mark.parametrize(
    ("given", "token"),
    [
        ({}, SECRET),
        ({"token": "mine"}, "mine"),
        ({"registry": "https://git.example.com/acme/other"}, None),
        ({"registry": "https://git.example.com/acme/other", "token": "mine"}, "mine"),
    ],
)
def test_the_jobs_own_token_goes_to_its_own_repository_alone(
    runner: Job, given: dict[str, str], token: str | None
) -> None:
    tell_environment(runner)
    assert run_action(runner, **DEPLOYED, **given)[0] == 0
    arguments, environ = told_environment(runner)
    assert arguments == ["track", "deployment"]
    assert environ.get("VERSIONER_TOKEN") == token
    assert not any(SECRET in value for name, value in environ.items() if name != "VERSIONER_TOKEN")


def test_the_jobs_own_token_stays_where_the_job_names_another_registry(runner: Job) -> None:
    tell_environment(runner)
    runner.environ["VERSIONER_REPO"] = "https://git.example.com/acme/other"
    assert run_action(runner, **DEPLOYED)[0] == 0
    assert SECRET not in "".join(told_environment(runner)[1].values())


def wheel_of_this_checkout(folder: Path) -> Path:
    """Pack a wheel that leads to this checkout, as an editable installation does."""
    folder.mkdir()
    path = folder / "versioner-0.1.0-py3-none-any.whl"
    info = "versioner-0.1.0.dist-info"
    files = {
        "versioner-checkout.pth": f"{PROJECT}\n{sysconfig.get_path('purelib')}\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: versioner\nVersion: 0.1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nversioner = versioner.__main__:main\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return path


def test_the_tool_is_installed_once_a_job_beside_its_python(
    runner: Job, forge: Forge, tmp_path: Path
) -> None:
    runner.environ["PIP_NO_INDEX"] = "1"
    (runner.folder / "bin" / "versioner").unlink()
    (runner.folder / "bin" / "python3").symlink_to(sys.executable)
    package = str(wheel_of_this_checkout(tmp_path / "a $(touch pwned) folder"))
    assert run_action(runner, package=package, **DEPLOYED)[0] == 0, runner.said
    installed = runner.folder / "temp" / "versioner-action" / "bin" / "versioner"
    before = installed.stat().st_mtime_ns
    assert run_action(runner, package=package, **{**DEPLOYED, "version": "2"})[0] == 0
    assert installed.stat().st_mtime_ns == before
    assert {event["version"] for event in forge.deployments()} == {"1.4.0", "2"}
    runner.assert_unharmed()


def test_by_default_the_action_installs_its_own_commit() -> None:
    assert (ACTION.parent / "../../..").resolve() == PROJECT
    (install,) = re.findall(r"package=\$\(cd -- (.*?) &&", load(ACTION)["runs"]["steps"][0]["run"])
    assert install == '"$GITHUB_ACTION_PATH/../../.."'


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("package", "fails", "code", "told"),
    [
        ("--index-url=https://evil.example", "true", 1, "error"),
        ("/no/such/package", "False", 0, "warning"),
    ],
)
def test_a_tool_that_cannot_be_installed_fails_the_step_or_only_warns(
    runner: Job, package: str, fails: str, code: int, told: str
) -> None:
    runner.environ["PIP_NO_INDEX"] = "1"
    done = run_action(runner, package=package, fail_on_api_error=fails, **DEPLOYED)
    assert done[0] == code
    assert f"::{told} title=versioner::not recorded: pip could not install" in runner.said
    assert set(done[1].values()) <= {""}


@pytest.mark.parametrize(
    ("python", "told"),
    [
        ("exit 1", "is too old, 3.11 is needed"),
        ('case "$*" in *venv*) exit 1;; esac; exec ' + sys.executable + ' "$@"', "venv is missing"),
    ],
)
def test_a_runner_without_what_is_needed_is_told_what_to_add(
    runner: Job, python: str, told: str
) -> None:
    script = runner.folder / "bin" / "python3"
    script.write_text(f"#!/bin/sh\n{python}\n")
    script.chmod(0o755)
    code, _ = run_action(runner, package="/some/package", **DEPLOYED)
    assert code == 1
    assert told in runner.said
    assert "add actions/setup-python before" in runner.said


def test_a_copy_of_the_action_without_the_tool_beside_it_says_so(runner: Job) -> None:
    action: dict[str, Any] = load(ACTION)
    step = action["runs"]["steps"][0]
    lone = runner.folder / "a" / "b" / "c" / "d"
    lone.mkdir(parents=True)
    env = {"IN_PACKAGE": "", "IN_FAIL": "true", "GITHUB_ACTION_PATH": str(lone)}
    assert runner.run(step["run"], env) == 1
    assert "set package" in runner.said


def test_the_tool_in_one_file_records_where_its_hash_is_right(
    runner: Job, forge: Forge, pyz: Path
) -> None:
    given = {"recorder": pyz.as_uri(), "registry": forge.url, "product_name": "user-service"}
    given |= {"environment": "production", "version": "1.4.0", "package": ""}
    (runner.folder / "bin" / "versioner").unlink()
    (runner.folder / "bin" / "python3").symlink_to(sys.executable)
    right = hashlib.sha256(pyz.read_bytes()).hexdigest()
    for wrong, why in (
        ("", "needs sha256"),
        ("x" * 64, "needs sha256"),
        ("0" * 64, "another SHA-256"),
    ):
        assert run_action(runner, **given, sha256=wrong)[0] == 1
        assert why in runner.said
        code, _ = run_action(runner, **given, sha256=wrong, fail_on_api_error="false")
        assert code == 0
    missing = {**given, "recorder": "file:///no/such/file", "sha256": right}
    assert run_action(runner, **missing)[0] == 1
    assert "could not be fetched" in runner.said
    assert forge.deployments() == []
    code, outputs = run_action(runner, **given, sha256=right)
    assert code == 0, runner.said
    assert outputs["outcome"] == "recorded"
    # The file is there now, and is used only as it is.
    (kept,) = (runner.folder / "temp").glob("versioner-*.pyz")
    assert kept.read_bytes() == pyz.read_bytes()
    kept.write_text("raise SystemExit('changed')\n")
    assert run_action(runner, **given, sha256=right)[1]["outcome"] == "already_recorded"
