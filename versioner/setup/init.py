"""Create a registry in a new or an existing repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.errors import Blocked, UsageFault, quoted
from versioner.git.commit import commit_changes
from versioner.git.process import run
from versioner.git.repository import create_repository, open_repository
from versioner.git.snapshot import MemorySnapshot, snapshot_at
from versioner.git.transaction import transaction
from versioner.resources import example_dir, schemas_dir
from versioner.serialization.documents import dump_document
from versioner.setup.scaffold import (
    branch_at,
    compare_starter_files,
    describe,
    example_files,
    hosting_at,
    starter_files,
)

if TYPE_CHECKING:
    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Changes
    from versioner.remote.hosting import Hosting

__all__ = ["initialise"]

# One environment of each type, in the usual order of deployment.
_ENVIRONMENTS = ("development", "test", "staging", "production")


@dataclass(frozen=True, slots=True)
class InitResult:
    """The result of `init`; `kept` are existing files, which stay unchanged."""

    top: Path
    commit: str | None
    paths: tuple[str, ...]
    kept: tuple[str, ...]
    forge: str = ""


def initialise(
    directory: Path,
    *,
    title: str = "",
    example: bool = False,
    branch: str = "main",
    forge: str = "",
    now: str,
) -> InitResult:
    """Create a registry in one commit; with `example`, with sample data.

    Existing files of the repository stay unchanged. Workflows are written for `forge`; by default
    for the forge of the remote `origin`, else for GitHub. Raises Blocked if there is a registry.
    """
    repository = _repository(directory, branch)
    with transaction(repository) as locked:
        snapshot: Snapshot = MemorySnapshot({})
        if locked.tip is not None:
            snapshot = snapshot_at(locked, locked.tip)
        if snapshot.entries(layout.ROOT) or (directory / layout.ROOT).exists():
            raise Blocked(
                f"{directory} already contains a registry",
                hint="`versioner validate` checks it; "
                + describe(compare_starter_files(locked, forge)),
            )
        hosting = hosting_at(locked, forge)
        wanted = _files(title or "Deployments", example, hosting, branch_at(locked, branch))
        kept = tuple(path for path in wanted if (directory / path).exists())
        changes: Changes = {path: data for path, data in wanted.items() if path not in kept}
        commit = commit_changes(locked, changes, "Start the deployment registry", when=now)
    return InitResult(directory, commit, tuple(sorted(changes)), kept, hosting.workflows)


def _repository(directory: Path, branch: str) -> Repository:
    # Checked before the folder is created, so that an error leaves no folder behind.
    if (
        branch.startswith("-")
        or run(["check-ref-format", "--branch", branch], cwd=Path()).returncode
    ):
        raise UsageFault(f"{quoted(branch)} is not a branch name", hint="example: --branch main")
    directory.mkdir(parents=True, exist_ok=True)
    if (directory / "HEAD").is_file() and (directory / "objects").is_dir():
        raise UsageFault(
            f"{directory} is a bare repository", hint="create the registry in a clone, and push it"
        )
    if not (directory / ".git").exists():
        return create_repository(directory, branch)
    repository = open_repository(directory)
    if repository.work_tree is None or repository.work_tree.resolve() != directory.resolve():
        raise UsageFault(f"{directory} is not the top of a repository's work tree")
    return repository


# An example in the words of versioner/docs/notifications.md.
_CHANNELS: Final = b"""
# Whom to tell what happens, with `versioner notify`. Addresses and secrets are in the environment
# of the sender, never here.
# notify:
#   - name: ops
#     to: slack # webhook, cdevents, mail, teams, or another service of Apprise
#     url_env: OPS_URL
#     events: [deployment.failed, deployment.rollback, digest]
#     environments: [production]
"""


def _files(title: str, example: bool, hosting: Hosting, branch: str) -> dict[str, bytes]:
    """Return every file of a new registry by its path."""
    files = {
        f"schemas/{path.name}": path.read_bytes() for path in sorted(schemas_dir().glob("*.json"))
    }
    files |= starter_files(hosting.workflows, branch)
    if example:
        source = example_dir()
        return files | {
            f"{layout.ROOT}/{path.relative_to(source).as_posix()}": path.read_bytes()
            for path in sorted(source.rglob("*.yaml"))
        }
    config: dict[str, object] = {"schema_version": 1, "title": title}
    if hosting.described:
        config["forge"] = hosting.described
    if branch != "main":
        config["branch"] = branch
    files[layout.CONFIG] = dump_document("config", config) + _CHANNELS
    for name in _ENVIRONMENTS:
        files[layout.environment_path(name)] = dump_document("environment", {"name": name})
    return files | example_files()
