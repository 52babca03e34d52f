"""A command answers from the rows of the index what the judge answers from all files."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.rules.gate.case_files import Case, all_cases
from tests.rules.gate.test_same_bytes import git
from tests.rules.gate.test_table import agree
from versioner.cli.errors import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

# What the command does not ask: overrides, a run, and files with errors.
CASES = [
    each
    for each in all_cases()
    if not each.question.overrides and not each.question.run and not each.fields.get("files")
]
STEP = 60


def test_the_index_gives_the_answers_of_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], scale: Callable[[int, int], int]
) -> None:
    git(tmp_path, "init", "-q")
    for case in CASES[:: scale(STEP, 1)]:
        commit(case, tmp_path)
        code = run(words_of(case, tmp_path / ".git"))
        answer = json.loads(capsys.readouterr().out)
        lines = [line_of(each) for each in answer["verdicts"]]
        assert agree(lines, case.verdicts), case.name
        assert (code, answer["code"]) == (5 if case.code else 0, case.code), case.name
        assert case.allowed_from in ("any", answer["allowed_from"]), case.name


def commit(case: Case, folder: Path) -> None:
    shutil.rmtree(folder / "registry", ignore_errors=True)
    for path, data in case.world.paths().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Describe what may ship")


def words_of(case: Case, repository: Path) -> list[str]:
    question = case.question
    words = ["check", question.product, question.version, question.environment]
    words += ["--instance", question.instance] if question.instance else []
    words += ["--at", question.at, "--allow-unknown-version", "--output", "json"]
    return [*words, "--repo", str(repository)]


def line_of(verdict: dict[str, str]) -> str:
    words = [verdict["rule"] or verdict["type"], verdict["outcome"], verdict["code"]]
    until = f"until {verdict['until']}" if verdict["until"] else ""
    return " ".join(word for word in (*words, until) if word)
