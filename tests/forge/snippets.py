"""The snippets of versioner/docs/recording.md, and the shell script of each."""

from __future__ import annotations

import re
import textwrap
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.forge.shells import RECORDING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FETCH", "INSTALL", "REGISTRY", "SNIPPETS", "shell_of"]

REGISTRY: Final = "https://git.example.com/acme/deployments.git"
# How each of them gets the tool; of all that a snippet runs, this alone is seen to apart.
INSTALL: Final = (
    'python3 -m venv .versioner && .versioner/bin/pip install --quiet "$VERSIONER_PACKAGE"'
)
FETCH: Final = (
    'curl -fsSLo versioner.pyz "$VERSIONER_RECORDER" &&',
    'echo "$VERSIONER_SHA256  versioner.pyz" | sha256sum -c - &&',
)
_FENCED: Final = re.compile(r"<!-- snippet: ([a-z-]+) -->\n```[a-z]+\n(.*?)```\n", re.DOTALL)

SNIPPETS: Final = dict(_FENCED.findall(RECORDING.read_text("utf-8")))


@cache
def shell_of(name: str) -> tuple[str, dict[str, str]]:
    """Return the script that a snippet has run, and the variables that it sets beside it."""
    return _READERS[name](SNIPPETS[name])


def _plain(text: str) -> tuple[str, dict[str, str]]:
    return text, {}


def _gitlab(text: str) -> tuple[str, dict[str, str]]:
    (job,) = yaml.safe_load(text).values()
    return "\n".join(job["script"]), job["variables"]


def _circleci(text: str) -> tuple[str, dict[str, str]]:
    job = yaml.safe_load(text)["jobs"]["deploy"]
    runs = [step["run"] for step in job["steps"] if isinstance(step, dict)]
    (command,) = [run["command"] for run in runs if isinstance(run, dict)]
    return command, job["environment"]


def _bitbucket(text: str) -> tuple[str, dict[str, str]]:
    (entry,) = yaml.safe_load(text)["pipelines"]["branches"]["main"]
    return "\n".join(entry["step"]["script"]), {}


def _azure(text: str) -> tuple[str, dict[str, str]]:
    _, step = yaml.safe_load(text)["steps"]
    # A macro is filled in before anything runs: none stands where the shell would read it.
    assert "$(" not in step["script"]
    secrets = {name: value for name, value in step["env"].items() if value == f"$({name})"}
    assert "VERSIONER_TOKEN" in secrets
    return step["script"], {k: v for k, v in step["env"].items() if k not in secrets}


def _travis(text: str) -> tuple[str, dict[str, str]]:
    document = yaml.safe_load(text)
    env = dict(line.partition("=")[::2] for line in document["env"]["global"])
    return "\n".join(document["script"]), env


def _buildkite(text: str) -> tuple[str, dict[str, str]]:
    _, step = yaml.safe_load(text)["steps"]
    # One `$` is filled in at upload, two are one for the shell.
    assert not re.search(r"(?<!\$)\$(?!\$)", step["command"])
    return step["command"].replace("$$", "$"), step["env"]


def _rundeck(text: str) -> tuple[str, dict[str, str]]:
    (job,) = yaml.safe_load(text)
    _, command = job["sequence"]["commands"]
    assert "${option" not in command["script"]
    return command["script"], {}


def _jenkins(text: str) -> tuple[str, dict[str, str]]:
    (script,) = re.findall(r"sh '''(.*?)'''", text, re.DOTALL)
    # In three single quotes Groovy reads backslashes, and nothing else.
    assert "\\" not in script
    assert '"""' not in text
    env = dict(re.findall(r"^ +([A-Z_]+) = '([^']*)'$", text, re.MULTILINE))
    return textwrap.dedent(script), env


def _terraform(text: str) -> tuple[str, dict[str, str]]:
    (script,) = re.findall(r"command = <<-EOT\n(.*?)\n +EOT\n", text, re.DOTALL)
    # A template in the script would put a value into its text.
    assert "${" not in script
    assert "%{" not in script
    env = dict(re.findall(r'^ +([A-Z_]+) += "([^"]*)"$', text, re.MULTILINE))
    assert "VERSIONER_VERSION = var.app_version" in text
    return textwrap.dedent(script), env


_READERS: Final[dict[str, Callable[[str], tuple[str, dict[str, Any]]]]] = {
    "gitlab": _gitlab,
    "jenkins": _jenkins,
    "circleci": _circleci,
    "bitbucket": _bitbucket,
    "azure": _azure,
    "travis": _travis,
    "buildkite": _buildkite,
    "rundeck": _rundeck,
    "terraform": _terraform,
    "shell": _plain,
    "pip": _plain,
    "post-receive": _plain,
}
