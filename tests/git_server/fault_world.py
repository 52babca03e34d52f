"""A forge, a proxy before it and one machine, which runs commands and keeps account of events."""

from __future__ import annotations

import json
import re
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.git_server.processes import Ran, start, tool
from tests.git_server.registries import registry_on
from versioner.cli.clock import entropy, now
from versioner.delivery.direct import Destination, record_remotely
from versioner.recording.context import EventDraft
from versioner.remote.url import Remote
from versioner.spool.batch import queued
from versioner.spool.codec import MARK, new_entry, parse_line, write_line
from versioner.spool.send import document_of
from versioner.spool.store import Spool

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.git_server.processes import Job, Started
    from tests.git_server.proxy import Proxy
    from tests.git_server.server import GitServer
    from versioner.delivery.direct import Via
    from versioner.spool.codec import SpoolEntry

__all__ = ["PATIENCE", "World", "litter"]

PATIENCE = 90.0


class World:
    """Run commands on a machine whose home and temporary folder last; note what is promised.

    `rule` is that of `registries.RULES` that is enabled, "" for none.

    Each event has a version of its own, by which it is known: `promised` are those that some
    command answered for, `refused` those that can only be put aside, `lines` what was kept nowhere
    but in a log. What undoes a fault is in `later`, or in `much_later`: when all else is done.
    """

    def __init__(
        self,
        server: GitServer,
        proxy: Proxy,
        folder: Path,
        seed: int,
        rule: str = "",
        **options: Any,
    ) -> None:
        name = f"faulty-{seed}-{time.monotonic_ns():x}"
        self.forge = registry_on(server, name, rule=rule, **options)
        self.rule = rule
        # Whether the command that meets the fault starts a deployment that the rules refuse.
        self.is_refused = False
        self.proxy = proxy
        self.folder = folder
        self.home, self.tmp = folder / "home", folder / "tmp"
        self.env: dict[str, str | None] = {}
        self.url = proxy.url_of(self.forge)
        self.first = self.forge.tip()
        self.promised: set[str] = set()
        self.refused: set[str] = set()
        self.lines: list[str] = []
        self.later: list[Callable[[], object]] = []
        self.much_later: list[Callable[[], object]] = []
        self.stack = ExitStack()
        # Others may be at work in the same temporary folder.
        self.crowded = False
        for each in (self.home, self.tmp):
            each.mkdir()

    @property
    def spool(self) -> Path:
        return self.home / ".local" / "state" / "versioner" / "spool"

    # ---- commands -------------------------------------------------------------------------------

    def job(self, *args: str, stdin: str = "") -> Job:
        return tool(*args, env=self.env, home=self.home, tmp=self.tmp, stdin=stdin)

    def start(self, job: Job) -> Started:
        return start(job)

    def run(self, job: Job) -> Ran:
        return start(job).wait(PATIENCE)

    def draft(self, version: str, environment: str = "staging", **fields: Any) -> EventDraft:
        event = {"at": now(), "environment": environment, "version": version, **fields}
        event = {"status": "completed", **event}
        # The id is given, or that of the run.
        event_id = "" if "invoke_id" in fields else f"id-{version}"
        return EventDraft("deployment", "user-service", event, event_id)

    def record(self, draft: EventDraft, via: Via = "direct") -> None:
        """Record an event past the proxy, from elsewhere."""
        token = str(self.env.get("VERSIONER_TOKEN") or "")
        target = Destination(Remote(self.forge.url, token), "", via)
        (result,) = record_remotely(target, [draft], now=now(), entropy=entropy)
        if isinstance(result, Exception):
            raise result
        self.promised.add(str(draft.fields["version"]))

    def keep(self, draft: EventDraft, via: Via = "auto") -> None:
        """Keep an event in the spool, as a command did that reached nobody."""
        line = write_line(document_of(Destination(Remote(self.url), "", via), draft))
        entry = new_entry(line, kept_at=now(), reason="as if", now_ms=entropy()[0])
        Spool(self.spool).add(entry)
        self.promised.add(str(draft.fields["version"]))

    # ---- what is where --------------------------------------------------------------------------

    def recorded(self) -> list[str]:
        """Return the version of each event on the branch: twice, if it is there twice."""
        found = self.forge.git("grep", "-h", "-o", 'version: "[^"]*"', "main", "--", "registry")
        versions = [line.split('"')[1] for line in found.splitlines()]
        # Those that were there before are numbers.
        return [each for each in versions if not each[0].isdigit()]

    def waiting(self, kind: str = "inbox") -> list[str]:
        """Return the version of each event in the inbox, or of the refused ones."""
        refs = self.forge.refs(f"refs/versioner/{kind}/")
        texts = [self.forge.git("show", f"{commit}:event.json") for commit in refs.values()]
        return [json.loads(text)["event"]["version"] for text in texts]

    def kept(self) -> list[str]:
        """Return the version of each event on this machine: in the spool, or a queue of it."""
        left = queued(self.spool)
        held = Spool(self.spool).contents()
        assert held.unreadable == (), held
        return [_version(each) for each in (*left, *held.entries, *held.refused)]

    def lost(self) -> set[str]:
        """Return what was promised and is nowhere."""
        lines = {_version(parse_line(line)) for line in self.lines}
        # In the order in which others at work may move them meanwhile.
        there = {*lines, *self.kept(), *self.waiting(), *self.waiting("refused"), *self.recorded()}
        return self.promised - there

    # ---- the end of a fault ---------------------------------------------------------------------

    def mend(self) -> None:
        """Take the fault away, as whoever looks after it would."""
        for undo in self.later:
            undo()
        self.later.clear()
        if not self.much_later:
            self.proxy.heal()

    def settle(self) -> None:
        """Let what is still on its way arrive, and end what outlived a killed process."""
        for undo in self.much_later:
            undo()
        self.much_later.clear()
        self.proxy.heal()
        deadline = time.monotonic() + PATIENCE
        while self.proxy.busy or users_of(self.folder):
            assert time.monotonic() < deadline, f"still at work: {users_of(self.folder)}"
            time.sleep(0.02)

    def close(self) -> None:
        self.proxy.heal()
        self.stack.close()
        shutil.rmtree(self.forge.path, ignore_errors=True)

    # ---- what a command said --------------------------------------------------------------------

    def note(self, ran: Ran) -> None:
        """Note what a command promised, and hold what it said to be so at this moment."""
        assert "Traceback" not in ran.err, ran.err
        assert "internal error" not in ran.err, ran.err
        told = self._told(ran.out)
        safe = {*self.waiting(), *self.recorded()}
        assert told <= safe, (told - safe, ran.said)
        self.promised |= told
        for line in re.findall(rf"(?m)^{MARK}(.*)$", ran.err):
            self._note_line(parse_line(line), ran)
        assert not self.lost(), (self.lost(), ran.said)

    def _told(self, out: str) -> set[str]:
        """Return the version of each event that a command's output says is recorded or received."""
        try:
            said = json.loads(out)
        except ValueError:
            return set()
        if isinstance(said, dict) and "outcome" not in said:
            said = [*said["recorded"], *said["already"]]
        done = ("recorded", "already_recorded", "received", "already_received")
        told = said if isinstance(said, list) else [said]
        return {each["event"]["version"] for each in told if each.get("outcome", done[0]) in done}

    def _note_line(self, entry: SpoolEntry, ran: Ran) -> None:
        self.promised.add(_version(entry))
        lines = [each.line for each in Spool(self.spool).entries()]
        if "kept in this machine's spool" in ran.err:
            sent = _version(entry) in {*self.waiting(), *self.recorded()}
            assert entry.line in lines or (self.crowded and sent), ran.err
        else:
            assert "kept nowhere on this machine" in ran.err, ran.err
            self.lines.append(f"{MARK}{entry.line}")


def _version(entry: SpoolEntry) -> str:
    return str(entry.document["event"]["version"])


def users_of(folder: Path) -> list[str]:
    """Return the processes that work in a folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and Path(process, "cwd").readlink().is_relative_to(folder):
                found.append(process.name)
        except OSError:
            continue
    return found


def litter(folder: Path) -> list[str]:
    """Return what lies below a folder, by relative path."""
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))
