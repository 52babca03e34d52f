"""Read from the event file of GitHub Actions what a run is about.

The variables of a run name the tip of the default branch where the event is about another commit:
another workflow, a pull request, a deployment. The file is written by the runner, but what it
quotes is from anybody, so each value is cleaned as a variable is. Gitea and Forgejo write such
files too.
"""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EVENTS", "EventSubject", "read_event_file"]

# The event files of these events are below 1 MB; GitHub sends no payload of more than 25 MB.
_MOST_BYTES: Final = 25_000_000


class EventSubject(NamedTuple):
    """What an event is about; "" where it tells nothing, and the variables count.

    `problem` is why the file could not be read, else "".
    """

    scm_sha: str = ""
    scm_branch: str = ""
    release: str = ""
    environment: str = ""
    tier: str = ""
    problem: str = ""


_PULL_REQUEST: Final = EventSubject("pull_request.head.sha", "pull_request.head.ref")
_DEPLOYMENT: Final = EventSubject(
    "deployment.sha",
    "deployment.ref",
    environment="deployment.environment",
    tier="deployment.production_environment",
)

# The keys of each value, by the name of the event. A merge group is about the branch that it is
# merged into; a release may name a branch, but not always the one that its tag is on.
EVENTS: Final[dict[str, EventSubject]] = {
    "workflow_run": EventSubject("workflow_run.head_sha", "workflow_run.head_branch"),
    "merge_group": EventSubject("merge_group.head_sha", "merge_group.base_ref"),
    "pull_request": _PULL_REQUEST,
    "pull_request_target": _PULL_REQUEST,
    "pull_request_review": _PULL_REQUEST,
    "pull_request_review_comment": _PULL_REQUEST,
    "deployment": _DEPLOYMENT,
    "deployment_status": _DEPLOYMENT,
    "release": EventSubject(release="release.tag_name"),
    "check_run": EventSubject("check_run.head_sha", "check_run.check_suite.head_branch"),
    "check_suite": EventSubject("check_suite.head_sha", "check_suite.head_branch"),
    "status": EventSubject("sha"),
}


def read_event_file(event: str, path: str) -> EventSubject:
    """Return what an event is about; never raises."""
    keys = EVENTS.get(event)
    if keys is None:
        return EventSubject()
    if not path:
        return EventSubject(problem="its variable is not set")
    try:
        document = json.loads(_bytes_of(path).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        return EventSubject(problem=_reason(error))
    if not isinstance(document, dict):
        return EventSubject(problem="it is not a JSON object")
    found = EventSubject(*(_value(document, key) for key in keys))
    needed = keys.scm_sha and not found.scm_sha
    return found._replace(problem=f"it has no {keys.scm_sha}") if needed else found


def _bytes_of(path: str) -> bytes:
    # Without waiting: a pipe in place of the file would never end.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is not a regular file")
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
    return data


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "it cannot be opened"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON (line {error.lineno}, column {error.colno})"
    return str(error)


def _value(document: Mapping[str, Any], keys: str) -> str:
    """Return the text at a path of keys, "" for any other value; a truth is "true"."""
    value: Any = document
    for key in keys.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if value is True:
        return "true"
    return value if isinstance(value, str) else ""
