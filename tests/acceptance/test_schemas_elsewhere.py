"""The schemas as they are, with other people's tools: check-jsonschema, and editors."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import PROJECT, git, look, versioner
from versioner.layout import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

pytestmark = pytest.mark.slow

pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")

MODEL_LINE = re.compile(r"^# yaml-language-server: \$schema=(\S+)$", re.MULTILINE)
SCHEMAS = {
    "config": "registry",
    "environment": "environment",
    "product": "product",
    "build": "versions-log",
    "deployment": "deployments-log",
    "alias": "alias",
    "deleted": "deletion",
    "rule": "rule",
    "template": "template",
    "request": "request",
    "request-decision": "request-decisions-log",
    "decision": "decisions-log",
}
# One fault for each kind of file: what stands there, and what takes its place.
FAULTS = {
    "config": (r"^schema_version: .*$", "schema_version: many"),
    "environment": (r"^name: .*$", 'nmae: "staging"'),
    "product": (r"^name: .*$", 'name: "User Service"'),
    "build": (r'version: "', 'version: ".'),
    "deployment": (r'status: "completed"', 'status: "fine"'),
    "alias": (r"^to: .*$", "to: 7"),
    "deleted": (r"^deleted_at: .*$", 'deleted_at: "yesterday"'),
    "rule": (r"^type: .*$", 'type: "law"'),
    "template": (r"qa: 1", "qa: 0"),
    "request": (r"^state: .*$", 'state: "approved"'),
    "request-decision": (r'decision: "opened"', 'decision: "closed"'),
    "decision": (r'decision: "blocked"', 'decision: "banned"'),
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a registry of the sample, with a deletion so that it has a file of every kind."""
    top = tmp_path_factory.mktemp("sample") / "registry"
    versioner("init", "--example", top)
    versioner("product", "create", "short-lived", cwd=top)
    versioner("product", "delete", "short-lived", "--yes", cwd=top)
    (log,) = sorted(top.glob("registry/products/payment-api/versions/*.yaml"))[-1:]
    found = re.search(r'version: "([^"]+)"', log.read_text("utf-8"))
    assert found
    versioner("block", "payment-api", found[1], "--by", "jane", "-m", "a test", cwd=top)
    held = ("--version", f"payment-api={found[1]}", "--environment", "production")
    versioner("request", "create", "held", *held, "--open", "--by", "jane", cwd=top)
    template = top / "registry/templates/usual.yaml"
    template.parent.mkdir(exist_ok=True)
    comment = "# yaml-language-server: $schema=../../schemas/template.schema.json\n"
    template.write_text(f'{comment}name: "usual"\napprovals:\n  qa: 1\n', "utf-8")
    for command in (["add", "-A"], ["commit", "-qm", "Add a template"]):
        subprocess.run(["git", "-C", str(top), *command], check=True)
    return top


def files_of(top: Path) -> list[Path]:
    return sorted((top / "registry").rglob("*.yaml"))


def kind_of(top: Path, file: Path) -> str:
    place = place_of(file.relative_to(top).as_posix())
    assert place, file
    return place.kind


def check_jsonschema(schema: Path, files: Iterable[Path]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema)]
    return subprocess.run(
        [*command, *map(str, files)], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.thorough
def test_both_accept_the_sample(sample: Path) -> None:
    versioner("validate", "--strict", cwd=sample)
    by_kind: dict[str, list[Path]] = {}
    for file in files_of(sample):
        by_kind.setdefault(kind_of(sample, file), []).append(file)
    assert by_kind.keys() == SCHEMAS.keys()
    for kind, files in by_kind.items():
        judged = check_jsonschema(sample / "schemas" / f"{SCHEMAS[kind]}.schema.json", files)
        assert judged.returncode == 0, judged.stdout + judged.stderr


@pytest.mark.sampled
@pytest.mark.parametrize("kind", FAULTS)
def test_both_refuse_a_fault(sample: Path, tmp_path: Path, kind: str) -> None:
    top = tmp_path / "clone"
    shutil.copytree(sample, top)
    file = next(each for each in files_of(top) if kind_of(top, each) == kind)
    old, new = FAULTS[kind]
    text, changed = re.subn(old, new, file.read_text("utf-8"), count=1, flags=re.MULTILINE)
    assert changed == 1
    file.write_text(text, "utf-8")
    judged = check_jsonschema(top / "schemas" / f"{SCHEMAS[kind]}.schema.json", [file])
    assert judged.returncode == 1, judged.stdout + judged.stderr
    versioner("validate", cwd=top, code=3)
    path = file.relative_to(top).as_posix()
    problems = _problems(top)
    assert any(each["path"] == path and each["line"] for each in problems), problems


def _problems(top: Path) -> list[dict[str, str]]:
    said = versioner("validate", "--format", "json", cwd=top, code=3).stdout
    problems: list[dict[str, str]] = json.loads(said)
    return problems


def test_each_file_leads_an_editor_to_its_schema(sample: Path) -> None:
    for top in (sample, PROJECT):
        for file in files_of(top):
            # Editors look for it among the comments before the first content.
            head = file.read_text("utf-8").split("\n- ", 1)[0]
            found = MODEL_LINE.search(head)
            assert found, file
            schema = (file.parent / found[1]).resolve()
            assert schema.is_file(), f"{file} leads to {schema}"
            assert schema.parent == (top / "schemas").resolve()
            assert schema.name == f"{SCHEMAS[kind_of(top, file)]}.schema.json"


def test_the_schemas_are_schemas_to_check_jsonschema() -> None:
    schemas = sorted((PROJECT / "schemas").glob("*.schema.json"))
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--check-metaschema", *map(str, schemas)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    # Common, the five kinds of event, and the log of observations, of which the sample has none.
    assert len(schemas) == len({*SCHEMAS.values()}) + 7


def test_a_new_registry_carries_the_schemas_of_the_tool(sample: Path) -> None:
    ours = {file.name: file.read_bytes() for file in (PROJECT / "schemas").iterdir()}
    assert {file.name: file.read_bytes() for file in (sample / "schemas").iterdir()} == ours
    assert look("product", "list", cwd=sample)
    assert git(sample, "status", "--porcelain") == ""
