"""Compare what stands beside a registry with what a new one would have there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from versioner import layout
from versioner.errors import UsageFault
from versioner.git.process import git
from versioner.git.repository import open_repository
from versioner.git.snapshot import snapshot_at
from versioner.git.transaction import commit_changes, writing
from versioner.registry.config import no_registry
from versioner.setup.scaffold import Hosting, hosting_of, starter_files
from versioner.validation.documents import validate_document

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.git.repository import Repository
    from versioner.models import Changes

__all__ = ["Beside", "add_missing", "branch_at", "files_beside", "hosting_at", "told"]

# A team's own from the first day.
_NOT_COMPARED = frozenset({"README.md"})


class Beside(NamedTuple):
    """Hold which files a new registry would have besides, and which differ from its own."""

    missing: Changes
    differing: tuple[str, ...]
    commit: str | None = None


def files_beside(repository: Repository, forge: str = "") -> Beside:
    """Compare the files beside a registry with those of a new one; nothing is written."""
    own = starter_files(hosting_at(repository, forge).workflows, branch_at(repository, "main"))
    missing: Changes = {}
    differing: list[str] = []
    for path, data in own.items():
        there = repository.top / path
        if not there.exists():
            missing[path] = data
        elif path not in _NOT_COMPARED and not _same(there, data):
            differing.append(path)
    return Beside(missing, tuple(differing))


def add_missing(directory: Path, *, forge: str = "", now: str) -> Beside:
    """Add what is missing beside a registry, in one commit; what is there stays as it is."""
    repository = open_repository(directory)
    with writing(repository) as locked:
        if locked.work_tree is None:
            raise UsageFault(f"{directory} is a bare repository", hint="run it in a clone")
        if locked.tip is None or snapshot_at(locked, locked.tip).read(layout.CONFIG) is None:
            raise no_registry()
        found = files_beside(locked, forge)
        subject = "Add the files beside the registry"
        commit = commit_changes(locked, found.missing, subject, when=now, tip=locked.tip)
    return found._replace(commit=commit)


def told(found: Beside) -> str:
    """Say in one line what is missing and what differs."""
    parts = []
    if found.missing:
        parts.append(
            f"missing beside it: {', '.join(found.missing)} (`init --add-missing` adds it)"
        )
    if found.differing:
        parts.append(f"not as this tool writes it: {', '.join(found.differing)}")
    return "; ".join(parts) or "what stands beside it is as this tool writes it"


def hosting_at(repository: Repository, forge: str = "") -> Hosting:
    """Return where it is hosted: as told, else by registry.yaml, else by the remote `origin`."""
    origin = git(["config", "--get", "remote.origin.url"], cwd=repository.top, check=False)
    found = hosting_of(origin.decode("utf-8", "replace").strip())
    return Hosting(forge or str(_config(repository, "forge", "type")) or found.forge, found.url)


def branch_at(repository: Repository, otherwise: str) -> str:
    """Return the short name of the branch that holds the registry."""
    named = str(_config(repository, "branch"))
    return named or (repository.branch or otherwise).removeprefix("refs/heads/")


def _config(repository: Repository, *keys: str) -> object:
    """Return what registry.yaml says under these keys, "" where it says nothing readable."""
    if repository.tip is None:
        return ""
    data = snapshot_at(repository, repository.tip).read(layout.CONFIG)
    value: object = validate_document("config", data, layout.CONFIG)[0] if data else None
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value or ""


def _same(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes().replace(b"\r\n", b"\n") == data
