"""The tool as its users meet it: real processes, real repositories, bounded in time."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.forked import TOOL, can_fork, start_forked
from versioner.cli.errors import run

__all__ = [
    "PATIENCE",
    "PROJECT",
    "assert_sound",
    "environment",
    "git",
    "look",
    "text_in_process",
    "versioner",
]

PROJECT = Path(__file__).resolve().parents[2]

# Seconds after which a process counts as hanging; nothing measures by it.
PATIENCE = 120


def environment() -> dict[str, str]:
    """Return an environment in which `python -m versioner` is this project's, in any folder."""
    return {**os.environ, "PYTHONPATH": str(PROJECT)}


def versioner(
    *args: str | Path, cwd: Path | None = None, code: int = 0, fresh: bool = False, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run the tool to its end, and hold it to an exit code and to no traceback.

    It is a fork of a process which has imported the tool, unless a fresh process is asked for.
    """
    env = {**environment(), **options.pop("env", {})}
    line = [*TOOL, *map(str, args)]
    start = _run_fork if can_fork(line) and not fresh and not options else _run_fresh
    done = start(line, cwd=cwd, env=env, **options)
    said = f"{' '.join(map(str, args))}: {done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr, said
    assert "internal error" not in done.stderr, said
    assert done.returncode == code, said
    return done


def _run_fresh(
    line: list[str], *, stdin: Any = subprocess.DEVNULL, **options: Any
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line, stdin=stdin, capture_output=True, text=True, timeout=PATIENCE, check=False, **options
    )


def _run_fork(
    line: list[str], *, cwd: Path | None, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    with (
        Path(os.devnull).open("rb") as stdin,
        tempfile.TemporaryFile("r+") as out,
        tempfile.TemporaryFile("r+") as err,
    ):
        code = start_forked(
            line[len(TOOL) :],
            cwd=cwd or Path.cwd(),
            env=env,
            stdin=stdin.fileno(),
            stdout=out.fileno(),
            stderr=err.fileno(),
        ).wait(PATIENCE)
        for each in (out, err):
            each.seek(0)
        return subprocess.CompletedProcess(line, code, out.read(), err.read())


def text_in_process(*args: str | Path, cwd: Path) -> str:
    """Return what a command prints, run in this process: ten times as fast as in its own."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    errors = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = run([*map(str, args), "--repo", str(cwd)])
    assert code == 0, errors.getvalue()
    out.seek(0)
    return out.read()


def look(*args: str | Path, cwd: Path) -> Any:
    """Return what a looking command answers as JSON."""
    return json.loads(versioner(*args, "--output", "json", cwd=cwd).stdout)


def git(top: Path, *args: str, check: bool = True) -> str:
    """Run the user's own git."""
    done = subprocess.run(
        ["git", *args], cwd=top, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def assert_sound(top: Path) -> None:
    """Hold that git finds nothing wrong, and that nothing of the tool's is left half done."""
    done = subprocess.run(
        ["git", "fsck", "--strict", "--no-dangling"], cwd=top, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert git(top, "status", "--porcelain", "--ignored") == ""
    assert git(top, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main"]
    state = top / ".git" / "versioner"
    left = {path.name for path in state.iterdir()} & {"intent", "intent.new", "draft"}
    assert left == set()
    for leftover in ("*.lock", "fast_import_crash*"):
        assert list((top / ".git").rglob(leftover)) == []
