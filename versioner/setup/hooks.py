"""Install git hooks in a clone: check the registry before a commit, build the site after it."""

from __future__ import annotations

import shlex
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from versioner.errors import OperationFailed, UsageFault
from versioner.git.config import values_of
from versioner.git.process import run
from versioner.git.state import read_json, state_file, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.git.repository import Repository

__all__ = ["hook_status", "install_hooks", "site_after_commit"]

# The marker file of `versioner.site.output`, which is slow to import.
_SITE_MANIFEST: Final = ".versioner-site.json"
# A start takes less than a second, or a few seconds on a slow disk.
_LONGEST_START: Final = 30
_HOOKS_PATH: Final = "core.hooksPath"
_MARK: Final = "# Installed by `versioner hooks install`"

# The hook checks a commit made from the index, because that is what will be committed.
_PRE_COMMIT: Final = """#!/bin/sh
{mark}: the registry is checked before each commit.
# What is checked is what is staged; `git commit --no-verify` goes past it.
{guard}git cat-file -e "$(git write-tree):registry" 2>/dev/null || exit 0
{line}
"""
_CHECK: Final = (
    '{command} validate --repo . --rev "$(git commit-tree -m staged "$(git write-tree)")" || exit 1'
)

_POST_COMMIT: Final = """#!/bin/sh
{mark}: the site is built after each commit.
{guard}git cat-file -e HEAD:registry 2>/dev/null || exit 0
{line}
"""
_BUILD: Final = "{command} site build --repo . --rev HEAD --out {out} >/dev/null"

# In a hooks folder that several clones share, the hook must act in one of them only.
_GUARD: Final = (
    'test "$(git rev-parse --path-format=absolute --git-common-dir)" = {common} || exit 0\n'
)


@dataclass(frozen=True, slots=True)
class HooksInstalled:
    """The installed hooks, and the user's hooks that stay, each with the line to add to it."""

    directory: Path
    installed: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]


def install_hooks(repository: Repository, *, command: Sequence[str], out: Path) -> HooksInstalled:
    """Write the hooks of this tool; hooks of the user stay unchanged.

    `command` runs this tool; `out` is the folder of the site. The hooks are written to the folder
    that git uses (`core.hooksPath`).
    """
    if repository.work_tree is None:
        raise UsageFault("hooks cannot be installed in a bare repository", hint="run it in a clone")
    _check_command(command, repository.top)
    directory, is_shared = _hooks_dir(repository)
    directory.mkdir(parents=True, exist_ok=True)
    guard = _GUARD.format(common=shlex.quote(str(repository.common_dir))) if is_shared else ""
    words = {"command": shlex.join(command), "out": shlex.quote(str(out))}
    installed, kept = [], []
    for name, template, task in (
        ("pre-commit", _PRE_COMMIT, _CHECK),
        ("post-commit", _POST_COMMIT, _BUILD),
    ):
        line = task.format(**words)
        if _write_hook(directory / name, template.format(mark=_MARK, guard=guard, line=line)):
            installed.append(name)
        else:
            kept.append((name, line))
    _leave_out_of_git(repository, out)
    write_json(_state_path(repository), {"out": str(out)})
    return HooksInstalled(directory, tuple(installed), tuple(kept))


@dataclass(frozen=True, slots=True)
class HookStatus:
    """The hooks of this tool that are missing, and the other hooks in their place."""

    directory: Path
    missing: tuple[str, ...]
    others: tuple[str, ...]


def hook_status(repository: Repository) -> HookStatus:
    """Return which hooks of this tool are missing, and which are hooks of the user."""
    directory, _ = _hooks_dir(repository)
    missing, others = [], []
    for name in ("pre-commit", "post-commit"):
        path = directory / name
        if not path.exists():
            missing.append(name)
        elif _MARK not in path.read_text("utf-8", "replace"):
            others.append(name)
    return HookStatus(directory, tuple(missing), tuple(others))


def site_after_commit(repository: Repository) -> Path | None:
    """Return the folder of the site that is built after a commit of this tool; None for none.

    The commits of this tool run no hooks, so it builds the site itself. A git directory may be
    copied from another person, so its settings are not trusted: outside the work tree, only a
    folder that already contains a site is accepted (`hooks install` builds the first one).
    """
    with suppress(OSError, ValueError, KeyError, TypeError):
        out = Path(read_json(_state_path(repository))["out"])
        if _is_own_folder(repository, out) or (out / _SITE_MANIFEST).is_file():
            return out
    return None


def _is_own_folder(repository: Repository, out: Path) -> bool:
    if repository.work_tree is None:
        return False
    top, folder = repository.work_tree.resolve(), out.resolve()
    git_dir = repository.common_dir.resolve()
    return folder.is_relative_to(top) and not folder.is_relative_to(git_dir)


def _state_path(repository: Repository) -> Path:
    return state_file(repository.common_dir, "hooks.json")


def _check_command(command: Sequence[str], folder: Path) -> None:
    """Raise OperationFailed for a command that does not run: it would block every commit."""
    hint = "install versioner for this Python (pip install), and try again"
    try:
        done = subprocess.run(
            [*command, "--version"],
            cwd=folder,
            capture_output=True,
            check=False,
            timeout=_LONGEST_START,
        )
    except OSError as error:
        raise OperationFailed(f"`{shlex.join(command)}`: {error.strerror}", hint=hint) from error
    except subprocess.TimeoutExpired:
        raise OperationFailed(
            f"`{shlex.join(command)}` did not end within {_LONGEST_START} seconds", hint=hint
        ) from None
    if done.returncode != 0:
        raise OperationFailed(f"`{shlex.join(command)}` cannot be run", hint=hint)


def _leave_out_of_git(repository: Repository, out: Path) -> None:
    """Add a site folder in the work tree to .git/info/exclude."""
    top = repository.top
    if not out.is_relative_to(top) or out == top:
        return
    path = out.relative_to(top).as_posix()
    if run(["check-ignore", "-q", "--", f"{path}/"], cwd=top).returncode == 0:
        return
    exclude = repository.common_dir / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    listed = exclude.read_text("utf-8") if exclude.exists() else ""
    newline = "" if not listed or listed.endswith("\n") else "\n"
    exclude.write_text(f"{listed}{newline}/{path}/\n", encoding="utf-8")


def _hooks_dir(repository: Repository) -> tuple[Path, bool]:
    """Return the hooks folder that git uses, and whether other clones share it."""
    # The git processes of this tool set core.hooksPath on their command line.
    named = [each for each in values_of(repository.top, _HOOKS_PATH) if each.scope != "command"]
    if not named:
        return repository.common_dir / "hooks", False
    folder = repository.top / Path(named[-1].value).expanduser()
    return folder, named[-1].scope in ("global", "system")


def _write_hook(path: Path, text: str) -> bool:
    if path.is_symlink() or (path.exists() and _MARK not in path.read_text("utf-8", "replace")):
        return False
    path.write_text(text, encoding="utf-8", newline="\n")
    path.chmod(0o755)
    return True
