"""Publish a registry as a site: read a revision of it, and build the pages into a folder."""

from __future__ import annotations

import gc
import os
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from versioner import __version__, layout
from versioner.errors import ValidationFailed
from versioner.git.event_commits import RecordedBy, recorded_events
from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
from versioner.git.repository import reread
from versioner.git.snapshot import snapshot_at
from versioner.git.state import state_file
from versioner.query.gate.rule_activity import rule_activity_in
from versioner.registry.config import no_registry
from versioner.registry.index import open_index
from versioner.remote.hosting import hosting_of_clone
from versioner.remote.inbox_refs import read_inbox
from versioner.remote.notified import failed_notifications
from versioner.site.build import build_site
from versioner.site.rendering.processes import done_beside
from versioner.site.template_overrides import FOLDER, overrides_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.registry.records import Registry
    from versioner.site.build import BuildReport

    # Takes the name of a step, how much of it is done, and how much there is.
    Progress = Callable[[str, int, int], None]

__all__ = ["SiteWatch", "publish_site"]

# With more processes than this, waiting for each other costs more than the rendering saves.
_JOBS_MOST: Final = 4


def _no_progress(_step: str, _done: int, _total: int) -> None:
    pass


def publish_site(
    repository: Repository,
    rev: str | None,
    out: Path,
    *,
    base_url: str = "",
    fresh: bool = False,
    now: str,
    progress: Progress = _no_progress,
) -> BuildReport:
    """Build the site of a revision (None: of the current files) into a folder.

    With `fresh`, every file is made and compared with the one in the folder. `now` is the time from
    which ages are counted in a registry without a commit. Raises
    ValidationFailed if the registry has errors, UsageFault if there is no registry.
    """
    with _no_garbage_collection(), ExitStack() as stack:
        snapshot = (
            snapshot_of_work_tree(repository) if rev is None else snapshot_at(repository, rev)
        )
        # git reads the history while the registry is read; what it finds is kept.
        expected = repository.tip if rev is None else None
        with done_beside(partial(_commits_of_events, repository, expected)):
            registry = stack.enter_context(_read(repository, snapshot, rev, progress))
        recorded = _commits_of_events(repository, registry.revision)
        time = registry.commit_time or now
        return build_site(
            registry,
            out,
            now=time,
            activity=rule_activity_in(repository, registry, now=time),
            tool_version=__version__,
            base_url=base_url,
            overrides=overrides_of(snapshot),
            recorded=recorded,
            # The inbox belongs to the present; a past revision has none.
            inbox=read_inbox(repository)._replace(unsent=failed_notifications(repository))
            if registry.revision == repository.tip or rev is None
            else None,
            forge=_forge_of(repository),
            cache=state_file(repository.common_dir, "pages.json"),
            trees={
                name: record.tree
                for name, record in registry.products.items()
                if record.tree is not None
            },
            committed=cache(partial(_trees_in_commit, repository, registry.revision)),
            jobs=min(_JOBS_MOST, os.cpu_count() or 1),
            fresh=fresh,
            progress=partial(progress, "Rendering pages"),
        )


class SiteWatch:
    """A site that is built again whenever the registry has changed."""

    def __init__(self, repository: Repository, publish: Callable[[], BuildReport]) -> None:
        self._repository = repository
        self._publish = publish
        self._built: object = None

    def refresh(self) -> bool:
        """Build the site if the registry has changed; return whether it was built."""
        state = self._state()
        if state == self._built:
            return False
        # Set before the build: an error in the registry is reported once, not every second.
        self._built = state
        self._publish()
        return True

    def _state(self) -> object:
        tree = self._repository.work_tree
        folders = [tree / layout.ROOT, tree / FOLDER] if tree is not None else []
        files = frozenset(found for folder in folders for found in _stats(folder))
        return reread(self._repository).tip, files


@contextmanager
def _read(
    repository: Repository, snapshot: Snapshot, rev: str | None, progress: Progress
) -> Iterator[Registry]:
    """Open the index of a snapshot, and read the registry; raise if it has errors."""
    if layout.CONFIG not in snapshot.selected_entries(()):
        raise no_registry("on this branch" if rev is None else "at that revision")
    reading = partial(progress, "Reading products")
    past = snapshot.revision != repository.tip
    with open_index(repository, snapshot, past=past, progress=reading) as index:
        registry = index.registry()
        _refuse_errors(registry)
        yield registry


def _refuse_errors(registry: Registry) -> None:
    errors = registry.errors
    if errors:
        first = f"{errors[0].path}:{errors[0].line}:{errors[0].column}: {errors[0].message}"
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise ValidationFailed(
            f"the registry has errors: {first}{more}",
            errors,
            hint="`versioner validate` lists them",
        )


def _trees_in_commit(repository: Repository, revision: str | None) -> Mapping[str, str | None]:
    """Return the tree ids of the products in a commit."""
    return {} if revision is None else snapshot_at(repository, revision).product_trees()


def _forge_of(repository: Repository) -> dict[str, str]:
    """Return the forge that the remote of the clone shows, with the keys of registry.yaml."""
    hosting = hosting_of_clone(repository)
    return {"type": hosting.forge or "none", "url": hosting.url}


def _commits_of_events(repository: Repository, revision: str | None) -> Mapping[str, RecordedBy]:
    return {} if revision is None else recorded_events(repository, revision)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Switch the collector off: a large registry and its views have no reference cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _stats(folder: Path) -> Iterator[tuple[str, int, int]]:
    for base, _, names in os.walk(folder):
        for name in names:
            path = f"{base}/{name}"
            try:
                found = os.stat(path, follow_symlinks=False)  # noqa: PTH116 -- thousands of times
            except OSError:
                continue
            yield path, found.st_mtime_ns, found.st_size
