"""The inbox refs of a repository, as last fetched: waiting events and refused events.

`refs/versioner/inbox/<product>/<key>` is a commit whose tree holds `event.json`;
`refs/versioner/refused/<product>/<key>` one that holds `refusal.json` beside it. Anyone who may
push may have written them, so nothing in them is trusted: unreadable ones are reported as such.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.git.object_format import TreeEntry, hash_object, tree_bytes
from versioner.git.objects import reading
from versioner.git.process import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from versioner.git.repository import Repository

__all__ = [
    "EVENT",
    "INBOX",
    "REFUSAL",
    "REFUSED",
    "SHOWN",
    "Inbox",
    "RefusedEvent",
    "WaitingEvent",
    "count_inbox",
    "inbox_ref",
    "read_inbox",
    "refused_events",
    "store_commit",
    "waiting_events",
]

INBOX: Final = "refs/versioner/inbox/"
REFUSED: Final = "refs/versioner/refused/"

# How many events of each kind are read; the others are only counted.
SHOWN: Final = 200

# A little more than the longest event with all of its metadata escaped.
_LARGEST: Final = 700_000
_NAMES: Final = "%(refname)%00%(objectname)%00%00"
_FORMAT: Final = "%(refname)%00%(objectname)%00%(objecttype)%00%(committerdate:unix)"


class WaitingEvent(NamedTuple):
    """An event that was received and is not on the branch yet.

    `at` is the commit's time (RFC 3339, `Z`; `""` where it has none). `submission` is the content
    of `event.json`, not validated; None where it is missing, too large or not a JSON object.
    `product` and `key` are parts of the ref's name, and may be any text that git allows there.
    """

    ref: str
    commit: str
    product: str
    key: str
    at: str
    submission: dict[str, Any] | None


class RefusedEvent(NamedTuple):
    """An event that could not be recorded; `refusal` is the content of `refusal.json`, or None."""

    ref: str
    commit: str
    product: str
    key: str
    at: str
    submission: dict[str, Any] | None
    refusal: dict[str, Any] | None


class Inbox(NamedTuple):
    """The oldest waiting and the latest refused events, and how many more there are.

    `unsent` are the notifications that failed, where a caller adds them.
    """

    waiting: tuple[WaitingEvent, ...] = ()
    more_waiting: int = 0
    refused: tuple[RefusedEvent, ...] = ()
    more_refused: int = 0
    unsent: tuple[Mapping[str, Any], ...] = ()


def read_inbox(repo: Repository, *, limit: int = SHOWN) -> Inbox:
    """Return the waiting and the refused events of the repository's own refs."""
    waiting, refusals = _listed(repo)
    # Waiting events are collected oldest first; of refused ones the latest matters most.
    shown, latest = waiting[:limit], refusals[::-1][:limit]
    if not shown and not latest:
        return Inbox()
    files = [f"{each.commit}:event.json" for each in (*shown, *latest)]
    found = _documents(repo, [*files, *(f"{each.commit}:refusal.json" for each in latest)])
    submissions, refused_ones = found[: len(shown)], found[len(shown) : len(files)]
    reasons = found[len(files) :]
    pairs = zip(shown, submissions, strict=True)
    triples = zip(latest, refused_ones, reasons, strict=True)
    return Inbox(
        tuple(WaitingEvent(*ref, submission) for ref, submission in pairs),
        len(waiting) - len(shown),
        tuple(RefusedEvent(*ref, submission, refusal) for ref, submission, refusal in triples),
        len(refusals) - len(latest),
    )


def count_inbox(repo: Repository) -> tuple[int, int]:
    """Return how many events wait and how many were refused; fast where there are no such refs."""
    if not _may_hold(repo):
        return 0, 0
    waiting, refusals = _listed(repo)
    return len(waiting), len(refusals)


def waiting_events(repo: Repository, *, limit: int = SHOWN) -> list[WaitingEvent]:
    """Return the waiting events, oldest first."""
    return list(read_inbox(repo, limit=limit).waiting)


def refused_events(repo: Repository, *, limit: int = SHOWN) -> list[RefusedEvent]:
    """Return the refused events, latest first."""
    return list(read_inbox(repo, limit=limit).refused)


def _may_hold(repo: Repository) -> bool:
    """Return whether there may be such refs, without a git process: most clones have none."""
    if (repo.common_dir / "refs" / "versioner").exists():
        return True
    if (repo.common_dir / "reftable").exists():
        return True
    with suppress(FileNotFoundError):
        return b" refs/versioner/" in (repo.common_dir / "packed-refs").read_bytes()
    return False


class _Ref(NamedTuple):
    ref: str
    commit: str
    product: str
    key: str
    at: str


def _listed(repo: Repository) -> tuple[list[_Ref], list[_Ref]]:
    """Return both kinds of ref, oldest first."""
    done = run(["for-each-ref", f"--format={_FORMAT}", INBOX, REFUSED], cwd=repo.top)
    if done.returncode != 0:
        # A single ref with a missing object makes git report no object at all.
        done = run(["for-each-ref", f"--format={_NAMES}", INBOX, REFUSED], cwd=repo.top)
    lines = done.stdout.decode("utf-8", "surrogateescape").split("\n")[:-1]
    found = sorted((_ref(*line.split("\0")) for line in lines), key=lambda each: each[4:] + each)
    return (
        [each for each in found if each.ref.startswith(INBOX)],
        [each for each in found if each.ref.startswith(REFUSED)],
    )


def _ref(name: str, commit: str, kind: str, seconds: str) -> _Ref:
    rest = name.removeprefix(INBOX if name.startswith(INBOX) else REFUSED)
    product, _, key = rest.rpartition("/")
    return _Ref(name, commit, product, key, _time(seconds) if kind == "commit" else "")


def _time(seconds: str) -> str:
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""


def _documents(repo: Repository, names: Sequence[str]) -> list[dict[str, Any] | None]:
    """Return the JSON object in each file, None where there is none or the file is too large."""
    blobs = _small_blobs(repo, names)
    # Several refs may have the same file: it is read once.
    once = list(dict.fromkeys(blob for blob in blobs if blob))
    with reading(repo) as reader:
        found = zip(once, reader.find(once), strict=True)
        read = {blob: _parsed(each.data) for blob, each in found if each is not None}
    return [read.get(blob) for blob in blobs]


def _small_blobs(repo: Repository, names: Iterable[str]) -> list[str]:
    """Return the id of each file that exists and is small enough to read, "" for the others."""
    asked = "".join(f"{name}\n" for name in names).encode("ascii")
    answers = run(["cat-file", "--batch-check"], cwd=repo.top, stdin=asked).stdout
    parts = [line.split() for line in answers.decode("utf-8", "replace").split("\n")[:-1]]
    # git stops at a damaged object; the files after it count as missing.
    ids = [
        each[0] if len(each) == 3 and each[1] == "blob" and int(each[2]) <= _LARGEST else ""
        for each in parts
    ]
    return ids + [""] * (asked.count(b"\n") - len(ids))


def _parsed(data: bytes) -> dict[str, Any] | None:
    import json

    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_no_number)
        # A lone surrogate, written as an escape, cannot be printed.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_number(name: str) -> None:
    raise ValueError(name)


EVENT: Final = "event.json"
REFUSAL: Final = "refusal.json"

# Event ids that can be part of a ref's name on every file system.
_PLAIN: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}"
_WHO: Final = "versioner <versioner@localhost>"


def inbox_ref(product: str, event_id: str) -> str:
    """Return the inbox ref of an event; `product` is a legal name."""
    plain = re.fullmatch(_PLAIN, event_id) is not None
    # On case-insensitive file systems, two ids could be the same file.
    key = event_id if plain and event_id.lower() == event_id else _digest(event_id)
    return f"{INBOX}{product}/{key}"


def store_commit(
    git_dir: Path,
    files: Mapping[str, bytes | TreeEntry],
    message: str,
    seconds: int,
    *,
    parent: str = "",
    object_format: str = "sha1",
) -> str:
    """Write a commit of a few files, given as bytes or as existing objects; return its id.

    The same files, message and time make the same commit anywhere.
    """
    entries = {
        name: data
        if isinstance(data, TreeEntry)
        else TreeEntry(0o100644, _store(git_dir, "blob", data, object_format))
        for name, data in files.items()
    }
    tree = _store(git_dir, "tree", tree_bytes(entries), object_format)
    lines = [f"tree {tree}", *([f"parent {parent}"] if parent else [])]
    lines += [f"author {_WHO} {seconds} +0000", f"committer {_WHO} {seconds} +0000", "", message]
    return _store(git_dir, "commit", "\n".join([*lines, ""]).encode("utf-8"), object_format)


def _store(git_dir: Path, kind: str, data: bytes, object_format: str) -> str:
    from zlib import compress

    name = hash_object(kind, data, object_format)
    path = git_dir / "objects" / name[:2] / name[2:]
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        head = f"{kind} {len(data)}\0".encode("ascii")
        path.write_bytes(compress(head + data, 1))
    return name


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8")).hexdigest()[:32]
