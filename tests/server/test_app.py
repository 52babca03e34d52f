"""What every request to the server passes, and who may."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import versioner
from versioner.server.problems import PROBLEMS


def test_health_is_open_and_tells_the_version(serving) -> None:
    answer = serving().get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("path", ["/health", "/health/", "/docs", "/docs/", "/openapi.json"])
def test_what_is_open_answers_monitors_too(serving, path: str) -> None:
    client = serving()
    assert client.get(path).status_code == client.head(path).status_code == 200


def test_an_unknown_path_is_a_problem_with_its_code(serving) -> None:
    answer = serving().post("/no/such/thing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_the_documentation_lists_each_code_of_a_problem_with_its_status() -> None:
    page = (Path(versioner.__file__).parent / "docs" / "serving.md").read_text("utf-8")
    table = page.partition("## Errors")[2].partition("\n## ")[0]
    listed = {}
    for row in re.findall(r"^\| (`.+?) \| ([0-9, ]+) \|", table, re.MULTILINE):
        codes, statuses = re.findall("`(.+?)`", row[0]), row[1].split(", ")
        listed |= dict(zip(codes, statuses, strict=True))
    assert listed == {code: str(kind.status) for code, kind in PROBLEMS.items()}
