"""Find out what a remote accepts and what this user may do; only `try_ref` writes there.

Every step has a time limit. A repository on this machine is asked without running the programs
that its own configuration names.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple

from versioner.git.temporary import temporary_folder
from versioner.remote.client import RefUpdate, failure_of
from versioner.remote.faults import RemoteFailure
from versioner.remote.inbox_refs import store_commit
from versioner.remote.partial_clone import PartialClone
from versioner.remote.push_status import RefStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.remote.url import Remote

__all__ = ["PROBES", "Greeting", "Probe", "RefTrial", "greet", "probing"]

PROBES = "refs/versioner/probe/"

Answer = Literal["taken", "refused", "ignored", "no ids"]

_TRACE = "greeting"
_MESSAGE = "Test whether this remote accepts refs of this kind"
# A repository on this machine would run programs of its own configuration otherwise.
_QUIET_RECEIVER = "git -c core.alternateRefsCommand= -c core.hooksPath=/dev/null receive-pack"


class Greeting(NamedTuple):
    """A remote's own description: `head` is the branch that its HEAD names, "" for none."""

    head: str
    refs: dict[str, str]
    protocol: int
    object_format: str


class RefTrial(NamedTuple):
    """The results of creating a ref on a remote and of deleting it again."""

    ref: str
    made: RefStatus
    deleted: RefStatus | None


class Probe:
    """A temporary partial clone that asks the remote what it accepts, each time within a limit."""

    def __init__(self, clone: PartialClone) -> None:
        self.clone = clone

    def try_filter(self, spec: str, wanted: str) -> Answer:
        """Fetch one object by its id with a filter, and return how the remote answers."""
        done = self.clone.fetch([f"--filter={spec}", "origin", wanted])
        if done.returncode == 0:
            return "ignored" if "filtering not recognized" in done.stderr else "taken"
        if "not our ref" in done.stderr or "unadvertised object" in done.stderr:
            return "no ids"
        if "filter" in done.stderr:
            return "refused"
        raise failure_of(done)

    def may_push(self, *, atomic: bool) -> None:
        """Do all of a push but the update; raise RemoteFailure where the remote refuses that."""
        client, commit = self.clone.client, self._commit(0)
        receiver = _QUIET_RECEIVER if _is_local(client.remote.url) else ""
        client.dry_run_push(commit, f"{PROBES}dry-run", atomic=atomic, receiver=receiver)

    def try_ref(self, name: str, seconds: int) -> RefTrial:
        """Create a ref on the remote, as an event for the inbox does, and delete it again."""
        commit, ref = self._commit(seconds), f"{PROBES}{name}"
        try:
            made = self.clone.client.push([RefUpdate(ref, None, commit)])[ref]
        except RemoteFailure as failure:
            if failure.sent:
                self._remove(ref, commit)
            raise
        deleted = self._remove(ref, commit) if made.fault is None else None
        return RefTrial(ref, made, deleted)

    def _commit(self, seconds: int) -> str:
        files = {"probe.json": b"{}\n"}
        form = self.clone.object_format
        return store_commit(self.clone.folder, files, _MESSAGE, seconds, object_format=form)

    def _remove(self, ref: str, commit: str) -> RefStatus | None:
        try:
            return self.clone.client.push([RefUpdate(ref, commit, None)])[ref]
        except RemoteFailure as failure:
            return RefStatus(failure.fault, "")


@contextmanager
def probing(remote: Remote, *, seconds: float, form: str = "") -> Iterator[Probe]:
    """Create a probe for a remote; delete its files at the end."""
    with temporary_folder() as place:
        clone = PartialClone(remote, place, object_format=form or "sha1", limit=seconds)
        try:
            yield Probe(clone)
        finally:
            clone.close()


def greet(remote: Remote, *, seconds: float) -> Greeting:
    """Return a remote's refs, its protocol version and its object format."""
    with temporary_folder() as place:
        trace = place.folder / _TRACE
        env = {**remote.env, "GIT_TRACE_PACKET": str(trace)}
        clone = PartialClone(remote._replace(env=env), place, limit=seconds)
        head, refs = clone.client.list_refs("refs/heads/*", "refs/versioner/*")
        packets = trace.read_text("utf-8", "replace") if trace.exists() else ""
    two = "< version 2" in packets
    form = "sha256" if "object-format=sha256" in packets else "sha1"
    return Greeting(head, refs, 2 if two else 0, form)


def _is_local(url: str) -> bool:
    return url.startswith(("/", "file://", ".")) or ":" not in url
