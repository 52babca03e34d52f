"""The commits of a checkout of a product's source, since one that was built before.

Nothing is fetched: git may use no transport here, and does not fetch lazily. Each process has a
limit of time; where one reaches it, no other is started.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import GitFailure
from versioner.git.process import TIMED_OUT, failure, printable, run_limited
from versioner.git.source.shallow import shallow_commits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.git.process import Completed

__all__ = [
    "COMMIT_ID",
    "LOG",
    "SECONDS",
    "TEXTS",
    "LogFailure",
    "LoggedCommit",
    "SourceLog",
    "commits_since",
    "entries_of_log",
]

# Between two versions; with more, the version before is treated as one that is not known.
_MOST: Final = 20_000
_LISTED: Final = 200
# The limit of time for each git process; reading a checkout mostly takes one process.
SECONDS: Final = 3.0
LOG: Final = (
    "log", "--no-color", "--no-notes", "--no-show-signature", "--encoding=UTF-8", "-z",
)  # fmt: skip
# The part of a format that gives the address and the name of the author, and the message.
TEXTS: Final = "%aE%n%aN%n%B"
_FORMAT: Final = f"--format=%m%H%n{TEXTS}"
COMMIT_ID: Final = re.compile(r"[0-9a-f]{7,64}")
_OWNER: Final = "detected dubious ownership"
# A commit that is not here; git then asks no other repository for it.
_ABSENT: Final = (
    r"bad revision|unknown revision|bad object|Invalid (?:symmetric difference|revision)"
    r"|ambiguous argument|Not a valid object|could not fetch|promisor remote"
)
_MISSING: Final = r"could not fetch|promisor remote|lazy fetching disabled"


class LoggedCommit(NamedTuple):
    """A commit: its id, its author's e-mail address and name, and its message."""

    id: str
    email: str
    name: str
    message: str


class SourceLog(NamedTuple):
    """The commits since another one, newest first; `more` is the number of those not listed.

    `since` is "" where no commit of an earlier version is known to be an ancestor: then the list
    has the commit itself alone. `visible` is then the number of commits that a shallow checkout
    has, else 0.
    """

    since: str
    commits: list[LoggedCommit]
    more: int = 0
    visible: int = 0


class LogFailure(Exception):
    """The reason why the commits of a checkout cannot be read, in words, with the remedy."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def commits_since(
    top: str, commit: str, earlier: Sequence[str], paths: Sequence[str] = ()
) -> SourceLog | None:
    """Return the commits of a commit since the first of `earlier` ones that is an ancestor.

    With `paths`, only commits that change something there. The result is None where the checkout
    does not have the commit. Raises LogFailure where git cannot read the checkout, or not in time.
    """
    if not COMMIT_ID.fullmatch(commit):
        return None
    try:
        known = [each for each in earlier if COMMIT_ID.fullmatch(each)]
        return _Log(Path(top), paths).since(commit, known)
    except GitFailure as error:
        raise LogFailure(error.message, error.hint or "") from None
    except OSError as error:
        raise LogFailure(str(error.strerror or error), "") from None


def entries_of_log(data: bytes, fields: int) -> Iterator[list[str]]:
    """Yield the fields of each entry of `git log -z`, one a line; the last one is the rest."""
    for entry in filter(None, data.split(b"\0")):
        yield entry.decode("utf-8", "replace").split("\n", fields - 1)


class _Log:
    """The history of one checkout, read within a limit of time."""

    def __init__(self, top: Path, paths: Sequence[str]) -> None:
        self._top = top
        self._paths = [f":(literal,top){path}" for path in paths]
        # The merge of a pull request names it, and differs from its first parent alone.
        self._simplify = ("--full-history", "--show-pulls") if paths else ()
        self._shallow = shallow_commits(top)

    def since(self, commit: str, earlier: Sequence[str]) -> SourceLog | None:
        # In nearly all cases the version that was seen last is the one before.
        for since in earlier[:1]:
            found = self._between(since, commit)
            if found is not None:
                return found
        own, ancestor, visible = self._nearest(commit, earlier)
        if not own:
            return None
        found = self._between(ancestor, commit) if ancestor else None
        if found is not None or (self._paths and not self._shallow):
            return found
        only = self._log("--no-walk", "--end-of-options", f"{commit}^{{commit}}", "--")
        return SourceLog("", self._entries(only), 0, visible) if only is not None else None

    def _between(self, since: str, commit: str) -> SourceLog | None:
        """Return the commits since an ancestor; None where it is none, or is not here.

        In a shallow checkout, None too where commits are missing on the way to it.
        """
        asked = ("--left-right", *self._simplify, "--end-of-options", f"{since}...{commit}")
        data = self._log(f"--max-count={_LISTED + 1}", *asked, "--", *self._paths)
        if data is None or re.search(rb"(?:\A|\0)<", data):
            return None
        found = self._entries(data)
        ids = [each.id for each in found]
        if len(found) > _LISTED:
            marked = self._git("rev-list", f"--max-count={_MOST + 1}", *asked, "--", *self._paths)
            ids = [each[1:] for each in (marked or "").split() if each[0] == ">"]
            if not ids or "<" in (marked or "") or len(ids) > _MOST:
                return None
        if not self._shallow.isdisjoint(ids):
            return None
        return SourceLog(since, found[:_LISTED], len(ids) - len(found[:_LISTED]))

    def _nearest(self, commit: str, earlier: Sequence[str]) -> tuple[str, str, int]:
        """Return the commit's whole id, "" where it is not here, and an earlier one before it.

        The third value is the number of commits of a shallow checkout.
        """
        text = self._git(
            "rev-list", f"--max-count={_MOST}", "--end-of-options", commit, "--"
        )  # fmt: skip
        ids = (text or "").split()
        if not ids:
            return "", "", 0
        visible = len(ids) if self._shallow else 0
        known = {each[:7] for each in ids}
        for each in earlier[1:]:
            if each[:7] in known and any(one.startswith(each) for one in ids):
                return ids[0], each, visible
        return ids[0], "", visible

    def _entries(self, data: bytes) -> list[LoggedCommit]:
        # An id comes after the mark of its side.
        return [LoggedCommit(head[1:], *texts) for head, *texts in entries_of_log(data, 4)]

    def _log(self, *args: str) -> bytes | None:
        return self._run(*LOG, _FORMAT, *args)

    def _git(self, *args: str) -> str | None:
        done = self._run(*args)
        return done.decode("ascii", "replace") if done is not None else None

    def _run(self, *args: str) -> bytes | None:
        """Return what git prints, None where it does not have the commit that is asked for."""
        done = run_limited(args, limit=SECONDS, cwd=self._top)
        if done.returncode == 0:
            return done.stdout
        self._check(args, done)
        return None

    def _check(self, args: Sequence[str], done: Completed) -> None:
        """Raise LogFailure where git failed for more than a commit that is not here."""
        if done.returncode == TIMED_OUT:
            raise LogFailure(f"reading them took more than {SECONDS:g} seconds", "")
        if _OWNER in done.stderr:
            raise LogFailure(
                "git refuses the checkout, which belongs to another user",
                f"git config --global --add safe.directory {printable(str(self._top))}",
            )
        if self._paths and re.search(_MISSING, done.stderr):
            raise LogFailure(
                "the checkout lacks the folders of earlier commits, which source_paths needs",
                "make the clone with --filter=blob:none: it has no files of earlier commits, but "
                "their folders",
            )
        if not re.search(_ABSENT, done.stderr):
            raise LogFailure(failure(args, done.stderr).message, "")
