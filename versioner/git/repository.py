"""Find a repository from a path, and the commit of its branch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from versioner.errors import GitFailure, OperationFailed, UsageFault
from versioner.git.process import failure, finish, git, printable, run, start, too_old

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path
    from types import TracebackType

    from versioner.git.process import Completed

__all__ = [
    "Repository",
    "RepositoryLookup",
    "create_repository",
    "head_of",
    "leads_to",
    "on_branch",
    "open_repository",
    "reread",
    "tip_of",
]

_ID_LENGTHS: Final = (40, 64)
_DIGITS: Final = "0123456789abcdef"


class Repository(NamedTuple):
    """The location of a repository, and the branch and commit that a command is about.

    `git_dir` differs from `common_dir` in a linked work tree only. `work_tree` is None for a
    bare repository. `branch` is a full ref name, None on a detached HEAD; `tip` is None before
    the first commit. `pinned` is true where the branch was named, not read from HEAD.
    """

    git_dir: Path
    common_dir: Path
    work_tree: Path | None
    object_format: str
    branch: str | None
    tip: str | None
    pinned: bool = False

    @property
    def top(self) -> Path:
        """Return the folder git runs in: the work tree's top, or the bare repository."""
        return self.work_tree or self.git_dir


AnyRepository = TypeVar("AnyRepository", bound=Repository)


class RepositoryLookup:
    """A running git process that finds the repository of a path.

    Errors are raised by `repository`, not before. The process ends with the `with` block.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._start = os.path.realpath(path)
        self._process: subprocess.Popen[bytes] | None = None
        if os.path.isdir(self._start):  # noqa: PTH112 -- no pathlib to load yet
            asked = ["--git-common-dir", "--absolute-git-dir", "--is-bare-repository"]
            asked += ["--show-object-format", "--is-inside-work-tree", "--show-cdup"]
            asked += ["HEAD", "--symbolic-full-name", "HEAD"]
            args = ["rev-parse", "--path-format=absolute", *asked]
            # A path that is itself a repository is named, not found on the way up from it.
            named = os.path.isfile(os.path.join(self._start, "HEAD"))  # noqa: PTH113, PTH118
            self._process = start(args, cwd=self._start, searching=not named)

    def __enter__(self) -> RepositoryLookup:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._process is not None and self._process.returncode is None:
            finish(self._process)

    def repository(self) -> Repository:
        """Return the repository; raise as `open_repository` does."""
        # Imported while git is running: that takes about as long.
        from pathlib import Path

        path, start = Path(self._path), Path(self._start)
        if self._process is None:
            raise UsageFault(
                f"{printable(str(path))} is not a folder",
                hint="give a clone's folder, or the registry's URL (https://...)",
            )
        return _opened(path, start, finish(self._process))


def open_repository(path: Path) -> Repository:
    """Return the repository that contains a path, or is at it.

    Raises UsageFault where there is none, and GitFailure with git's reason where git refuses it
    (a repository of another user, an unknown format).
    """
    with RepositoryLookup(path) as lookup:
        return lookup.repository()


def _opened(path: Path, start: Path, done: Completed) -> Repository:
    from pathlib import Path

    # Before the first commit HEAD cannot be resolved; the values before it are printed.
    lines = done.stdout.decode("utf-8", "surrogateescape").split("\n")[:-1]
    # git prints an option that it does not know as if it were a path.
    if lines and lines[0].startswith("--"):
        raise too_old() or _unopened(path, done.stderr)
    if len(lines) < 5:
        raise _unopened(path, done.stderr)
    common_dir, git_dir, bare, object_format, inside = lines[:5]
    if inside == "false" and bare == "false":
        return _from_git_dir(path, start, Path(git_dir))
    top = Path(os.path.normpath(start / lines[5])) if inside == "true" else None
    if top is not None:
        _check_owner_of(top, Path(git_dir))
    repo = Repository(Path(git_dir), Path(common_dir), top, object_format, None, None)
    branch, tip = lines[-1], lines[-2]
    if done.returncode == 0 and _is_id(tip):
        return repo._replace(branch=None if branch == "HEAD" else branch, tip=tip)
    return repo._replace(branch=_unborn_branch(repo))


def _unopened(path: Path, stderr: str) -> OperationFailed | UsageFault:
    if "not a git repository" in stderr and "not a git repository: " not in stderr:
        return UsageFault(
            f"{printable(str(path))} is not in a git repository",
            hint="name the registry with --repo or the variable VERSIONER_REPO: its URL, or the "
            "folder of a clone; `versioner init` creates one",
        )
    error = failure(["rev-parse"], stderr)
    if "safe.bareRepository" in stderr:
        error.hint = "name the bare repository's own folder with --repo"
    if "dubious ownership" in stderr:
        error = GitFailure(f"git does not trust this repository: {error.message}", stderr=stderr)
        error.hint = f"if you do: git config --global --add safe.directory {printable(str(path))}"
    return error


def _from_git_dir(path: Path, start: Path, git_dir: Path) -> Repository:
    # `--repo clone/.git`, or the working directory of a hook: the clone around it is meant.
    if git_dir.name == ".git" and git_dir.parent != start:
        return open_repository(git_dir.parent)
    if not start.is_relative_to(git_dir):
        raise _claimed(git_dir, "a work tree elsewhere")
    raise UsageFault(
        f"{printable(str(path))} is inside a git directory", hint="name the clone's own folder"
    )


def _check_owner_of(top: Path, git_dir: Path) -> None:
    """Raise OperationFailed where a work tree does not name the repository that claims it."""
    marker = top / ".git"
    if os.path.realpath(marker) == os.path.realpath(git_dir) or leads_to(marker, git_dir):
        return
    raise _claimed(git_dir, f"the work tree {printable(str(top))}, which belongs to another")


def _claimed(git_dir: Path, what: str) -> OperationFailed:
    return OperationFailed(
        f"the repository {printable(str(git_dir))} claims {what}",
        hint="check core.worktree in its configuration",
    )


def leads_to(marker: Path, git_dir: Path) -> bool:
    """Return whether a `.git` file names a git directory."""
    try:
        if not marker.is_file():
            return False
        text = marker.read_text("utf-8", "surrogateescape")
    except OSError:
        return False
    if not text.startswith("gitdir:"):
        return False
    named = marker.parent / text.removeprefix("gitdir:").strip()
    return os.path.realpath(named) == os.path.realpath(git_dir)


def _unborn_branch(repo: Repository) -> str | None:
    named = git(["symbolic-ref", "-q", "HEAD"], cwd=repo.top, check=False).decode("utf-8").strip()
    return named or None


def on_branch(repo: Repository, name: str) -> Repository:
    """Return the repository with another branch and its tip; the name may be short or full."""
    ref = name if name.startswith("refs/heads/") else f"refs/heads/{name}"
    plain = name.isprintable() and not name.startswith("-")
    if not plain or run(["check-ref-format", ref], cwd=repo.top).returncode != 0:
        raise UsageFault(f"{printable(name)} is not a branch name", hint="example: --branch main")
    return repo._replace(branch=ref, tip=tip_of(repo, ref), pinned=True)


def reread(repo: AnyRepository) -> AnyRepository:
    """Return the repository as it is now: HEAD's branch (unless pinned) and its tip."""
    branch = repo.branch if repo.pinned else head_of(repo, repo.git_dir)
    if branch is None:
        asked = ["rev-parse", "-q", "--verify", "HEAD^{commit}"]
        tip = git(asked, cwd=repo.top, check=False).decode("ascii").strip()
        return repo._replace(branch=None, tip=tip or None)
    return repo._replace(branch=branch, tip=tip_of(repo, branch))


def head_of(repo: Repository, git_dir: Path) -> str | None:
    """Return the branch that HEAD in a git directory names, None when it is detached."""
    if _has_plain_refs(repo):
        text = _read_line(git_dir / "HEAD")
        if text.startswith("ref: "):
            return text.removeprefix("ref: ").strip()
        if _is_id(text):
            return None
    args = [f"--git-dir={git_dir}", "symbolic-ref", "-q", "HEAD"]
    return git(args, cwd=repo.common_dir, check=False).decode("utf-8").strip() or None


def tip_of(repo: Repository, ref: str) -> str | None:
    """Return the commit that a ref points at, None where there is no such ref.

    A loose ref is read from its file, which saves a process; git reads all others.
    """
    if _has_plain_refs(repo):
        text = _read_line(repo.common_dir / ref)
        if _is_id(text):
            return text
    args = ["rev-parse", "-q", "--verify", f"{ref}^{{commit}}"]
    return git(args, cwd=repo.top, check=False).decode("ascii").strip() or None


def _has_plain_refs(repo: Repository) -> bool:
    return not (repo.common_dir / "reftable").exists()


def _read_line(path: Path) -> str:
    try:
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 4096).decode("utf-8", "replace").rstrip("\n")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def create_repository(directory: Path, branch: str) -> Repository:
    """Create an empty repository in an existing directory, on an unborn branch."""
    # The user's template directory is used: there is no clone yet that could name another.
    git(["init", "--quiet", f"--initial-branch={branch}", "--", "."], cwd=directory)
    return open_repository(directory)


def _is_id(text: str) -> bool:
    # A pattern would take as long as the rest of this module.
    return len(text) in _ID_LENGTHS and not text.strip(_DIGITS)
