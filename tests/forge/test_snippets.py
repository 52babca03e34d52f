"""Each snippet of recording.md records a deployment, whatever its CI system's variables hold."""

from __future__ import annotations

import hashlib
import re
import shlex
import sys
import time
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.acceptance.tool import PATIENCE, git, versioner
from tests.forge.shells import (
    HOSTILE,
    PIPELINES,
    Forge,
    Job,
    expand,
    recorded_environment,
)
from tests.forge.snippets import FETCH, INSTALL, REGISTRY, SNIPPETS, shell_of
from tests.forge.test_action import run_action, wheel_of_this_checkout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Start = Callable[[dict[str, str]], Job]

pytestmark = pytest.mark.slow

# Whose recorded environments a snippet is run in; Terraform and cron know of none.
SYSTEMS = {
    "gitlab": ("gitlab-",),
    "jenkins": ("jenkins-",),
    "circleci": ("circleci-",),
    "bitbucket": ("bitbucket-",),
    "azure": ("azure-",),
    "travis": ("travis-",),
    "buildkite": ("buildkite-",),
    "rundeck": ("rundeck-",),
    "terraform": (),
    "shell": ("drone-", "woodpecker-", "teamcity-", "codebuild-"),
}
SHELLS = {
    "jenkins": ("sh", "-xe"),
    "terraform": ("sh",),
    "rundeck": ("sh",),
    "shell": ("sh",),
    "azure": ("bash", "--noprofile", "--norc"),
    "buildkite": ("bash", "-e"),
}
TOKEN = "planted-7f3a9c-token"
# What a person may name in some way: a branch, a tag, themselves, a commit's message.
NAMED = re.compile(r"BRANCH|TAG|REF|USER|ACTOR|AUTHOR|CREATOR|MESSAGE|TITLE|REQUESTED")
ENVIRONMENTS = {
    name: [path.stem for path in sorted(PIPELINES.glob("*.env")) if path.stem.startswith(prefixes)]
    for name, prefixes in SYSTEMS.items()
}
# Of these runs no commit is known, so that the version is to be given.
UNVERSIONED = {"azure-tag-named-build", "buildkite-head"}


# In the place of the recorder: it starts in a fifth of the time.
QUICK = "import sys\nfrom versioner.__main__ import main\nsys.exit(main())\n"


def prepared(
    name: str, job: Job, forge: Forge, recorder: Path | None = None
) -> tuple[str, dict[str, str]]:
    """Return a snippet's script on a registry of ours, with the file that it fetches."""
    script, env = shell_of(name)
    assert all(script.count(line) == 1 for line in FETCH)
    if recorder is None:
        recorder = job.folder / "quick.pyz"
        recorder.write_text(QUICK)
    (job.folder / "bin" / "python3").unlink(missing_ok=True)
    (job.folder / "bin" / "python3").symlink_to(sys.executable)
    (job.workspace / "deploy.sh").write_text("#!/bin/sh\n")
    (job.workspace / "deploy.sh").chmod(0o755)
    env = {key: value.replace(REGISTRY, forge.url) for key, value in env.items()}
    fetched = {
        "VERSIONER_RECORDER": recorder.as_uri(),
        "VERSIONER_SHA256": hashlib.sha256(recorder.read_bytes()).hexdigest(),
    }
    # Those of the snippet stand for these.
    for key in fetched.keys() & env.keys():
        del env[key]
    script = re.sub(r"^ *export VERSIONER_(?:RECORDER|SHA256)=.*\n", "", script, flags=re.MULTILINE)
    secrets = {"VERSIONER_TOKEN": TOKEN, **fetched}
    given = {"VERSION": "7.1", "VERSIONER_VERSION": "7.1"} if name in ("shell", "terraform") else {}
    given |= {"RD_OPTION_VERSIONER_TOKEN": TOKEN} if name == "rundeck" else {}
    script = script.replace(REGISTRY, shlex.quote(forge.url))
    return script, {**secrets, **given, **env}


def run_snippet(name: str, job: Job, forge: Forge, recorder: Path | None = None) -> int:
    script, env = prepared(name, job, forge, recorder)
    return job.run(script, env, SHELLS.get(name, ()))


def test_every_snippet_is_run_here() -> None:
    assert SNIPPETS.keys() == SYSTEMS.keys() | {"github", "post-receive", "pip"}
    for name in SYSTEMS:
        script, env = shell_of(name)
        assert REGISTRY in script or REGISTRY in env.values()
        assert "VERSIONER_TOKEN" in SNIPPETS[name] or name in (
            "gitlab",
            "circleci",
            "bitbucket",
            "travis",
            "buildkite",
            "terraform",
            "shell",
        )


def versioned(environment: str) -> dict[str, str]:
    """Return a recorded environment, with a version where nothing in it tells one."""
    if not environment:
        return {}
    added = {"VERSIONER_VERSION": "7.1"} if environment in UNVERSIONED else {}
    return recorded_environment(environment) | added


@pytest.mark.sampled
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_snippet_records_one_deployment(
    job: Start, forge: Forge, name: str, scale: Callable[[int, int], int], pyz: Path
) -> None:
    environments = (ENVIRONMENTS[name] or [""])[: scale(1, 100)]
    for number, environment in enumerate(environments):
        runner = job(versioned(environment))
        assert run_snippet(name, runner, forge, pyz) == 0, runner.said
        runner.assert_unharmed()
        assert TOKEN not in runner.said
        assert len(forge.deployments()) == number + 1
    places = {(event["product"], event["environment"]) for event in forge.deployments()}
    assert places == {("user-service", "production")}
    stored = git(forge.bare, "log", "-p", "--all", "--format=%B%an%ae")
    assert TOKEN not in stored
    assert "s3cr3t-t0ken" not in stored


@pytest.mark.parametrize("environment", sorted(UNVERSIONED))
def test_where_no_commit_is_known_the_version_is_asked_for(
    job: Start, forge: Forge, environment: str
) -> None:
    # The tag of a run would be the version.
    runner = job(recorded_environment(environment) | {"BUILD_SOURCEBRANCH": "refs/heads/main"})
    assert run_snippet(environment.partition("-")[0], runner, forge) == 2
    assert "add --version" in runner.said


@pytest.mark.sampled
@pytest.mark.parametrize("name", SYSTEMS)
def test_nothing_that_a_person_names_is_run(
    job: Start, forge: Forge, name: str, scale: Callable[[int, int], int]
) -> None:
    environ = versioned((ENVIRONMENTS[name] or [""])[0]) or {"GIT_BRANCH": ""}
    named = [key for key in environ if NAMED.search(key) and key != "VERSIONER_VERSION"]
    for text in HOSTILE[: scale(2, 100)]:
        runner = job(environ | dict.fromkeys(named, text))
        assert run_snippet(name, runner, forge) == 0, (text, runner.said)
        runner.assert_unharmed()
    assert forge.products() == {"user-service"}


@pytest.mark.parametrize(
    ("name", "variable"),
    [("shell", "VERSION"), ("terraform", "VERSIONER_VERSION"), ("rundeck", "RD_OPTION_VERSION")],
)
def test_a_hostile_version_is_refused_or_recorded_as_it_is(
    job: Start, forge: Forge, name: str, variable: str
) -> None:
    for text in ("$(touch pwned)", "--help", "a\n::error::owned"):
        runner = job({})
        script, env = prepared(name, runner, forge)
        code = runner.run(script, env | {variable: text}, SHELLS[name])
        assert code in (2, 4), runner.said
        runner.assert_unharmed()
    assert forge.deployments() == []


def test_the_line_that_installs_the_tool_does(job: Start, forge: Forge, tmp_path: Path) -> None:
    runner = job({"PIP_NO_INDEX": "1"})
    (runner.folder / "bin" / "versioner").unlink()
    (runner.folder / "bin" / "python3").symlink_to(sys.executable)
    package = str(wheel_of_this_checkout(tmp_path / "wheel"))
    script = shell_of("pip")[0].replace(REGISTRY, forge.url)
    assert INSTALL in script
    env = {"VERSIONER_PACKAGE": package, "VERSION": "7.1", "VERSIONER_TOKEN": TOKEN}
    assert runner.run(script, env, ("sh",)) == 0, runner.said
    assert [event["version"] for event in forge.deployments()] == ["7.1"]


@pytest.mark.sampled
@pytest.mark.parametrize("name", sorted(SYSTEMS))
@pytest.mark.parametrize("fault", ["other", "missing"])
def test_a_file_with_another_hash_or_none_is_not_run(
    job: Start, forge: Forge, name: str, fault: str
) -> None:
    runner = job({})
    script, env = prepared(name, runner, forge)
    # What an earlier job left, and nobody compared.
    (runner.workspace / "versioner.pyz").write_text("open('pwned', 'w')\n")
    if fault == "other":
        (runner.folder / "quick.pyz").write_text("open('pwned', 'w')\n")
    else:
        (runner.folder / "quick.pyz").unlink()
    assert runner.run(script, env, SHELLS.get(name, ())) != 0
    runner.assert_unharmed()
    assert forge.deployments() == []


def test_the_github_snippet_records_and_tells_what_became_of_it(job: Start, forge: Forge) -> None:
    (deploy,) = yaml.safe_load(SNIPPETS["github"])["jobs"].values()
    _, step, told = deploy["steps"]
    environ = recorded_environment("github-tag")
    runner = job(environ)
    values = {
        "secrets.VERSIONER_TOKEN": TOKEN,
        "github.ref_name": environ["GITHUB_REF_NAME"],
        "github.run_number": environ["GITHUB_RUN_NUMBER"],
    }
    given = {key: expand(text, values) for key, text in step["with"].items()}
    code, outputs = run_action(runner, **given | {"registry": forge.url})
    assert code == 0, runner.said
    assert TOKEN not in runner.said
    (event,) = forge.deployments()
    assert event["version"] == f"{environ['GITHUB_REF_NAME']}-{environ['GITHUB_RUN_NUMBER']}"
    assert "uses" in step
    said = {f"steps.record.outputs.{name}": value for name, value in outputs.items()}
    env = {key: expand(text, said) for key, text in told["env"].items()}
    assert runner.run(told["run"], env) == 0
    assert "recorded as " in runner.said


def test_the_hook_of_a_plain_host_publishes_what_is_pushed(job: Start, forge: Forge) -> None:
    runner = job({})
    site = runner.folder / "a site"
    hook = forge.bare / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(SNIPPETS["post-receive"].replace("=/srv/www/deployments", f"='{site}'"))
    hook.chmod(0o755)
    path = f"{runner.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    for via in ("direct", "inbox"):
        versioner(
            *("track", "deployment", "--product", f"by-{via}", "--environment", "production"),
            *("--version", "7.1", "--repo", forge.url, "--via", via),
            cwd=runner.workspace,
            env={"PATH": path},
        )
        page = site / "products" / f"by-{via}" / "index.html"
        log = forge.bare / "versioner-publish.log"
        assert appears(page), log.read_text()
    wait_for_the_end(forge)


def appears(page: Path) -> bool:
    for _ in range(PATIENCE * 5):
        if page.is_file():
            return True
        time.sleep(0.2)
    return False


def wait_for_the_end(forge: Forge) -> None:
    """Let a hook's last build end before its folder goes."""
    import fcntl

    with (forge.bare / "versioner-publishing.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
