"""The registry at the tip of its branch, for every route that reads.

    with reader.index() as index:           # of versioner.registry.index, at the tip
        index.product("user-service")
    reader.repository()                     # the Repository at the tip, for use cases
    reader.tip                              # the commit

The block of `index()` must be entered and left in one thread: use it in a `def` route, not in a
dependency. A folder is read as it is, so that a commit is seen as soon as it is on the branch. Of
a remote there is a bare mirror in the state folder: `refresh()` fetches it, a thread does so every
few seconds, and after `announce()`, which a writer calls, the next reader does.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.errors import OperationFailed, UsageFault, VersionerError
from versioner.git.files.revision import RevisionSnapshot
from versioner.git.repository import Repository, on_branch, open_repository, reread
from versioner.git.snapshot import snapshot_at
from versioner.registry.config import no_registry
from versioner.registry.index.session import index_store, read_index
from versioner.remote.client import RemoteClient, create_bare, failure_of
from versioner.remote.faults import RemoteFailure
from versioner.remote.inbox_refs import INBOX, REFUSED
from versioner.remote.url import Remote
from versioner.server.tokens import private_folder
from versioner.server.writer.own_locks import hold_mirror

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from versioner.registry.index import RegistryIndex
    from versioner.registry.index.store import IndexStore
    from versioner.server.settings import ServerSettings

__all__ = ["RegistryReader", "TipSnapshot"]

# So many products are asked about one by one.
_FEW: Final = 3
_LIMIT_SECONDS: Final = 120.0
_MIRROR_SETTINGS: Final = (
    "gc.auto=0",
    "transfer.credentialsInUrl=die",
    "fetch.writeCommitGraph=false",
)


class TipSnapshot(RevisionSnapshot):
    """The files of the tip, which many requests ask about: the trees of products are kept too."""

    def __init__(self, repo: Repository, revision: str, commit_time: str) -> None:
        super().__init__(repo, revision, commit_time)
        self._every: Mapping[str, str | None] | None = None
        self._some: dict[str, Mapping[str, str | None]] = {}

    def product_trees(self, names: Collection[str] | None = None) -> Mapping[str, str | None]:
        """Return the tree id of each product, or of the named ones."""
        if names is None or len(names) > _FEW:
            if self._every is None:
                self._every = super().product_trees()
            wanted = self._every if names is None else names
            return {name: self._every[name] for name in wanted if name in self._every}
        for name in names:
            if name not in self._some:
                self._some[name] = super().product_trees([name])
        return {key: tree for name in names for key, tree in self._some[name].items()}


class RegistryReader:
    """The registry of one server, at the tip of its branch."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self.client: RemoteClient | None = None
        self._repository: Repository | None = None
        self._fetching = threading.Lock()
        self._snapshot: TipSnapshot | None = None
        self._store: IndexStore | None = None
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_stale = False
        self._moved: list[Callable[[], None]] = []
        # Why the last fetch failed, "" if it did not: what is shown may be behind the remote.
        self.problem = ""

    def open(self) -> None:
        """Open the repository; fetch the mirror of a remote. Raises where there is no registry."""
        location = self._settings.location
        if isinstance(location, Remote):
            self._repository = self._open_mirror(location)
        else:
            found = open_repository(location)
            branch = self._settings.branch
            self._repository = on_branch(found, branch) if branch else found
        self._at_tip()

    @property
    def key(self) -> str:
        """Return a name for files about this registry and branch, the same after a restart."""
        location = self._settings.location
        where = location.url if isinstance(location, Remote) else str(location.resolve())
        return hashlib.sha256(f"{where}\0{self._settings.branch}".encode()).hexdigest()[:16]

    def repository(self) -> Repository:
        """Return the repository with its branch and tip as they are now.

        A commit of this server is in it, as soon as a writer has called `announce`.
        """
        if self._repository is None:
            raise OperationFailed("the registry was not opened")
        if self._is_stale:
            self._is_stale = False
            with suppress(RemoteFailure):
                self._fetch_now()
        return reread(self._repository)

    @property
    def tip(self) -> str:
        """Return the commit at the tip."""
        return self.repository().tip or ""

    @property
    def is_behind(self) -> bool:
        """Return whether the last fetch from the remote failed."""
        return bool(self.problem)

    @contextmanager
    def index(
        self, products: Collection[str] | None = None, *, at: RevisionSnapshot | None = None
    ) -> Iterator[RegistryIndex]:
        """Open the index at the tip, of all products or of some; see `versioner.registry.index`.

        With `at`, a snapshot that `snapshot` gave, it is of the same files also where the tip has
        moved since. Raises NotFound for an unknown product.
        """
        repository = self.repository()
        if self._store is None:
            # Which files of the tool the index depends on is looked up once: none changes now.
            self._store = index_store(repository)
        with read_index(self._store, at or self._at_tip(repository), products=products) as index:
            yield index

    def snapshot(self) -> RevisionSnapshot:
        """Return the files at the tip."""
        return self._at_tip()

    def refresh(self) -> bool:
        """Fetch from the remote, if there is one; return whether the tip moved.

        Raises RemoteFailure.
        """
        moved = self._fetch_now()
        if moved:
            self._call_listeners()
        return moved

    def on_move(self, call: Callable[[], None]) -> None:
        """Call a function whenever the tip may have moved, in any thread; it must return soon."""
        self._moved.append(call)

    def announce(self) -> None:
        """Note that this server moved the branch: the next read is of the new tip.

        Returns at once: of a remote, the next reader waits for the fetch.
        """
        self._is_stale = self.client is not None
        self._call_listeners()

    def _call_listeners(self) -> None:
        for call in self._moved:
            call()

    def _fetch_now(self) -> bool:
        if self.client is None or self._repository is None:
            return False
        with self._fetching:
            before = reread(self._repository)
            self._fetch(self.client, before.branch or "")
            return reread(self._repository).tip != before.tip

    def start(self) -> None:
        """Begin to look for the commits of others in a thread."""
        self._thread = threading.Thread(target=self._look, name="reader", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End that thread."""
        self._halt.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _look(self) -> None:
        seen = self.tip
        while not self._halt.wait(self._settings.refresh_seconds):
            try:
                self.refresh()
                self.problem = ""
                tip = self.tip
            except VersionerError as error:
                self.problem = error.message
                continue
            if tip != seen:
                seen = tip
                self._call_listeners()

    def _at_tip(self, repository: Repository | None = None) -> RevisionSnapshot:
        repository = repository or self.repository()
        if repository.tip is None:
            raise no_registry()
        known = self._snapshot
        if known is None or known.revision != repository.tip:
            # What it lists is kept: the same commit is asked about many times.
            found = snapshot_at(repository, repository.tip)
            known = TipSnapshot(repository, repository.tip, found.commit_time or "")
            if layout.CONFIG not in known.selected_entries(()):
                # A branch that was moved to something else: nobody may take it for an empty one.
                raise no_registry()
            self._snapshot = known
        return known

    def _open_mirror(self, remote: Remote) -> Repository:
        folder = self._mirror_folder()
        branch = self._settings.branch
        ref = branch if not branch or branch.startswith("refs/") else f"refs/heads/{branch}"
        if not (folder / "HEAD").exists():
            create_bare(folder, remote.url, "sha1")
        self._mirror_lock = hold_mirror(folder)
        self.client = RemoteClient(remote, folder, settings=_MIRROR_SETTINGS, limit=_LIMIT_SECONDS)
        ref = ref or self.client.list_refs().head
        if not ref:
            raise UsageFault("the remote has no branch", hint="name one with --branch")
        try:
            self._fetch(self.client, ref)
        except RemoteFailure as failure:
            if failure.fault != "format":
                raise
            create_bare(folder, remote.url, "sha256")
            self._fetch(self.client, ref)
        (folder / "HEAD").write_text(f"ref: {ref}\n", "utf-8")
        return on_branch(open_repository(folder), ref)

    def _mirror_folder(self) -> Path:
        mirrors = private_folder(private_folder(self._settings.state_dir) / "mirrors")
        return private_folder(mirrors / f"{self.key}.git")

    def _fetch(self, client: RemoteClient, ref: str) -> None:
        inbox = [f"+{prefix}*:{prefix}*" for prefix in (INBOX, REFUSED)]
        done = client.fetch(["--prune", "origin", f"+{ref}:{ref}", *inbox])
        if done.returncode == 0:
            return
        if "couldn't find remote ref" in done.stderr:
            raise OperationFailed(f'the remote has no branch "{ref.removeprefix("refs/heads/")}"')
        raise failure_of(done)
