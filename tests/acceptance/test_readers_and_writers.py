"""Eight readers and four writers on one clone: each answer is of one commit in its time."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.registries import make_registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

TOOL = [sys.executable, "-m", "versioner"]
READERS, WRITERS = 8, 4
# A registry of which each question has another answer after each event.
QUESTIONS: tuple[tuple[str, ...], ...] = (
    ("deployment", "list", "--product", "user-service", "--limit", "1000"),
    ("deployment", "list", "--limit", "1000"),
)


def tip(top: Path) -> str:
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=top, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def between(top: Path, first: str, last: str) -> list[str]:
    done = subprocess.run(
        ["git", "rev-list", "--first-parent", f"{first}^..{last}"],
        cwd=top, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


def logged_ids(top: Path, commit: str, question: tuple[str, ...]) -> set[str]:
    """Return the ids of a commit's events by git alone; each event is a deployment of its own."""
    under = "registry/products/user-service" if "--product" in question else "registry/products"
    done = subprocess.run(
        ["git", "grep", "-hoE", 'id: "[^"]+"}', commit, "--", f"{under}"],
        cwd=top, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {line.split('"')[1] for line in done.stdout.splitlines()}


class Work:
    """What the processes did, and what they were told."""

    def __init__(self, top: Path, seconds: float) -> None:
        self.top = top
        self.end = time.monotonic() + seconds
        self.answers: list[tuple[tuple[str, ...], str, set[str], str]] = []
        self.failures: list[str] = []
        self.written = 0

    def tool(self, *arguments: str) -> str:
        done = subprocess.run(
            [*TOOL, *arguments], cwd=self.top, capture_output=True, text=True, check=False
        )
        if done.returncode != 0 or "locked" in done.stderr or "Traceback" in done.stderr:
            self.failures.append(f"{arguments}: {done.returncode}: {done.stderr}")
        return done.stdout

    def read(self, number: int) -> None:
        while time.monotonic() < self.end and not self.failures:
            question = QUESTIONS[number % len(QUESTIONS)]
            before = tip(self.top)
            out = self.tool(*question, "--output", "json")
            if self.failures:
                return
            rows: list[dict[str, Any]] = json.loads(out)
            self.answers.append((question, before, {row["id"] for row in rows}, tip(self.top)))

    def write(self, number: int) -> None:
        count = 0
        while time.monotonic() < self.end and not self.failures:
            count += 1
            product = ("user-service", "payment-api", "search")[count % 3]
            self.tool(
                "track", "deployment", "--local", "--product", product,
                "--environment", "staging", "--version", f"{number}.{count}",
                "--event-id", f"writer-{number}-{count}",
            )  # fmt: skip
            self.written += 1


def test_each_answer_is_of_a_commit_between_its_start_and_its_end(
    tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    top = make_registry(tmp_path / "registry")
    work = Work(top, scale(5, 120))
    threads = [threading.Thread(target=work.read, args=(n,)) for n in range(READERS)]
    threads += [threading.Thread(target=work.write, args=(n,)) for n in range(WRITERS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert work.failures == []
    assert work.written >= WRITERS
    assert len(work.answers) >= READERS
    known: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for question, before, ids, after in work.answers:
        commits = between(top, before, after)
        for commit in commits:
            key = (commit, question)
            if key not in known:
                known[key] = logged_ids(top, commit, question)
        assert ids in [known[commit, question] for commit in commits]
