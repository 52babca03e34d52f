"""The example files, by our loader and by check-jsonschema."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from versioner.resources import schemas_dir

from . import examples

pytestmark = pytest.mark.slow


def name_of(file: Path) -> str:
    return file.name


@pytest.mark.parametrize("file", examples.POSITIVE, ids=name_of)
def test_a_positive_example_is_accepted(file: Path) -> None:
    content, problems = examples.validate(file)
    assert problems == []
    assert content is not None


@pytest.mark.parametrize("file", examples.NEGATIVE, ids=name_of)
def test_a_negative_example_is_refused_at_its_place_with_its_fix(file: Path) -> None:
    expected = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect: ")
    _, problems = examples.validate(file)
    errors = [problem for problem in problems if problem.severity == "error"]
    found = [f"{problem.line}:{problem.column} {problem.code}" for problem in errors]
    assert found == [expected]
    assert errors[0].hint
    assert "^" not in errors[0].message + errors[0].hint, "a regular expression leaked"


@pytest.mark.parametrize("schema", sorted({examples.schema_of(file) for file in examples.POSITIVE}))
def test_check_jsonschema_agrees_on_every_example(schema: str) -> None:
    every = [*examples.POSITIVE, *examples.NEGATIVE]
    files = [file for file in every if examples.schema_of(file) == schema]
    path = schemas_dir() / f"{schema}.schema.json"
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(path), "-o", "json"]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert not report["parse_errors"]
    refused = {Path(error["filename"]) for error in report["errors"]}
    assert refused == {file for file in files if file.parent.name == "negative"}


def test_the_schemas_are_schemas() -> None:
    files = sorted(schemas_dir().glob("*.json"))
    command = [sys.executable, "-m", "check_jsonschema", "--check-metaschema"]
    subprocess.run([*command, *map(str, files)], check=True, capture_output=True)
