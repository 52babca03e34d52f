"""versioner index: make the index, and compare it with the files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.registries import Desk

DEPLOY = ("track", "deployment", "--product", "user-service", "--version", "9.9", "--environment")


def test_the_index_is_made_and_compared(desk: Desk) -> None:
    file = desk.top / ".git/versioner/index.sqlite"
    missing = desk.run("index", "--check")
    assert (missing.code, missing.out) == (3, "the index: there is no index, or it is damaged\n")
    assert not file.exists()
    # What an earlier release left is removed.
    left = [file.with_name(name) for name in ("cache.sqlite", "cache.sqlite-wal", "recorded.json")]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"of an earlier release")
    made = desk.run("index", "--output", "json").json()
    assert file.exists()
    assert not any(path.exists() for path in left)
    assert made["deployments"] == len(desk.run("deployment", "list", "-o", "json").json())
    same = desk.run("index", "--check")
    assert (same.code, same.out) == (0, "the index is what the files say\n")
    assert desk.run(*DEPLOY, "production").code == 0
    stale = desk.run("index", "--check", "--output", "json")
    assert stale.code == 3
    assert [each["product"] for each in json.loads(stale.out)] == ["user-service"]
    told = desk.run("index").out
    assert f"{made['deployments'] + 1} deployments" in told
    assert desk.run("index", "--check").code == 0
