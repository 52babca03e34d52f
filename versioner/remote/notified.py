"""What was notified of a registry: the ref `refs/versioner/notified` and the state it leads to.

The ref is a commit without parents. Its tree has `state.json`, `queue.json`, `dead.json` and
`gone.json`: up to which commit notifications were made, which of them wait, which are being sent,
and which failed. Anyone who may push may have written it, so a damaged state is reported, and no
text in it is trusted.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import OperationFailed
from versioner.git.objects import reading
from versioner.git.process import git, run
from versioner.remote.inbox_refs import store_commit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.git.repository import Repository

__all__ = [
    "NOTIFIED",
    "NotifiedState",
    "failed_notifications",
    "notified_tip",
    "read_notified",
    "store_notified",
    "swap",
]

NOTIFIED: Final = "refs/versioner/notified"
_FORMAT: Final = 1
_LARGEST: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class NotifiedState:
    """Up to which commit notifications were made, and what became of them.

    `queue` are those that wait, each with its `notice` and its `channels`. `sending` has by sender
    what it is sending, and until when it must be done. `dead` are those that failed, or that a
    sender was ended in the middle of (`in_doubt`). `gone` are digests of the ids of events that
    were notified and are no longer on the branch. `digests` has by channel and team the last week.
    """

    commit: str = ""
    at: str = ""
    queue: tuple[dict[str, Any], ...] = ()
    sending: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    dead: tuple[dict[str, Any], ...] = ()
    gone: frozenset[str] = frozenset()
    digests: Mapping[str, str] = field(default_factory=dict)

    def with_(self, **fields: Any) -> NotifiedState:
        """Return a copy with other values of some fields."""
        return replace(self, **fields)


def notified_tip(repo: Repository) -> str:
    """Return the commit of the ref in a repository, "" where there is none."""
    done = run(["rev-parse", "--verify", "--quiet", NOTIFIED], cwd=repo.top)
    return done.stdout.decode("ascii", "replace").strip() if done.returncode == 0 else ""


def read_notified(repo: Repository, commit: str) -> NotifiedState:
    """Return the state at a commit of the ref; raise OperationFailed where it is unreadable."""
    if not commit:
        return NotifiedState()
    with reading(repo) as reader:
        files = [_parsed(reader.find_one(f"{commit}:{name}.json")) for name in _FILES]
    try:
        return _state(*files)
    except (TypeError, KeyError, ValueError, AttributeError):
        raise OperationFailed(
            f"{NOTIFIED} cannot be read",
            hint=f"delete it (`git push REMOTE :{NOTIFIED}`): the next `versioner notify` takes "
            "what is there then as notified",
        ) from None


_FILES: Final = ("state", "queue", "dead", "gone")


def _parsed(found: Any) -> Any:
    if found is None or found.type != "blob" or len(found.data) > _LARGEST:
        return None
    try:
        return json.loads(found.data)
    except (ValueError, RecursionError):
        return None


def _state(head: Any, queue: Any, dead: Any, gone: Any) -> NotifiedState:
    if head["format"] != _FORMAT:
        raise ValueError(head["format"])
    lists = [*queue, *dead]
    if not all(isinstance(each, dict) and isinstance(each["notice"], dict) for each in lists):
        raise ValueError(queue)
    return NotifiedState(
        str(head["commit"]),
        str(head["at"]),
        tuple(queue),
        dict(head["sending"]),
        tuple(dead),
        frozenset(map(str, gone)),
        dict(head["digests"]),
    )


def failed_notifications(repo: Repository) -> tuple[dict[str, Any], ...]:
    """Return the notifications that failed or are in doubt, none where the state is unreadable."""
    with suppress(OperationFailed):
        return read_notified(repo, notified_tip(repo)).dead
    return ()


def store_notified(repo: Repository, state: NotifiedState, nonce: str, seconds: int) -> str:
    """Write a commit with a state, which `nonce` makes unlike any other; return its id."""
    head = {
        "format": _FORMAT,
        "commit": state.commit,
        "at": state.at,
        "sending": dict(state.sending),
        "digests": dict(state.digests),
    }
    contents = (head, list(state.queue), list(state.dead), sorted(state.gone))
    files = {f"{name}.json": _dump(value) for name, value in zip(_FILES, contents, strict=True)}
    message = f"Notified ({nonce})"
    return store_commit(repo.common_dir, files, message, seconds, object_format=repo.object_format)


def _dump(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=True, indent=0, sort_keys=True) + "\n").encode("ascii")


def swap(repo: Repository, old: str, new: str) -> bool:
    """Move the ref of a local repository from one commit to another; False after a lost race."""
    zero = "0" * len(new)
    args = ["update-ref", "--no-deref", NOTIFIED, new, old or zero]
    done = run(args, cwd=repo.top)
    if done.returncode == 0:
        return True
    if notified_tip(repo) != old:
        return False
    if ".lock" in done.stderr:
        return False
    git(args, cwd=repo.top)
    return True
