"""The arguments of every git process that a job started, down to git's own helpers.

Told by git's trace2, which the configuration of a home turns on: no variable is needed, so a
tool that scrubs `GIT_*` is traced like any other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["arguments", "traced_home"]


def traced_home(folder: Path) -> Path:
    """Make a home for `Job.home` in which git tells of each of its processes."""
    (folder / "traces").mkdir(parents=True)
    text = f'[trace2]\n\teventTarget = "{folder}/traces"\n'
    (folder / ".gitconfig").write_text(text, encoding="utf-8")
    return folder


def arguments(home: Path) -> list[list[str]]:
    """Return the arguments of each process that git was or started, in no order."""
    lines = [
        json.loads(line)
        for trace in (home / "traces").iterdir()
        for line in trace.read_text(encoding="utf-8").splitlines()
    ]
    return [line["argv"] for line in lines if line["event"] in {"start", "child_start", "exec"}]
