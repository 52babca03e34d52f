"""One commit, one site: whatever clone, folder, zone, locale, umask or hash seed it is built in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TOP = Path(__file__).parents[2]
SURROUNDINGS = [
    ({"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C", "LANG": "C"}, "022"),
    (
        {
            "PYTHONHASHSEED": "4242",
            "TZ": "Pacific/Auckland",
            "LC_ALL": "tr_TR.UTF-8",
            "LANG": "tr_TR.UTF-8",
            "PYTHONUTF8": "0",
        },
        "077",
    ),
]


def run(*line: str, cwd: Path, extra: dict[str, str] | None = None, umask: str = "022") -> None:
    environment = {**os.environ, "PYTHONPATH": str(TOP), **(extra or {})}
    # The umask is the process's own: a shell sets it where nothing of ours can forget to.
    told = ["sh", "-c", f'umask {umask}; exec "$@"', "sh", *line]
    subprocess.run(told, cwd=cwd, env=environment, check=True, stdout=subprocess.DEVNULL)


def make_registry(top: Path) -> Path:
    top.mkdir()
    shutil.copytree(TOP / "registry", top / "registry")
    (top / "site_templates").mkdir()
    (top / "site_templates" / "about.html").write_text('{% extends "versioner:about.html" %}')
    for args in (["init", "-q"], ["add", "."], ["commit", "-qm", "Take the sample"]):
        run("git", *args, cwd=top)
    return top


def content(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
    }


def test_two_clones_in_other_surroundings_build_the_same_bytes(tmp_path: Path) -> None:
    origin = make_registry(tmp_path / "origin")
    found = []
    for number, (extra, umask) in enumerate(SURROUNDINGS):
        clone = tmp_path / ("deeper/" * number) / f"clone {number}"
        clone.parent.mkdir(parents=True, exist_ok=True)
        run("git", "clone", "-q", str(origin), str(clone), cwd=tmp_path)
        out = tmp_path / f"out-{number}"
        line = [sys.executable, "-m", "versioner", "site", "build", "--out", str(out)]
        run(*line, cwd=clone, extra=extra, umask=umask)
        found.append(content(out))
    assert len(found[0]) > 100
    assert found[0] == found[1]


def test_a_revision_builds_the_bytes_of_its_work_tree(tmp_path: Path) -> None:
    origin = make_registry(tmp_path / "origin")
    for name, more in (("tree", []), ("rev", ["--rev", "HEAD"])):
        out = str(tmp_path / name)
        run(sys.executable, "-m", "versioner", "site", "build", "--out", out, *more, cwd=origin)
    assert content(tmp_path / "tree") == content(tmp_path / "rev")
