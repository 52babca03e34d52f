"""Open and read the registry that --repo names."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from versioner import layout
from versioner.cli import clock
from versioner.errors import FilesChanged, UsageFault
from versioner.git.journal import has_journal
from versioner.git.repository import open_repository
from versioner.remote.url import is_url

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Problem
    from versioner.registry.index import RegistryIndex
    from versioner.registry.records import Registry

__all__ = [
    "find_registry",
    "find_repository",
    "hidden_from",
    "load_from",
    "open_registry_index",
    "read_index",
    "read_registry",
    "read_some_products",
    "reference_time",
    "take_registry_snapshot",
    "take_snapshot",
    "warn_of_errors",
]


_MORE_LOOKS: Final = 3


def find_repository(repo: str | None) -> Repository:
    """Open the repository that --repo names, or the one around the current folder.

    An interrupted write is completed first.
    """
    if repo is not None and is_url(repo):
        raise UsageFault(
            "this command needs a clone, but --repo is a URL",
            hint="clone the registry, and give the folder with --repo",
        )
    repository = open_repository(Path(repo) if repo else Path.cwd())
    if has_journal(repository.common_dir):
        from versioner.git.transaction import recover

        recover(repository)
    return repository


def find_registry(repo: str | None, rev: str | None = None, *, inbox: bool = False) -> Repository:
    """Open the registry that --repo names for reading; of a URL, fetch a temporary clone.

    `rev` is the revision to be read, if one is given. With `inbox`, the refs of the inbox at the
    URL are fetched too.
    """
    from versioner.cli.remotes import remote_at

    remote = remote_at(repo)
    if remote is None:
        return find_repository(repo)
    if rev is not None:
        raise UsageFault(
            "a revision needs the history of a clone, but --repo is a URL",
            hint="clone the registry, and give the folder with --repo",
        )
    from versioner.editing.remote import fetch_registry
    from versioner.remote.inbox_refs import INBOX, REFUSED
    from versioner.remote.partial_clone import partial_clone

    clone = click.get_current_context().with_resource(partial_clone(remote))
    return fetch_registry(clone, also=[INBOX, REFUSED] if inbox else [])


def take_snapshot(repository: Repository, rev: str | None = None) -> Snapshot:
    """Return the snapshot of a revision, else of the current files (if bare: of the tip)."""
    from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
    from versioner.git.snapshot import snapshot_at

    return snapshot_of_work_tree(repository) if rev is None else snapshot_at(repository, rev)


def take_registry_snapshot(repository: Repository, rev: str | None = None) -> Snapshot:
    """Return the snapshot of a revision, else of the current files; raise UsageFault without one.

    There must be a registry in it.
    """
    from versioner.registry.config import no_registry

    snapshot = take_snapshot(repository, rev)
    if layout.CONFIG not in snapshot.selected_entries(()):
        raise no_registry("on this branch" if rev is None else "at that revision")
    return snapshot


def read_registry(
    repository: Repository,
    rev: str | None = None,
    *,
    products: Collection[str] | None = None,
    quiet: bool = False,
) -> Registry:
    """Load the registry; unless `quiet`, print the number of errors and the first on stderr.

    Raises UsageFault if there is no registry.
    """
    registry = read_index(repository, rev, products=products).registry()
    if not quiet:
        warn_of_errors(registry.errors)
    return registry


def read_some_products(
    repository: Repository, products: Collection[str], *, has_dependents: bool = False
) -> Registry:
    """Load some products as they are now; print the number of errors and the first on stderr.

    Errors in files of other products are not counted. What else reports about these products ask of
    all is known, too, with `has_dependents` also which products depend on them. Where that takes a
    look at the files of all, all are loaded.
    """
    from versioner.query.derived.some_products import registry_of_some

    if repository.work_tree is not None:
        index = read_index(repository, products=products)
        registry = registry_of_some(index, now=clock.now(), has_dependents=has_dependents)
        if registry is not None:
            warn_of_errors(registry.errors)
            return registry
    registry = read_registry(repository, quiet=True)
    directories = tuple(f"{layout.product_dir(registry.target_of(name))}/" for name in products)
    registry.problems = [
        each
        for each in registry.problems
        if each.path.startswith(directories) or not each.path.startswith(f"{layout.ROOT}/products/")
    ]
    warn_of_errors(registry.errors)
    return registry


def read_index(
    repository: Repository, rev: str | None = None, *, products: Collection[str] | None = None
) -> RegistryIndex:
    """Return the index of the registry, for questions that need no whole registry.

    Raises UsageFault if there is no registry. Files that another command changes meanwhile are
    looked at again, a few times.
    """
    for _ in range(_MORE_LOOKS):
        with suppress(FilesChanged):
            snapshot = take_registry_snapshot(repository, rev)
            return open_registry_index(repository, snapshot, rev, products=products)
    snapshot = take_registry_snapshot(repository, rev)
    return open_registry_index(repository, snapshot, rev, products=products)


def open_registry_index(
    repository: Repository,
    snapshot: Snapshot,
    rev: str | None = None,
    *,
    products: Collection[str] | None = None,
) -> RegistryIndex:
    """Open the index of a snapshot until the command ends, with a progress bar while it is made.

    `rev` is the revision that was asked for, None for the current files.
    """
    from versioner.cli.output import Progress
    from versioner.registry.index import open_index

    with Progress("Reading products") as progress:
        return click.get_current_context().with_resource(
            open_index(
                repository,
                snapshot,
                products=products,
                past=rev is not None and snapshot.revision != repository.tip,
                progress=progress.advance,
            )
        )


def warn_of_errors(errors: Sequence[Problem]) -> None:
    """Print the number of errors and the first on stderr, if there are any."""
    from versioner.reporting.terminal import clean

    if not errors:
        return
    first = errors[0]
    click.echo(
        f"warning: the registry has {len(errors)} error{'s' * (len(errors) > 1)}; the output "
        "omits what could not be read (`versioner validate` lists the errors)\n"
        f"warning: {clean(f'{first.path}:{first.line}: {first.message}')}",
        err=True,
    )


def load_from(
    repo: str | None, rev: str | None = None, *, products: Collection[str] | None = None
) -> Registry:
    """Open and load the registry that --repo names, or some of its products."""
    return read_registry(find_registry(repo, rev), rev, products=products)


def reference_time(registry: Registry, rev: str | None) -> str:
    """Return the time from which ages are counted: that of the revision if given, else now."""
    return (registry.commit_time if rev else None) or clock.now()


def hidden_from(registry: Registry, output: str) -> frozenset[str]:
    """Return the fields that an output format leaves out: what the site hides, where it is shared.

    Markdown and html are passed on to others; text and JSON are for those who have the registry.
    """
    from versioner.site.privacy import hidden_fields

    return hidden_fields(registry.config) if output in ("markdown", "html") else frozenset()
