"""Other people's judges of workflows, pipelines and shell find nothing in ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.tool import PATIENCE, PROJECT
from tests.forge.shells import ACTION, load
from tests.forge.snippets import SNIPPETS, shell_of
from versioner.setup.init import initialise

pytestmark = pytest.mark.slow

NOW = "2026-11-22T10:15:00Z"
SCHEMAS = {
    "github": "vendor.github-workflows",
    "gitlab": "vendor.gitlab-ci",
    "circleci": "vendor.circle-ci",
    "bitbucket": "vendor.bitbucket-pipelines",
    "azure": "vendor.azure-pipelines",
    "travis": "vendor.travis",
    "buildkite": "vendor.buildkite",
}
TRANSFORMS = {"gitlab": "gitlab-ci", "azure": "azure-pipelines"}


def judged(program: str, *arguments: str | Path, stdin: str = "") -> tuple[int, str]:
    """Run a judge that this Python's environment brings, and return what it said."""
    found = shutil.which(program, path=str(Path(sys.executable).parent))
    assert found, f"{program} is missing: pip install -e '.[test]'"
    done = subprocess.run(
        [found, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def registries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """New registries as `init` writes them, on a branch of another name."""
    made = {}
    for forge in ("github", "gitlab", "gitea"):
        made[forge] = tmp_path_factory.mktemp(forge) / "registry"
        initialise(made[forge], forge=forge, branch="trunk", now=NOW)
    # The judges look for workflows where GitHub does.
    (made["gitea"] / ".gitea").rename(made["gitea"] / ".github")
    return made


@pytest.mark.parametrize("where", ["here", "github", "gitea"])
def test_zizmor_finds_nothing(registries: dict[str, Path], where: str) -> None:
    place = PROJECT / ".github" if where == "here" else registries[where] / ".github"
    code, said = judged("zizmor", "--offline", "--no-progress", "--collect=all", place)
    assert (code, "No findings to report" in said) == (0, True), said


def test_zizmor_finds_a_planted_fault(tmp_path: Path) -> None:
    action = tmp_path / ".github" / "actions" / "track" / "action.yml"
    action.parent.mkdir(parents=True)
    action.write_text(ACTION.read_text().replace("kind=${IN_EVENT", "kind=${{ inputs.reason }}"))
    code, said = judged("zizmor", "--offline", "--no-progress", tmp_path)
    assert code != 0
    assert "template-injection" in said


@pytest.mark.parametrize("forge", ["github", "gitea"])
def test_workflows_keep_their_schema(registries: dict[str, Path], forge: str) -> None:
    files = sorted((registries[forge] / ".github" / "workflows").glob("*.yml"))
    assert files
    schema = "--builtin-schema=vendor.github-workflows"
    code, said = judged("check-jsonschema", schema, *files)
    assert code == 0, said
    if forge == "github":
        timed = "--builtin-schema=custom.github-workflows-require-timeout"
        code, said = judged("check-jsonschema", timed, *files)
        assert code == 0, said


def test_the_action_keeps_its_schema() -> None:
    code, said = judged("check-jsonschema", "--builtin-schema=vendor.github-actions", ACTION)
    assert code == 0, said


def test_the_jobs_for_gitlab_keep_their_schema(registries: dict[str, Path]) -> None:
    top = registries["gitlab"]
    files = (top / ".gitlab-ci.yml", top / ".gitlab" / "versioner.yml")
    schema = "--builtin-schema=vendor.gitlab-ci"
    code, said = judged("check-jsonschema", schema, "--data-transform=gitlab-ci", *files)
    assert code == 0, said


@pytest.mark.sampled
@pytest.mark.parametrize("name", SCHEMAS)
def test_snippets_keep_the_schema_of_their_system(tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.yml"
    file.write_text(SNIPPETS[name])
    transform = [f"--data-transform={TRANSFORMS[name]}"] if name in TRANSFORMS else []
    code, said = judged(
        "check-jsonschema", f"--builtin-schema={SCHEMAS[name]}", *transform, str(file)
    )
    assert code == 0, said


@pytest.mark.sampled
@pytest.mark.parametrize("name", sorted(SNIPPETS.keys() - {"github"}))
def test_shellcheck_finds_nothing_in_a_snippet(name: str) -> None:
    script = shell_of(name)[0]
    dialect = "sh" if name in ("shell", "pip", "post-receive", "terraform", "rundeck") else "bash"
    code, said = judged("shellcheck", f"--shell={dialect}", "-", stdin=script)
    assert code == 0, said


def test_shellcheck_finds_nothing_in_workflows_and_action(registries: dict[str, Path]) -> None:
    steps = list(load(ACTION)["runs"]["steps"])
    for forge in ("github", "gitea"):
        for file in (registries[forge] / ".github" / "workflows").glob("*.yml"):
            steps += [step for job in load(file)["jobs"].values() for step in job.get("steps", [])]
    scripts = {step["run"] for step in steps if "run" in step and step.get("shell") != "python"}
    jobs = load(registries["gitlab"] / ".gitlab" / "versioner.yml").values()
    for job in jobs:
        for part in ("before_script", "script"):
            scripts |= {"\n".join(job[part])} if part in job else set()
    assert len(scripts) > 10
    for script in scripts:
        code, said = judged("shellcheck", "--shell=bash", "-", stdin=script)
        assert code == 0, said


def test_no_step_holds_an_expression_and_each_action_is_pinned(
    registries: dict[str, Path],
) -> None:
    for forge in ("github", "gitea"):
        for file in (registries[forge] / ".github" / "workflows").glob("*.yml"):
            workflow = load(file)
            assert workflow["permissions"] == {}
            for job in workflow["jobs"].values():
                for step in job.get("steps", []):
                    assert "${{" not in step.get("run", ""), file
                    name, _, commit = step.get("uses", "a@" + 40 * "0").partition("@")
                    assert len(commit) == 40, name
