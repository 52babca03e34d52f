"""The starter files of a registry, for its forge and its branch."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner import layout
from versioner.errors import UsageFault
from versioner.git.commit import commit_changes
from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
from versioner.git.repository import open_repository
from versioner.git.snapshot import snapshot_at
from versioner.git.transaction import transaction
from versioner.registry.config import no_registry
from versioner.remote.hosting import Hosting, hosting_of_clone
from versioner.resources import starter_dir
from versioner.validation.documents import validate_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from versioner.git.repository import Repository
    from versioner.models import Changes

__all__ = [
    "FORGES",
    "add_missing",
    "branch_at",
    "compare_starter_files",
    "describe",
    "example_files",
    "hosting_at",
    "starter_files",
]

# The starter files of one forge only: the prefix of their paths, and the prefix it becomes.
_OWN: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "github": ((".github/", ".github/"),),
    "gitlab": ((".gitlab", ".gitlab"),),
    "gitea": ((".gitea/", ".gitea/"),),
    # Forgejo runs the same workflows as Gitea, from another folder.
    "forgejo": ((".gitea/", ".forgejo/"),),
    "bitbucket": (),
    "none": (),
}

FORGES: Final = tuple(_OWN)
_ANY_OWN: Final = tuple({begin for pairs in _OWN.values() for begin, _ in pairs})

_BRANCH_LINE: Final = re.compile(
    r"^( *(?:branches: \[|ref: |BRANCH: |VERSIONER_BRANCH: ))main(?=\]?$)", re.MULTILINE
)


def starter_files(forge: str, branch: str) -> dict[str, bytes]:
    """Return the files of a new registry outside of `registry/`, by path."""
    files = {}
    for path in sorted(starter_dir().rglob("*")):
        if path.is_file():
            # The package stores them without the dot, because some build tools drop dot files.
            relative = path.relative_to(starter_dir()).as_posix().replace("dot-", ".")
            target = _place(relative, forge)
            if target and not target.startswith(f"{layout.ROOT}/"):
                files[target] = path.read_bytes()
    return _for_branch(files, branch)


def example_files() -> dict[str, bytes]:
    """Return the rules of a new registry, which are disabled, and its templates, by path."""
    folder = starter_dir() / layout.ROOT
    return {
        path_of(path.stem): path.read_bytes()
        for name, path_of in (("rules", layout.rule_path), ("templates", layout.template_path))
        for path in sorted((folder / name).glob("*.yaml"))
    }


def _place(path: str, forge: str) -> str:
    """Return the path of a starter file in a registry, "" for a file of another forge."""
    if not path.startswith(_ANY_OWN):
        return path
    places = (
        there + path.removeprefix(here) for here, there in _OWN[forge] if path.startswith(here)
    )
    return next(places, "")


def _for_branch(files: Mapping[str, bytes], branch: str) -> dict[str, bytes]:
    """Replace `main` by the registry's branch in the workflows."""
    if branch == "main":
        return dict(files)
    named = json.dumps(branch, ensure_ascii=False)
    return {
        path: _BRANCH_LINE.sub(lambda found: found[1] + named, data.decode()).encode()
        if "/workflows/" in path
        else data
        for path, data in files.items()
    }


# A file that every team is expected to change.
_NOT_COMPARED = frozenset({"README.md"})


class StarterComparison(NamedTuple):
    """The starter files that are missing, and those that differ from the tool's."""

    missing: Changes
    differing: tuple[str, ...]
    commit: str | None = None


def compare_starter_files(repository: Repository, forge: str = "") -> StarterComparison:
    """Compare the files of a registry with the starter files; write nothing."""
    own = starter_files(hosting_at(repository, forge).workflows, branch_at(repository, "main"))
    missing: Changes = {}
    differing: list[str] = []
    there = snapshot_of_work_tree(repository).read_many(own)
    for path, data in own.items():
        if path not in there and not os.path.lexists(repository.top / path):
            missing[path] = data
        elif path not in _NOT_COMPARED and not _same(there.get(path), data):
            differing.append(path)
    return StarterComparison(missing, tuple(differing))


def add_missing(directory: Path, *, forge: str = "", now: str) -> StarterComparison:
    """Add missing starter files in one commit; existing files stay unchanged."""
    repository = open_repository(directory)
    with transaction(repository) as locked:
        if locked.work_tree is None:
            raise UsageFault(f"{directory} is a bare repository", hint="run it in a clone")
        if locked.tip is None or snapshot_at(locked, locked.tip).read(layout.CONFIG) is None:
            raise no_registry()
        found = compare_starter_files(locked, forge)
        subject = "Add the files beside the registry"
        commit = commit_changes(locked, found.missing, subject, when=now)
    return found._replace(commit=commit)


def describe(found: StarterComparison) -> str:
    """Return one line that lists the missing and the different files."""
    parts = []
    if found.missing:
        parts.append(
            f"missing files: {', '.join(found.missing)} (`versioner init --add-missing` adds them)"
        )
    if found.differing:
        parts.append(
            f"files that differ from those of a new registry: {', '.join(found.differing)}"
        )
    return "; ".join(parts) or "the starter files outside of registry/ are present and unchanged"


def hosting_at(repository: Repository, forge: str = "") -> Hosting:
    """Return the host: `forge` if given, else from registry.yaml, else from the remote `origin`."""
    found = hosting_of_clone(repository)
    return Hosting(forge or str(_config(repository, "forge", "type")) or found.forge, found.url)


def branch_at(repository: Repository, otherwise: str) -> str:
    """Return the short name of the branch that holds the registry."""
    named = str(_config(repository, "branch"))
    return named or (repository.branch or otherwise).removeprefix("refs/heads/")


def _config(repository: Repository, *keys: str) -> object:
    """Return the value of nested keys of registry.yaml, "" if there is none."""
    if repository.tip is None:
        return ""
    data = snapshot_at(repository, repository.tip).read(layout.CONFIG)
    value: object = validate_document("config", data, layout.CONFIG)[0] if data else None
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value or ""


def _same(there: bytes | None, data: bytes) -> bool:
    return there is not None and there.replace(b"\r\n", b"\n") == data
