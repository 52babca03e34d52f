"""Fresh processes of the tool and of git, as a bare machine starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.acceptance.tool import PATIENCE, PROJECT
from tests.forked import TOOL, ForkedProcess, can_fork, start_forked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Job", "Ran", "Started", "many", "plain", "run", "run_versioner", "start", "tool"]


@dataclass(frozen=True)
class Ran:
    """What one process came to."""

    code: int
    out: str
    err: str
    # What it left in its temporary folder, by relative path.
    left: list[str] = field(default_factory=list)

    def json(self) -> Any:
        """Return what it printed as JSON."""
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """Return both of its outputs."""
        return self.out + self.err


@dataclass(frozen=True)
class Job:
    """Say what to start: with a home, a temporary and a working folder of its own, unless told."""

    argv: Sequence[str]
    env: Mapping[str, str | None] = field(default_factory=dict)
    cwd: Path | None = None
    home: Path | None = None
    tmp: Path | None = None
    stdin: str = ""


def tool(*args: str | Path, **options: Any) -> Job:
    """Describe a process of the tool; the options are Job's (a variable of None is unset)."""
    return Job([*TOOL, *map(str, args)], **options)


def plain(*argv: str | Path, **options: Any) -> Job:
    """Describe any other process: git, a shell."""
    return Job([*map(str, argv)], **options)


@dataclass
class Started:
    """Hold a process that runs, and its folders."""

    process: subprocess.Popen[bytes] | ForkedProcess
    tmp: Path
    _own: tempfile.TemporaryDirectory[str]

    def wait(self, timeout: float = PATIENCE) -> Ran:
        """Wait for its end, and remove its folders."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill_all()
            code = self.process.wait(timeout)
            raise
        finally:
            left = sorted(str(path.relative_to(self.tmp)) for path in self.tmp.rglob("*"))
            out, err = (Path(self._own.name, name).read_bytes() for name in ("out", "err"))
            self._own.cleanup()
        return Ran(code, out.decode(), err.decode(), left)

    def kill(self) -> None:
        """Kill the process itself, as `kill -9` does: what it started lives on."""
        self.process.kill()

    def kill_all(self) -> None:
        """Kill it with all that it started, as the end of a machine does."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def start(job: Job, fork: bool = False) -> Started:
    """Start a process, and return at once; `fork` allows one of the tool to be a fork."""
    own = tempfile.TemporaryDirectory(prefix="job-")
    top = Path(own.name)
    for name in ("home", "tmp", "work"):
        (top / name).mkdir()
    (top / "in").write_text(job.stdin, encoding="utf-8")
    tmp = job.tmp or top / "tmp"
    with (
        (top / "in").open("rb") as stdin,
        (top / "out").open("wb") as out,
        (top / "err").open("wb") as err,
    ):
        where: dict[str, Any] = {
            "cwd": job.cwd or top / "work",
            "env": _environment(job, job.home or top / "home", tmp),
            "stdin": stdin.fileno(),
            "stdout": out.fileno(),
            "stderr": err.fileno(),
        }
        process: subprocess.Popen[bytes] | ForkedProcess
        if fork and can_fork(job.argv):
            process = start_forked(job.argv[len(TOOL) :], **where)
        else:
            process = subprocess.Popen(job.argv, start_new_session=True, **where)
    return Started(process, tmp, own)


def _environment(job: Job, home: Path, tmp: Path) -> dict[str, str]:
    bare: dict[str, str | None] = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(tmp),
        "PYTHONPATH": str(PROJECT),
        "GIT_CONFIG_NOSYSTEM": "1",
        **job.env,
    }
    return {name: value for name, value in bare.items() if value is not None}


def run(job: Job, timeout: float = PATIENCE) -> Ran:
    """Run a process to its end; of the tool, hold it to no traceback and to no leftovers."""
    ran = start(job, fork=True).wait(timeout)
    _hold_clean(job, ran)
    return ran


def many(jobs: Iterable[Job], timeout: float = PATIENCE) -> list[Ran]:
    """Start them all at once and wait for all; held as `run` holds one."""
    jobs = list(jobs)
    started: list[Started] = []
    try:
        started.extend(start(job, fork=True) for job in jobs)
        done = [each.wait(timeout) for each in started]
    finally:
        for each in started:
            if each.process.returncode is None:
                each.kill_all()
                each.process.wait(timeout)
    for job, ran in zip(jobs, done, strict=True):
        _hold_clean(job, ran)
    return done


def _hold_clean(job: Job, ran: Ran) -> None:
    if "versioner" not in job.argv:
        return
    said = f"{' '.join(job.argv[1:])}: {ran.said}"
    assert "Traceback" not in ran.err, said
    assert "internal error" not in ran.err, said
    assert ran.left == [], said


def run_versioner(
    args: Sequence[str | Path],
    env: Mapping[str, str | None] | None = None,
    cwd: Path | None = None,
    home: Path | None = None,
    **options: Any,
) -> Ran:
    """Run a fresh process of the tool to its end, as `run` does."""
    return run(tool(*args, env=env or {}, cwd=cwd, home=home, **options))
