"""Find the commit that recorded each event, in one pass over the history.

An event is one line of a log; the commit that first added a line with its id recorded it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from versioner.git.history import is_ancestor, is_shallow
from versioner.git.process import git
from versioner.git.state import keep_json, read_json, state_file

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.git.repository import Repository

__all__ = ["recorded_events"]

_FORMAT: Final = 1
_LOGS: Final = "registry/products"
_ID: Final = re.compile(rb'[ {]id: "([A-Za-z0-9._:-]{1,128})"\}\r?$')
# A NUL marks the line of a commit: no line of a diff begins with one.
_COMMIT: Final = "%x00%H %ct %s"


def recorded_events(repo: Repository, revision: str) -> dict[str, tuple[str, str, str]]:
    """Return (commit, subject, time) of the commit that recorded each event, by event id.

    Returns nothing for a shallow clone, which has only a part of the history. The result is
    saved in the git directory, so that the next call reads the new commits only.
    """
    if is_shallow(repo):
        return {}
    path = state_file(repo.common_dir, "recorded.json")
    saved = _load(repo, path, revision)
    if saved["revision"] != revision:
        # In a work tree, git would read its attributes for a diff. This folder has none.
        elsewhere = repo.common_dir / "objects"
        place = [f"--git-dir={repo.common_dir}", f"--work-tree={elsewhere}"]
        _add(saved, git([*place, *_log(saved["revision"], revision)], cwd=elsewhere))
        saved["revision"] = revision
        keep_json(path, saved)
    commits = [tuple(commit) for commit in saved["commits"]]
    return {event: commits[number] for event, number in saved["events"].items()}


def _log(known: str, revision: str) -> list[str]:
    diff = ["-p", "-U0", "--text", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color"]
    since = [f"^{known}"] if known else []
    return [
        "log", "--topo-order", "--reverse", f"--format=tformat:{_COMMIT}", "--encoding=UTF-8",
        *diff, revision, *since, "--", _LOGS,
    ]  # fmt: skip


def _add(saved: dict[str, Any], log: bytes) -> None:
    commits, events = saved["commits"], saved["events"]
    for line in log.split(b"\n"):
        if line.startswith(b"\0"):
            commits.append(_commit(line[1:].decode("utf-8", "replace")))
        elif line.startswith(b"+- {") and (found := _ID.search(line)):
            # The first commit counts: later ones move, format or redact.
            events.setdefault(found[1].decode("ascii"), len(commits) - 1)


def _commit(line: str) -> tuple[str, str, str]:
    from datetime import UTC, datetime

    name, _, rest = line.partition(" ")
    seconds, _, subject = rest.partition(" ")
    at = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return name, subject, at


def _load(repo: Repository, path: Path, revision: str) -> dict[str, Any]:
    with suppress(KeyError, TypeError, AttributeError):
        saved: dict[str, Any] = read_json(path)
        if saved["format"] == _FORMAT and _is_within(repo, str(saved["revision"]), revision):
            return saved
    return {"format": _FORMAT, "revision": "", "commits": [], "events": {}}


def _is_within(repo: Repository, known: str, revision: str) -> bool:
    if not re.fullmatch(r"[0-9a-f]{40,64}", known):
        return False
    return is_ancestor(repo, known, revision)
