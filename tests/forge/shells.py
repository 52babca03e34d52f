"""Run what a pipeline's file says, as its CI system would: in real bash, on a real registry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from tests.acceptance.tool import PATIENCE, PROJECT, git, look
from tests.forked import script_of_tool

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ACTION",
    "HOSTILE",
    "NOW",
    "PIPELINES",
    "RECORDING",
    "Forge",
    "Job",
    "expand",
    "load",
    "put_tool",
    "recorded_environment",
]

ACTION = PROJECT / ".github" / "actions" / "track" / "action.yml"
RECORDING = PROJECT / "versioner" / "docs" / "recording.md"
PIPELINES = PROJECT / "tests" / "ci" / "environments"
NOW = "2026-11-22T10:15:00Z"
FRESH_TOOL = f"""\
#!{sys.executable}
import sys
from versioner.__main__ import main
sys.exit(main())
"""

# What a branch, a version or a product may be called by somebody who means harm.
HOSTILE = (
    "$(touch pwned)",
    "`touch pwned`",
    "x; touch pwned #",
    "x' ; touch pwned ; '",
    'x" ; touch pwned ; "',
    "a\ntouch pwned\n",
    "a\n::error::owned",
    "x\r::set-output name=outcome::owned",
    "--help",
    "-o json",
    "${IFS}$(touch${IFS}pwned)",
    "\x1b]0;owned\x07",
    "a\noutcome=owned\n",
)


@dataclass
class Forge:
    """Hold a registry on a server of one's own: a bare repository that is reached by URL."""

    folder: Path
    seed: Path
    owner: str = "acme"
    name: str = "deployments"
    bare: Path = field(init=False)

    def __post_init__(self) -> None:
        self.bare = self.folder / "forge" / self.owner / self.name
        shutil.copytree(self.seed, self.bare)

    @property
    def server(self) -> str:
        """The address of the forge, under which the registry is `acme/deployments`."""
        return f"file://{self.folder}/forge"

    @property
    def url(self) -> str:
        return f"{self.server}/{self.owner}/{self.name}"

    def deployments(self) -> list[dict[str, Any]]:
        return list(look("deployment", "list", "--repo", str(self.bare), cwd=self.folder))

    def products(self) -> set[str]:
        listed = git(self.bare, "ls-tree", "--name-only", "main:registry/products", check=False)
        return set(listed.split())

    def subjects(self) -> list[str]:
        return git(self.bare, "log", "--format=%s", "main").splitlines()

    def refs(self) -> list[str]:
        return git(self.bare, "for-each-ref", "--format=%(refname)").split()


@dataclass
class Job:
    """A job on a runner: a work space, an environment, and what its steps wrote."""

    folder: Path
    environ: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    said: str = ""

    def __post_init__(self) -> None:
        for name in ("workspace", "temp", "bin"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        put_tool(self.folder / "bin", {**self.environ, **self._surroundings()})

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def run(self, script: str, env: dict[str, str], shell: tuple[str, ...] = ()) -> int:
        """Run a script as a runner does, from a file; return its exit code."""
        file = self.folder / "temp" / "script.sh"
        file.write_text(script)
        output = self.folder / "temp" / "output"
        output.write_text("")
        command = shell or ("bash", "--noprofile", "--norc", "-eo", "pipefail")
        done = subprocess.run(
            [*command, str(file)],
            cwd=self.workspace,
            env={**self.environ, **self._surroundings(), "GITHUB_OUTPUT": str(output), **env},
            capture_output=True,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
        self.said = done.stdout + done.stderr
        self.outputs = dict(
            line.partition("=")[::2] for line in output.read_text().splitlines() if line
        )
        assert "Traceback" not in self.said, self.said
        assert "internal error" not in self.said, self.said
        return done.returncode

    def assert_unharmed(self) -> None:
        """Hold that no text was run, and that none reached the log as a command or in colour."""
        assert list(self.folder.rglob("pwned")) == []
        assert "\x1b" not in self.said
        assert not re.search(r"^::(error::owned|set-output)", self.said, re.MULTILINE), self.said
        assert "owned" not in self.outputs.values()

    def _surroundings(self) -> dict[str, str]:
        keep = ("HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "XDG_CACHE_HOME", "LANG")
        return {
            **{name: os.environ[name] for name in keep if name in os.environ},
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(PROJECT),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TMPDIR": str(self.folder / "temp"),
        }


def put_tool(folder: Path, env: dict[str, str] | None = None) -> None:
    """Put this project's `versioner` into a folder, as an installation does.

    For shells that are started with an environment it is one that starts in less time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "versioner"
    script.write_text(FRESH_TOOL if env is None else script_of_tool(env))
    script.chmod(0o755)
    python = folder / "python"
    if not python.exists():
        python.symlink_to(sys.executable)


def recorded_environment(name: str) -> dict[str, str]:
    """Return a CI system's variables, as they were recorded from one."""
    lines = (PIPELINES / f"{name}.env").read_text("utf-8").splitlines()
    return dict(line.partition("=")[::2] for line in lines if line)


def load(path: Path) -> Any:
    """Read a workflow; YAML 1.1 takes the key `on` for a truth."""
    document = yaml.safe_load(path.read_text("utf-8"))
    if isinstance(document, dict) and True in document:
        document["on"] = document.pop(True)
    return document


def expand(text: object, values: dict[str, str]) -> str:
    """Fill in `${{ ... }}` from a table of expressions; one that is not in it is an error."""
    told = str(text).lower() if isinstance(text, bool) else str(text)
    return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda found: values[found[1]], told)
