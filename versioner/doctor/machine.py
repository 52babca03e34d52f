"""Check this machine: its git, its signing key, its clock, its spool."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from versioner.doctor.checks import guarded, note, ok, problem, warning
from versioner.errors import quoted
from versioner.git.config import is_true
from versioner.git.identity import committer_of
from versioner.git.process import NEEDED, TIMED_OUT, git, run_limited
from versioner.git.temporary import temporary_folder
from versioner.query.times.text import age_text, seconds_between
from versioner.rules.times import MOST_AHEAD_SECONDS, utc_text
from versioner.spool.batch import queued
from versioner.spool.store import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.doctor.checks import Check, CheckContext
    from versioner.git.repository import Repository

__all__ = [
    "RECOMMENDED",
    "SERVER",
    "check_clock",
    "check_git",
    "check_signing",
    "check_spool",
    "server_time",
]

# The oldest version that the tests of this tool run with.
RECOMMENDED: Final = "2.39"
SERVER: Final = "the server"

_EMPTY_TREE: Final = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
_SIGNER: Final = {
    f"GIT_{role}_{part}": text
    for role in ("AUTHOR", "COMMITTER")
    for part, text in (("NAME", "versioner"), ("EMAIL", "versioner@localhost"))
}


def check_git() -> list[Check]:
    """Check the version of git."""
    return guarded("git", _git)


def _git() -> Iterator[Check]:
    printed = git(["version"], cwd=Path()).decode("utf-8", "replace").strip()
    found = re.search(r"[0-9]+\.[0-9]+[0-9.]*[0-9]", printed)
    if found is None:
        yield warning("git", f"`git version` prints {quoted(printed)}, without a version number")
    elif _parts(found[0]) < _parts(NEEDED):
        yield problem(
            "git", f"git {found[0]} is too old; {NEEDED} or newer is needed", "install a newer git"
        )
    elif _parts(found[0]) < _parts(RECOMMENDED):
        wish = f"git {found[0]} works, but this tool is tested with {RECOMMENDED} and newer"
        yield note("git", wish, "install a newer git when you can")
    else:
        yield ok("git", f"git {found[0]}")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def check_signing(repository: Repository, seconds: float) -> list[Check]:
    """Check whether commits are signed, with a test signature that is not kept."""
    return guarded("signing", lambda: _signing(repository, seconds))


def _signing(repository: Repository, seconds: float) -> Iterator[Check]:
    settings = committer_of(repository, None).signing
    if settings is None:
        if is_true(repository.top, "commit.gpgsign"):
            yield warning(
                "signing",
                "this clone asks for signed commits, but your own git configuration has no signing "
                "key: commits are not signed",
                "git config --global user.signingkey KEY",
            )
        else:
            yield ok("signing", "commits are not signed (commit.gpgsign is not set)")
        return
    with temporary_folder() as place:
        done = run_limited(
            ["commit-tree", "-S", "-m", "Try", _EMPTY_TREE[repository.object_format]],
            limit=seconds,
            cwd=repository.top,
            config=settings,
            env={**_SIGNER, "GIT_OBJECT_DIRECTORY": str(place.folder)},
            pass_fds=place.inherited,
        )
    if done.returncode == 0:
        yield ok("signing", "commits are signed, and a test signature succeeded")
        return
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    why = "; it may wait for a passphrase" if done.returncode == TIMED_OUT else ""
    yield problem(
        "signing",
        f"commits cannot be signed: {'; '.join(lines[-2:])[:300]}{why}",
        "fix user.signingkey and gpg.format (`git commit --allow-empty -S` tests them), or set "
        "commit.gpgsign to false",
    )


def check_spool(context: CheckContext) -> list[Check]:
    """Report the events on this machine that could not be sent."""
    return guarded("spool", lambda: _spool(context))


def _spool(context: CheckContext) -> Iterator[Check]:
    if context.spool is None:
        yield warning(
            "spool",
            "this machine has no folder for events that could not be sent",
            "set VERSIONER_SPOOL to a folder of your own",
        )
        return
    spool, queue = Spool(context.spool).contents(), queued(context.spool)
    waits = len(spool.entries) + len(queue)
    if waits:
        since = f", the oldest since {spool.entries[0].kept_at}" if spool.entries else ""
        what = f"{_events(waits)} on this machine could not be sent yet{since}"
        yield warning("spool", what, "versioner spool send")
    if spool.refused:
        why = f"{_events(len(spool.refused))} in the spool were refused: {spool.refused[0].reason}"
        yield warning("spool", why, "`versioner spool list` shows them")
    if spool.unreadable:
        path, reason = spool.unreadable[0]
        yield warning(
            "spool", f"{path} contains no event: {reason}", "check the file, then delete it"
        )
    if not (waits or spool.refused or spool.unreadable):
        yield ok("spool", "no events are waiting on this machine")


def _events(number: int) -> str:
    return f"{number} event{'' if number == 1 else 's'}"


def check_clock(now: str, other: str, whose: str) -> Check:
    """Compare this machine's clock with another; a commit's time shows only that it is behind."""
    ahead = seconds_between(other, now)
    is_server = whose == SERVER
    if abs(ahead) <= MOST_AHEAD_SECONDS or (ahead > 0 and not is_server):
        return ok("clock", f"the time is {now}, {'as on' if is_server else 'not before'} {whose}")
    way = "ahead of" if ahead > 0 else "behind"
    return warning(
        "clock",
        f"this machine's clock is {age_text(abs(ahead))} {way} {whose} ({other})",
        "set the clock (NTP): events get their time from it, and an event more than five minutes "
        "ahead is refused",
    )


def server_time(address: str, seconds: float) -> str:
    """Return the Date header of any answer of a web server, or ""."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(f"{address}/", method="HEAD"), timeout=seconds) as answer:  # noqa: S310
            date = answer.headers.get("Date", "")
    except HTTPError as answer:
        date = answer.headers.get("Date", "")
        answer.close()
    except (OSError, HTTPException, ValueError):
        return ""
    try:
        return utc_text(parsedate_to_datetime(date))
    except (TypeError, ValueError, OverflowError):
        return ""
