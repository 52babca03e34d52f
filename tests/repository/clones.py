"""Real repositories with a registry in them, for the tests of this folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

from versioner.git.objects import read_blobs
from versioner.git.repository import open_repository
from versioner.git.transaction import commit_changes, writing

PRODUCT = "registry/products/shop/product.yaml"
LOG = "registry/products/shop/deployments/2026-11.yaml"
WHEN = "2026-11-22T10:15:00Z"


def sh(top: Path, *args: str, check: bool = True, **options) -> str:
    """Run the user's own git."""
    done = subprocess.run(
        ["git", *args], cwd=top, capture_output=True, text=True, check=False, **options
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def status(top: Path) -> str:
    return sh(top, "status", "--porcelain")


def make(top: Path, files: dict[str, bytes] | None = None, *init: str) -> Path:
    """Make a clone whose first commit holds files, made by the user's git."""
    top.mkdir(parents=True)
    sh(top, "init", "-q", *init)
    for path, data in (files or {PRODUCT: b'name: "shop"\n', LOG: b"# log\n"}).items():
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    sh(top, "add", "-A")
    sh(top, "commit", "-q", "-m", "Start")
    return top


def commit(top: Path, changes: dict[str, bytes | None], message: str = "Change", **options):
    repo = open_repository(top)
    return commit_changes(repo, changes, message, tip=repo.tip, **options)


def append(top: Path, line: bytes, path: str = LOG, when: str | None = WHEN) -> str:
    """Append a line to a log as a command does: lock, read at the tip, commit."""
    with writing(open_repository(top)) as repo:
        before = read_blobs(repo, repo.tip, [path])[path] or b""
        changes = {path: before + line + b"\n"}
        made = commit_changes(repo, changes, "Record", when=when, tip=repo.tip)
    assert made is not None
    return made


def at_tip(top: Path, path: str, rev: str = "HEAD") -> bytes | None:
    done = subprocess.run(
        ["git", "cat-file", "blob", f"{rev}:{path}"], cwd=top, capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def assert_sound(top: Path) -> None:
    """Fsck and status are clean, and nothing of ours is left half done."""
    done = subprocess.run(
        ["git", "fsck", "--strict", "--no-dangling"], cwd=top, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert status(top) == ""
    assert sh(top, "for-each-ref", "refs/versioner") == ""
    common = Path(sh(top, "rev-parse", "--path-format=absolute", "--git-common-dir").strip())
    assert not (common / "versioner" / "intent").exists()
