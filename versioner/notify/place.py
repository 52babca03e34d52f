"""Where notifications are made: a repository that has the branch and the ref, or a remote.

Both give the registry at two commits, of the products that differ, and move the ref
`refs/versioner/notified` by compare-and-swap.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from versioner import layout
from versioner.delivery.context import check_branch_name, ref_of_branch
from versioner.delivery.ref_updates import RefUpdater
from versioner.editing.remote import fetch_registry
from versioner.errors import GitFailure, NotFound
from versioner.git.commit_objects import epoch_of
from versioner.git.objects import list_tree, reading, tip_view
from versioner.git.process import run
from versioner.git.repository import Repository, on_branch, reread
from versioner.git.snapshot import snapshot_at
from versioner.registry.config import no_registry, read_config
from versioner.registry.load import load_registry
from versioner.remote.client import RefUpdate, RemoteClient, failure_of
from versioner.remote.faults import RemoteFailure
from versioner.remote.notified import (
    NOTIFIED,
    NotifiedState,
    notified_tip,
    read_notified,
    store_notified,
    swap,
)
from versioner.remote.partial_clone import partial_clone
from versioner.remote.url import Remote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from versioner.git.files.revision import RevisionSnapshot
    from versioner.models import RegistryConfig
    from versioner.registry.records import Registry
    from versioner.remote.partial_clone import PartialClone

__all__ = ["Found", "Mirror", "Place", "Target", "open_place"]

_FILES = ("state.json", "queue.json", "dead.json", "gone.json")


class Found(NamedTuple):
    """The state that the ref leads to, and its commit, "" where there is no ref."""

    commit: str
    state: NotifiedState


class Mirror(NamedTuple):
    """A bare repository that has the whole branch of a remote, and the client of that remote."""

    repository: Repository
    client: RemoteClient


Target = Repository | Remote | Mirror


class Place(Protocol):
    """The branch and the ref of one registry."""

    @property
    def tip(self) -> str:
        """Return the commit of the branch."""

    def refresh(self, known: str = "") -> None:
        """Look again for the commit of the branch, which may be behind a commit that is known."""

    def has_channels(self) -> bool:
        """Return whether registry.yaml at the tip names channels, at little cost."""

    def read(self) -> Found:
        """Return the state that the ref leads to now."""

    def swap(self, old: str, state: NotifiedState, nonce: str, now: str) -> str:
        """Move the ref from a commit to a new one with a state.

        Returns the new commit, "" after a lost race. Raises RemoteFailure.
        """

    def snapshot(self, commit: str) -> RevisionSnapshot:
        """Return the files at a commit; raise NotFound where it no longer exists."""

    def load(self, commit: str, products: Collection[str]) -> Registry:
        """Return the registry at a commit, with some of its products."""


@contextmanager
def open_place(target: Target, branch: str = "") -> Iterator[Place]:
    """Open the place of a registry; raise UsageFault where there is none on the branch.

    `branch` "" is the one that registry.yaml of a remote names, else the current one.
    """
    ref = ref_of_branch(branch)
    check_branch_name(ref)
    if isinstance(target, Repository):
        yield _Local(target, ref)
        return
    if isinstance(target, Mirror):
        yield _Mirrored(target, ref)
        return
    with partial_clone(target) as clone:
        yield _AtUrl(clone, ref)


class _Local:
    """A repository on this machine that has the branch itself."""

    def __init__(self, repository: Repository, ref: str) -> None:
        self._repository = on_branch(repository, ref) if ref else repository
        self.refresh()
        own = _config_of(self._repository).get("branch", "")
        if own and not ref and repository.work_tree is None:
            self._repository = on_branch(repository, own)
            self.refresh()

    @property
    def tip(self) -> str:
        return self._repository.tip or ""

    def refresh(self, known: str = "") -> None:
        self._repository = reread(self._repository)

    def has_channels(self) -> bool:
        return _has_channels(self._repository)

    def read(self) -> Found:
        commit = notified_tip(self._repository)
        return Found(commit, read_notified(self._repository, commit))

    def swap(self, old: str, state: NotifiedState, nonce: str, now: str) -> str:
        new = store_notified(self._repository, state, nonce, epoch_of(now))
        return new if swap(self._repository, old, new) else ""

    def snapshot(self, commit: str) -> RevisionSnapshot:
        return snapshot_at(self._repository, commit)

    def load(self, commit: str, products: Collection[str]) -> Registry:
        return load_registry(self.snapshot(commit), products=sorted(products))


class _Mirrored(_Local):
    """A mirror of a remote: objects are read from the mirror, the ref is the remote's."""

    def __init__(self, mirror: Mirror, ref: str) -> None:
        self._client = mirror.client
        self._updater = RefUpdater(mirror.client)
        super().__init__(mirror.repository, ref)

    def refresh(self, known: str = "") -> None:
        if known and not self._is_ahead_of(known):
            ref = self._repository.branch
            done = self._client.fetch(["--", self._client.remote.url, f"+{ref}:{ref}"])
            if done.returncode != 0:
                raise failure_of(done)
        super().refresh(known)

    def _is_ahead_of(self, commit: str) -> bool:
        """Return whether the mirror has a commit, and its branch is not behind it."""
        where = self._repository.top
        if run(["cat-file", "-e", f"{commit}^{{commit}}"], cwd=where).returncode != 0:
            return False
        args = ["merge-base", "--is-ancestor", self.tip, commit]
        return run(args, cwd=where).returncode != 0

    def read(self) -> Found:
        commit = self._client.list_refs(NOTIFIED).refs.get(NOTIFIED, "")
        if commit and commit != notified_tip(self._repository):
            done = self._client.fetch(["--", self._client.remote.url, f"+{NOTIFIED}:{NOTIFIED}"])
            if done.returncode != 0:
                raise failure_of(done)
            commit = notified_tip(self._repository)
        return Found(commit, read_notified(self._repository, commit))

    def swap(self, old: str, state: NotifiedState, nonce: str, now: str) -> str:
        new = store_notified(self._repository, state, nonce, epoch_of(now))
        if not _push(self._updater, old, new):
            return ""
        # The site of the server shows what failed from the mirror.
        swap(self._repository, notified_tip(self._repository), new)
        return new


class _AtUrl:
    """A remote, in a temporary partial clone of its branch."""

    def __init__(self, clone: PartialClone, ref: str) -> None:
        self._clone = clone
        self._ref = ref
        self._updater = RefUpdater(clone.client)
        self._fetched: set[str] = set()
        self._is_fresh = self._is_of_one_fetch = False
        self.refresh()

    @property
    def tip(self) -> str:
        return self._place.tip or ""

    def refresh(self, known: str = "") -> None:
        if known and self._is_of_one_fetch:
            # The ref was fetched together with the branch: it is not ahead.
            return
        self._place = fetch_registry(self._clone, self._ref, [NOTIFIED], products=[])
        self._fetched.add(self.tip)
        self._is_fresh = True

    def read(self) -> Found:
        if not self._is_fresh:
            self._fetch_ref()
        self._is_of_one_fetch, self._is_fresh = self._is_fresh, False
        commit = self._clone.refs(NOTIFIED).get(NOTIFIED, "")
        if commit:
            self._clone.fetch_files_below(commit, _FILES)
        return Found(commit, read_notified(self._place, commit))

    def _fetch_ref(self) -> None:
        """Fetch the ref as it is now; it may have been deleted meanwhile."""
        commit = self._clone.client.list_refs(NOTIFIED).refs.get(NOTIFIED, "")
        if commit and commit != self._clone.refs(NOTIFIED).get(NOTIFIED, ""):
            self._clone.fetch_refs([NOTIFIED])
        if not commit:
            self._clone.forget_refs([NOTIFIED])

    def swap(self, old: str, state: NotifiedState, nonce: str, now: str) -> str:
        new = store_notified(self._place, state, nonce, epoch_of(now))
        return _push(self._updater, old, new)

    def has_channels(self) -> bool:
        return _has_channels(self._place)

    def snapshot(self, commit: str) -> RevisionSnapshot:
        self._fetch(commit)
        return snapshot_at(self._place, commit)

    def _fetch(self, commit: str) -> None:
        if commit in self._fetched:
            return
        try:
            self._clone.fetch_commit(commit)
            self._clone.fetch_files_below(commit, _beside(self._place, commit))
        except RemoteFailure as failure:
            if failure.fault == "unreachable":
                raise
            raise NotFound(f"the remote no longer has the commit {commit[:12]}") from None
        except GitFailure:
            raise NotFound(f"the remote no longer has the commit {commit[:12]}") from None
        self._fetched.add(commit)

    def load(self, commit: str, products: Collection[str]) -> Registry:
        snapshot = self.snapshot(commit)
        folders = [layout.product_dir(name) for name in sorted(products)]
        if folders:
            self._clone.fetch_files_below(commit, folders)
        return load_registry(snapshot, products=sorted(products))


def _push(updater: RefUpdater, old: str, new: str) -> str:
    """Move the ref on a remote; return the new commit, "" after a lost race."""
    try:
        updater.push([RefUpdate(NOTIFIED, old or None, new)])
    except RemoteFailure as failure:
        if failure.fault != "race":
            raise
        return ""
    return new


def _config_of(repository: Repository) -> RegistryConfig:
    """Return registry.yaml at the tip; raise UsageFault where there is none."""
    with reading(repository) as reader:
        entry = tip_view(repository, reader).entry(layout.CONFIG)
    if repository.tip is None or entry is None:
        raise no_registry()
    return read_config(repository, entry.id)


def _has_channels(repository: Repository) -> bool:
    return bool(_config_of(repository).get("notify"))


def _beside(place: Repository, commit: str) -> list[str]:
    """Return the paths of what a registry has beside its products."""
    names = list_tree(place, commit, layout.ROOT)
    return [f"{layout.ROOT}/{name}" for name in names if name != "products"]
