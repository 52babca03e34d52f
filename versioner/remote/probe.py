"""Ask a remote what it takes, and what this user may do there; all but `try_ref` only look.

Every step ends within a number of seconds. A repository on this machine is asked without
running the programs that its own configuration names.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from versioner.git.process import run_limited
from versioner.git.temporary import scratch
from versioner.remote.client import Update, failure_of
from versioner.remote.inbox_refs import store_commit
from versioner.remote.partial_clone import PartialClone
from versioner.remote.push_status import RefStatus, RemoteFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.git.temporary import Scratch
    from versioner.remote.url import Remote

__all__ = ["PROBES", "Greeting", "Probe", "Tried", "greet", "probing"]

PROBES = "refs/versioner/probe/"

Answer = Literal["taken", "refused", "ignored", "no ids"]

_TRACE = "greeting"
_MESSAGE = "Try whether this remote takes refs of this kind"
# What a repository on this machine would run before it knows that nothing is pushed.
_QUIET_RECEIVER = "git -c core.alternateRefsCommand= -c core.hooksPath=/dev/null receive-pack"


class Greeting(NamedTuple):
    """Hold what a remote tells of itself: `head` is the branch its HEAD names, "" for none."""

    head: str
    refs: dict[str, str]
    protocol: int
    object_format: str


class Tried(NamedTuple):
    """Hold what became of a ref that was made on a remote, and then deleted again."""

    ref: str
    made: RefStatus
    deleted: RefStatus | None


class Probe(PartialClone):
    """Stand for a remote as a partial clone does, with little patience."""

    def __init__(self, remote: Remote, place: Scratch, *, seconds: float, form: str = "") -> None:
        super().__init__(remote, place)
        self._run = partial(run_limited, limit=seconds)
        if form == "sha256":
            self.change_format()

    def take_filter(self, spec: str, wanted: str) -> Answer:
        """Ask for one object by its id under a filter, and tell what the remote makes of that."""
        done = self._fetch([f"--filter={spec}", "origin", wanted])
        if done.returncode == 0:
            return "ignored" if "filtering not recognized" in done.stderr else "taken"
        if "not our ref" in done.stderr or "unadvertised object" in done.stderr:
            return "no ids"
        if "filter" in done.stderr:
            return "refused"
        raise failure_of(done)

    def may_push(self, *, atomic: bool) -> None:
        """Do all of a push but the push; raise RemoteFailure where that was refused."""
        args = ["push", "--dry-run", "--porcelain", "--no-verify", "--no-signed", "--quiet"]
        args += ["--no-recurse-submodules", *(["--atomic"] if atomic else [])]
        args += [f"--receive-pack={_QUIET_RECEIVER}"] if _is_local(self.remote.url) else []
        done = self._remotely([*args, "--", "origin", f"{self._commit(0)}:{PROBES}dry-run"])
        if done.returncode != 0:
            raise failure_of(done)

    def try_ref(self, name: str, seconds: int) -> Tried:
        """Make a ref on the remote, as an event that is handed over does, and delete it again."""
        commit, ref = self._commit(seconds), f"{PROBES}{name}"
        try:
            made = self.push([Update(ref, None, commit)])[ref]
        except RemoteFailure as failure:
            if failure.sent:
                self._remove(ref, commit)
            raise
        deleted = self._remove(ref, commit) if made.fault is None else None
        return Tried(ref, made, deleted)

    def _commit(self, seconds: int) -> str:
        files = {"probe.json": b"{}\n"}
        form = self.object_format
        return store_commit(self.folder, files, _MESSAGE, seconds, object_format=form)

    def _remove(self, ref: str, commit: str) -> RefStatus | None:
        try:
            return self.push([Update(ref, commit, None)])[ref]
        except RemoteFailure as failure:
            return RefStatus(failure.fault, "")


@contextmanager
def probing(remote: Remote, *, seconds: float, form: str = "") -> Iterator[Probe]:
    """Make a probe for a remote, empty so far; nothing of it stays."""
    with scratch() as place:
        probe = Probe(remote, place, seconds=seconds, form=form)
        try:
            yield probe
        finally:
            probe.close()


def greet(remote: Remote, *, seconds: float) -> Greeting:
    """Ask a remote for its refs, and tell from how it answers which protocol it speaks."""
    with scratch() as place:
        trace = place.folder / _TRACE
        env = {**remote.env, "GIT_TRACE_PACKET": str(trace)}
        probe = Probe(remote._replace(env=env), place, seconds=seconds)
        head, refs = probe.listed("refs/heads/*", "refs/versioner/*")
        said = trace.read_text("utf-8", "replace") if trace.exists() else ""
    two = "< version 2" in said
    form = "sha256" if "object-format=sha256" in said else "sha1"
    return Greeting(head, refs, 2 if two else 0, form)


def _is_local(url: str) -> bool:
    return url.startswith(("/", "file://", ".")) or ":" not in url
