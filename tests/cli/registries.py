"""A real registry in a real repository, and the command line run against it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from versioner.cli.errors import run
from versioner.editing.imports import import_file
from versioner.git.repository import open_repository
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NOW = "2026-11-22T10:15:00Z"
SHA = "4f5d1c2a9b8e7d6c5b4a39281706f5e4d3c2b1a0"

# user-service drifts, was rolled back in production and is on its way to staging again;
# payment-api failed last; web-frontend has had no result for days.
ROWS = f"""\
at,product,environment,version,status,deployed_by,reason,id
2026-09-01T09:00:00Z,user-service,staging,1.3.9,completed,jane,,us-1
2026-09-02T09:00:00Z,user-service,production,1.3.9,completed,jane,,us-2
2026-10-02T09:00:00Z,user-service,staging,1.4.0,completed,jane,,us-3
2026-10-03T09:00:00Z,user-service,production,1.4.0,completed,jane,,us-4
2026-10-03T11:00:00Z,user-service,production,1.3.9,completed,omar,Login failed,us-5
2026-11-22T09:45:00Z,user-service,staging,1.5.0,started,jane,,us-6
2026-11-01T09:00:00Z,payment-api,staging,{SHA},completed,li,,pa-1
2026-11-02T09:00:00Z,payment-api,production,{SHA},completed,li,,pa-2
2026-11-20T09:00:00Z,payment-api,staging,9e8d7c6b,failed,li,,pa-3
2026-11-10T09:00:00Z,web-frontend,staging,2026.11.1,completed,dependabot[bot],,wf-1
2026-11-12T09:00:00Z,web-frontend,test,2026.11.2,started,dependabot[bot],,wf-2
"""


@dataclass(frozen=True)
class Outcome:
    """What one command came to."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass(frozen=True)
class Desk:
    """Sit at a registry: run commands there, and git beside them."""

    top: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Outcome:
        self.capsys.readouterr()
        code = run([*arguments, "--repo", str(self.top)])
        told = self.capsys.readouterr()
        return Outcome(code, told.out, told.err)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.top, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commits(self) -> int:
        return int(self.git("rev-list", "--count", "HEAD"))


def make_registry(top: Path) -> Path:
    """Start a registry and import the rows above."""
    initialise(top, now=NOW)
    rows = top.parent / "rows.csv"
    rows.write_text(ROWS, encoding="utf-8")
    import_file(open_repository(top), rows, now=NOW)
    return top
