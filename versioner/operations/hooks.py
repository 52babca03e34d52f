"""Install git hooks in one clone: the registry checked before a commit, the site built after."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from versioner.errors import UsageFault
from versioner.repository.git import git

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.repository.location import Repository

__all__ = ["HooksInstalled", "install_hooks", "site_after_commit"]

_MARK: Final = "# Installed by `versioner hooks install`"

# The commit to be is made of the index, so that what is checked is what will be committed.
_PRE_COMMIT: Final = """#!/bin/sh
{mark}: the registry is checked before each commit.
# What is checked is what is staged; `git commit --no-verify` goes past it.
staged=$(git commit-tree -m staged "$(git write-tree)") || exit 1
exec {command} validate --rev "$staged"
"""

_POST_COMMIT: Final = """#!/bin/sh
{mark}: the site is built after each commit.
exec {command} site build --rev HEAD --out {out} >/dev/null
"""


@dataclass(frozen=True, slots=True)
class HooksInstalled:
    """What was installed, and which hooks of the user's stay, with the line to add to each."""

    directory: Path
    installed: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]


def install_hooks(repository: Repository, *, command: Sequence[str], out: Path) -> HooksInstalled:
    """Write the hooks that are not there yet; ones of the user's own stay as they are.

    `command` runs this tool; `out` is the site's folder. The folder of the hooks is the one
    that git looks into (`core.hooksPath`).
    """
    if repository.work_tree is None:
        raise UsageFault("a bare repository has no commits of yours to check")
    directory = _hooks_dir(repository)
    directory.mkdir(parents=True, exist_ok=True)
    words = {"mark": _MARK, "command": shlex.join(command), "out": shlex.quote(str(out))}
    installed, kept = [], []
    for name, template in (("pre-commit", _PRE_COMMIT), ("post-commit", _POST_COMMIT)):
        text = template.format(**words)
        if _write_hook(directory / name, text):
            installed.append(name)
        else:
            kept.append((name, text.splitlines()[-1].removeprefix("exec ")))
    state = _state_path(repository)
    state.parent.mkdir(exist_ok=True)
    state.write_text(json.dumps({"out": str(out)}), encoding="utf-8")
    return HooksInstalled(directory, tuple(installed), tuple(kept))


def site_after_commit(repository: Repository) -> Path | None:
    """Return where the site is to be built after a commit of the tool's; None for nowhere.

    The tool's own commits run no hooks, so it takes this step itself.
    """
    with suppress(OSError, ValueError, KeyError, TypeError):
        return Path(json.loads(_state_path(repository).read_bytes())["out"])
    return None


def _state_path(repository: Repository) -> Path:
    return repository.common_dir / "versioner" / "hooks.json"


def _hooks_dir(repository: Repository) -> Path:
    asked = ["config", "--null", "--show-scope", "--get-all", "core.hooksPath"]
    fields = git(asked, cwd=repository.top, check=False).decode("utf-8").split("\0")
    scopes, values = fields[0::2], fields[1::2]
    # Our own git processes run with hooks switched off on their command line.
    named = [value for scope, value in zip(scopes, values, strict=False) if scope != "command"]
    if not named:
        return repository.common_dir / "hooks"
    return repository.top / Path(named[-1]).expanduser()


def _write_hook(path: Path, text: str) -> bool:
    if path.is_symlink() or (path.exists() and _MARK not in path.read_text("utf-8", "replace")):
        return False
    path.write_text(text, encoding="utf-8", newline="\n")
    path.chmod(0o755)
    return True
