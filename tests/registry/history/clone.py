"""A clone with a registry whose files a test edits by hand, as a person would."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from tests.builders import deployment
from versioner import layout
from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
from versioner.git.merge_base import deleted_states, walk_from
from versioner.git.objects import reading
from versioner.git.repository import open_repository
from versioner.git.snapshot import snapshot_at
from versioner.registry.history.check import check_history
from versioner.serialization.documents import dump_document
from versioner.serialization.log import append, event_line

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.models import Event, Problem

MONTH = "2026-11"


class Clone:
    """Write, commit and check; the history begins with two products of three events each."""

    def __init__(self, top: Path) -> None:
        self.top = top

    @classmethod
    def new(cls, top: Path) -> Clone:
        clone = cls(top)
        top.mkdir()
        clone.git("init", "-q", "-b", "main")
        clone.write(layout.CONFIG, dump_document("config", {"schema_version": 1}))
        for name in ("staging", "production"):
            path = layout.environment_path(name)
            clone.write(path, dump_document("environment", {"name": name}))
        for name in ("user-service", "payment-api"):
            clone.add_product(name)
            clone.record(name, *(event(name, number) for number in (1, 2, 3)))
        clone.commit("Start")
        return clone

    def git(self, *args: str, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.top, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    def add_product(self, name: str) -> None:
        self.write(layout.product_path(name), dump_document("product", {"name": name}))

    def write(self, path: str, data: bytes) -> None:
        target = self.top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def read(self, path: str) -> bytes:
        return (self.top / path).read_bytes()

    def log(self, product: str, month: str = MONTH) -> str:
        return layout.log_path(product, "deployment", month)

    def record(self, product: str, *events: Event, month: str = MONTH) -> None:
        path = self.log(product, month)
        there = self.read(path) if (self.top / path).exists() else None
        self.write(path, append("deployment", there, events))

    def replace(self, product: str, number: int, event: Event | None) -> None:
        """Put an event in the place of the one with a number, or take its line out."""
        path = self.log(product)
        lines = self.read(path).decode().splitlines(keepends=True)
        at = self.line_of(product, number) - 1
        lines[at : at + 1] = [] if event is None else [event_line("deployment", event)]
        self.write(path, "".join(lines).encode())

    def line_of(self, product: str, number: int) -> int:
        lines = self.read(self.log(product)).decode().splitlines()
        return next(at for at, line in enumerate(lines, 1) if event_id(product, number) in line)

    def remove(self, path: str) -> None:
        target = self.top / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, start: str = "main") -> None:
        self.git("checkout", "-q", "-b", name, start)

    def switch(self, name: str) -> None:
        self.git("checkout", "-q", name)

    def check(self, base: str = "main", *, allow: bool = False) -> list[Problem]:
        """Check the work tree against a base, as the command does."""
        repo = open_repository(self.top)
        with reading(repo) as reader:
            walk = walk_from(repo, reader, base, "HEAD")
            return check_history(
                [snapshot_at(repo, each) for each in walk.bases],
                snapshot_of_work_tree(repo),
                former=lambda: deleted_states(repo, reader, *walk.bases),
                merges=walk.merges,
                allow_log_changes=allow,
            )


def event_id(product: str, number: int) -> str:
    return f"{product}-{number:04}"


def event(product: str, number: int, **fields: Any) -> Event:
    """Build the event of a number: a day later than the one before."""
    fields = {
        "at": f"{MONTH}-{number:02}T10:00:00Z",
        "scm_sha": f"{number:08x}",
        "deployed_by": "jane",
        "id": event_id(product, number),
        **fields,
    }
    return deployment(f"1.{number}.0", **fields)
