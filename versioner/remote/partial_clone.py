"""A temporary bare partial clone of one remote branch.

What is fetched depends on the filters that the remote accepts, best first (design, section 6):
the commit with the trees near its root; the commit alone; the commit with all its trees; all of
the commit. Missing objects are fetched by id when they are read, many at a time where a caller
knows them.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from versioner.errors import GitFailure
from versioner.git.objects import ObjectReader, OpenRepository, reading
from versioner.git.process import git, run
from versioner.git.repository import Repository, tip_of
from versioner.git.temporary import temporary_folder
from versioner.remote.client import RemoteClient, create_bare, failure_of
from versioner.remote.filters import FILTERS
from versioner.remote.inbox_refs import EVENT, REFUSAL
from versioner.remote.memory import (
    recall_config,
    recall_filter,
    remember_config,
    remember_filter,
)
from versioner.remote.prefetch import Wanted, prefetch
from versioner.remote.push_status import fault_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from versioner.git.process import Completed
    from versioner.git.temporary import TemporaryFolder
    from versioner.remote.filters import FilterLevel
    from versioner.remote.url import Remote

__all__ = [
    "PartialClone",
    "open_clone",
    "partial_clone",
]

_HEAD: Final = "refs/versioner/remote-head"

# git reports the branch of the remote's HEAD during a fetch only in its trace, in the form of
# protocol 2 or of the older ones.
_LEADS: Final = re.compile(
    rb"fetch< [0-9a-f]{40,64} HEAD(?: symref-target:|\\0\S*(?: \S+)*? symref=HEAD:)(refs/heads/\S+)"
)

# Branches whose ref can be written as a file; git writes the others.
_PLAIN_BRANCH: Final = r"refs/heads/[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*"


_SETTINGS: Final = (
    *("fetch.negotiationAlgorithm=noop", "fetch.writeCommitGraph=false", "gc.auto=0"),
    "pack.useSparse=true",
    "advice.graftFileDeprecated=false",
    *("fetch.fsckObjects=false", "transfer.credentialsInUrl=die"),
    *("http.lowSpeedLimit=1000", "http.lowSpeedTime=30"),
)
# For fetches only: other commands of a partial clone would fetch missing objects one by one, and
# a push, which walks all trees of a shallow clone, would fail at the first missing one.
_PARTIAL: Final = ("remote.origin.promisor=true", "remote.origin.partialCloneFilter=blob:none")


class PartialClone:
    """A temporary bare partial clone of one remote branch.

    `client` reaches the remote. `level` is the best filter that the remote has not
    refused. After `limit` seconds a command to the remote is ended.
    """

    def __init__(
        self,
        remote: Remote,
        place: TemporaryFolder,
        level: FilterLevel = FILTERS[0],
        *,
        object_format: str = "sha1",
        limit: float | None = None,
    ) -> None:
        self.folder = place.folder / "registry.git"
        self.object_format = object_format
        self.level: FilterLevel = level
        create_bare(self.folder, remote.url, object_format)
        self.client = RemoteClient(
            remote,
            self.folder,
            inherited=place.inherited,
            settings=_SETTINGS,
            limit=limit,
        )
        self._was_refused = False
        self._packets = place.folder / "packets"
        self._begun: Sequence[str] = ()
        self._reader = ObjectReader(self.folder, place.inherited, self.fetch_objects)

    def change_format(self) -> bool:
        """Start again as a sha256 repository; False where it is one already."""
        self._reader.close()
        if self.object_format == "sha256":
            return False
        self.object_format = "sha256"
        create_bare(self.folder, self.client.remote.url, "sha256")
        return True

    def repository(self, branch: str, tip: str | None) -> Repository:
        """Return the clone as a repository whose branch is at a tip."""
        place = Repository(
            self.folder, self.folder, None, self.object_format, branch, tip, pinned=True
        )
        return OpenRepository(place, self._reader)

    def fetch_tip(self, branch: str, also: Sequence[str] = ()) -> str | None:
        """Fetch the tip of a branch ("" for the remote's HEAD), and refs under prefixes.

        Returns the tip, None where there is no such branch. The prefixes' refs keep their names.
        """
        local = branch or _HEAD
        self.forget_refs(also)
        specs = [f"+{branch or 'HEAD'}:{local}", *(f"+{each}*:{each}*" for each in also)]
        done = self._fetch_filtered(
            specs, {} if branch else {"GIT_TRACE_PACKET": str(self._packets)}
        )
        if done.returncode != 0:
            if "couldn't find remote ref" in done.stderr:
                return None
            raise failure_of(done)
        return tip_of(self.repository(local, None), local)

    def head(self) -> str:
        """Return the branch that the remote's HEAD names, "" where it names none."""
        try:
            found = _LEADS.findall(self._packets.read_bytes())
        except OSError:
            found = []
        # Other characters are escaped in the trace, and the trace has no promised format.
        if found and b"\\" not in found[-1]:
            return str(found[-1].decode("ascii"))
        return self.client.list_refs().head

    def fetch_tip_with_trees(self, branch: str, also: Sequence[str] = ()) -> str | None:
        """Fetch the tip with all of its trees, for a caller who reads the whole registry."""
        self.level = max(self.level, "blob:none", key=FILTERS.index)
        return self.fetch_tip(branch, also)

    def _fetch_filtered(
        self, refs: Sequence[str], env: Mapping[str, str], depth: int = 1
    ) -> Completed:
        """Fetch, with the next filter where the remote refuses one."""
        self._begun = [f"--depth={depth}", "origin", *refs]
        while True:
            filters = [_filter(self.level)]
            done = self.fetch([*filters, *self._begun], env=env)
            if done.returncode == 0:
                if self._was_refused:
                    remember_filter(self.client.remote, self.level)
                return done
            if fault_of(done)[0] == "format" and self.change_format():
                continue
            if "filter" in done.stderr and self.level != FILTERS[-1]:
                self.level = FILTERS[FILTERS.index(self.level) + 1]
                self._was_refused = True
            else:
                return done

    def set_branch(self, branch: str, tip: str) -> Repository:
        """Set a branch of the clone to a tip, and return the repository on that branch."""
        if re.fullmatch(_PLAIN_BRANCH, branch) and ".lock" not in branch:
            path = self.folder / branch
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{tip}\n", "ascii")
        else:
            git(["update-ref", "--no-deref", branch, tip], cwd=self.folder, config=_SETTINGS)
        return self.repository(branch, tip)

    def close(self) -> None:
        """End the process that reads objects."""
        self._reader.close()

    def fetch_refs(self, refs: Sequence[str]) -> None:
        """Fetch refs with all their objects, under their own names."""
        done = self.fetch(["--depth=1", _filter(""), "origin", *(f"+{ref}:{ref}" for ref in refs)])
        if done.returncode != 0:
            raise failure_of(done)

    def fetch_refs_below(self, prefixes: Sequence[str]) -> None:
        """Fetch all refs under prefixes with their events and refusals; delete all older ones."""
        self.forget_refs(prefixes)
        specs = [f"+{prefix}*:{prefix}*" for prefix in prefixes]
        done = self._fetch_filtered(specs, {}, depth=2)
        # If there is no such ref, git fails without a message.
        if done.returncode != 0 and done.stderr.strip():
            raise failure_of(done)
        commits = [each for prefix in prefixes for each in self.refs(prefix).values()]
        with reading(self.repository("", None)) as reader:
            files = (EVENT, REFUSAL)
            prefetch(reader, [Wanted(commit, name) for commit in commits for name in files])

    def refs(self, prefix: str) -> dict[str, str]:
        """Return the fetched refs under a prefix, and their commits."""
        if not (self.folder / prefix).exists() and not (self.folder / "packed-refs").exists():
            # The usual case, found without a process.
            return {}
        args = ["for-each-ref", "--format=%(objectname) %(refname)", prefix]
        # A name may hold any bytes; str.splitlines would split at some of them.
        lines = self._git(args).stdout.decode("utf-8", "surrogateescape").split("\n")[:-1]
        return {ref: commit for commit, _, ref in (line.partition(" ") for line in lines)}

    def fetch_objects(self, ids: Iterable[str]) -> None:
        """Fetch objects by their ids in one request; raise RemoteFailure where that fails."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return
        # A tree is fetched alone or with all its trees, never with files.
        level = {"": "", "tree:0": "tree:0"}.get(self.level, "blob:none")
        lines = "".join(f"{name}\n" for name in wanted).encode("ascii")
        done = self.fetch([_filter(level), "--stdin", "origin"], lines)
        if done.returncode != 0:
            if "not our ref" in done.stderr or "unadvertised object" in done.stderr:
                self._fetch_everything(done)
                return
            raise failure_of(done)

    def _fetch_everything(self, refused: Completed) -> None:
        """Fetch all objects of the refs: with protocol 0 a remote sends no object by its id."""
        done = refused
        if self.level and self._begun:
            self.level = ""
            done = self.fetch(["--refetch", _filter(""), *self._begun])
            if done.returncode != 0 and "refetch" not in done.stderr:
                raise failure_of(done)
        if done.returncode != 0:
            raise GitFailure(
                "the remote sends no single objects",
                hint="the remote needs git 2.18 or newer, with protocol version 2; or this machine "
                "needs git 2.36",
                stderr=done.stderr,
            )

    def fetch_commit(self, commit: str) -> None:
        """Fetch one commit with its trees, without its parents."""
        level = "" if self.level == "" else "blob:none"
        done = self.fetch(["--depth=1", _filter(level), "origin", commit])
        if done.returncode != 0:
            raise failure_of(done)

    def fetch_history(self, branch: str) -> None:
        """Fetch all commits of a branch whose tip is here, with their trees."""
        if not (self.folder / "shallow").exists():
            return
        level = "" if self.level == "" else "blob:none"
        done = self.fetch(["--unshallow", _filter(level), "origin", f"+{branch}:{branch}"])
        if done.returncode != 0:
            raise failure_of(done)

    def fetch_files_below(self, commit: str, folders: Sequence[str]) -> None:
        """Fetch all files below some folders of a commit whose trees are here."""
        args = ["ls-tree", "-r", "-z", "--full-tree", commit, "--", *folders]
        listed = self._git(args).stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
        heads = (line.partition("\t")[0].split() for line in listed)
        wanted = list(dict.fromkeys(name for _, kind, name in heads if kind == "blob"))
        check = self._git(
            ["cat-file", "--batch-check=%(objecttype)"],
            "".join(f"{name}\n" for name in wanted).encode("ascii"),
        )
        here = check.stdout.decode("utf-8", "replace").splitlines()
        self.fetch_objects(name for name, kind in zip(wanted, here, strict=False) if kind != "blob")

    def fetch(
        self,
        args: Sequence[str],
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run `git fetch` as in a partial clone, where git fetches no missing objects itself."""
        return self.client.fetch(args, stdin=stdin, env=env, settings=_PARTIAL)

    def _git(self, args: Sequence[str], stdin: bytes | None = None) -> Completed:
        return run([f"--git-dir={self.folder}", *args], cwd=self.folder, stdin=stdin)

    def forget_refs(self, prefixes: Sequence[str]) -> None:
        """Delete the refs of an earlier fetch, since the remote may have deleted them."""
        lines = [f"delete {ref}" for prefix in prefixes for ref in self.refs(prefix)]
        if lines:
            text = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
            self._git(["update-ref", "--stdin"], text)


def _filter(level: str) -> str:
    # Without the option, git would use the filter of the settings.
    return f"--filter={level}" if level else "--no-filter"


@contextmanager
def partial_clone(remote: Remote, level: FilterLevel | None = None) -> Iterator[PartialClone]:
    """Create an empty partial clone of a remote; delete it at the end."""
    with temporary_folder() as place:
        taken = recall_filter(remote, place.folder) if level is None else level
        clone = PartialClone(remote, place, taken)
        recall_config(remote, clone.folder)
        _open_clones[clone.folder] = clone
        try:
            yield clone
            remember_config(remote, clone.folder)
        finally:
            del _open_clones[clone.folder]
            clone.close()


# Those of this process: a `Repository` does not name the remote that it is a clone of.
_open_clones: dict[Path, PartialClone] = {}


def open_clone(folder: Path) -> PartialClone | None:
    """Return the temporary clone in a folder, None for another repository."""
    return _open_clones.get(folder)
