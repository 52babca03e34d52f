"""The same tree and `--at` give the same bytes: in another zone, locale, folder and hash seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.rules.gate.case_files import all_cases

if TYPE_CHECKING:
    from pathlib import Path

# Every type of rule refuses in it, and a version is blocked.
CASE = next(each for each in all_cases() if "Of all codes a blocked version" in each.name)
ELSEWHERE = {
    "TZ": "Australia/Lord_Howe",
    "LC_ALL": "tr_TR.UTF-8",
    "LANG": "de_DE.UTF-8",
    "PYTHONHASHSEED": "4711",
    "http_proxy": "http://127.0.0.1:9",
}
KEYS = (
    *("allowed", "product", "version", "environment", "instance", "at", "code", "allowed_from"),
    *("verdicts", "commit", "tree"),
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registry")
    for path, data in CASE.world.paths().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Describe what may ship")
    return folder


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def ask(folder: Path, *options: str, **environment: str) -> bytes:
    """Return what `versioner check` prints of the case's question."""
    question = CASE.question
    words = [question.product, question.version, question.environment, "--at", question.at]
    done = subprocess.run(
        [sys.executable, "-m", "versioner", "check", *words, *options],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def here(registry: Path) -> bytes:
    return ask(registry, "--output", "json", TZ="UTC", PYTHONHASHSEED="1")


def test_an_answer_is_the_same_bytes_anywhere(registry: Path, here: bytes, tmp_path: Path) -> None:
    clone = tmp_path / "elsewhere"
    git(registry, "clone", "-q", "--bare", ".", str(clone))
    assert ask(clone, "--output", "json", **ELSEWHERE) == here


def test_an_answer_names_the_commit_and_the_tree_it_was_judged_at(
    registry: Path, here: bytes
) -> None:
    answer = json.loads(here)
    assert tuple(answer) == KEYS
    assert answer["commit"] == git(registry, "rev-parse", "HEAD")
    assert answer["tree"] == git(registry, "rev-parse", "HEAD^{tree}")
    codes = [each["code"] for each in answer["verdicts"]]
    assert codes == [line.split(" ")[2] for line in CASE.verdicts]


def test_an_answer_in_words_is_the_same_after_later_commits(registry: Path) -> None:
    words = ask(registry, "--all", TZ="UTC", PYTHONHASHSEED="1")
    revision = git(registry, "rev-parse", "HEAD")
    product = registry / "registry" / "products" / "app" / "product.yaml"
    product.write_text('name: "app"\ntitle: "Edited"\n', encoding="utf-8")
    git(registry, "commit", "-qam", "Edit product app")
    assert ask(registry, "--all", "--rev", revision, **ELSEWHERE) == words
