"""Publish one commit: push it where the remote branch stands just before it, or not at all.

The push runs in a throw-away repository that borrows the clone's objects, so no hook, no
credential helper, no ssh command and no URL rewriting of the clone's own configuration runs;
those of the user's do. Of the clone's configuration only the remote's URL and the HTTP headers
count (CI checkouts keep their token in one).
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from versioner.errors import GitFailure, UsageFault
from versioner.repository.git import Completed, git, printable, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.repository.location import Repository

__all__ = ["PushFailure", "push_branch"]

PushFault = Literal["race", "refused", "network", "unknown"]

# git's exit code is 1 for all of these; only the words differ.
_FAULTS: Final[tuple[tuple[PushFault, re.Pattern[str]], ...]] = (
    (
        "race",
        re.compile(
            r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref"
            r"|incorrect old value|reference already exists|failed to lock|remote ref updated since"
        ),
    ),
    (
        "refused",
        re.compile(
            r"remote rejected|hook declined|protected branch|[Pp]ermission (?:to \S+ )?denied"
            r"|[Aa]uthentication failed|could not read (?:Username|Password)|error: 40[13]"
            r"|not permitted|denied to|Host key verification failed|GH0\d\d|deny updating"
        ),
    ),
    (
        "network",
        re.compile(
            r"[Cc]ould not resolve|[Cc]onnection|timed out|unable to access|early EOF"
            r"|hung up|does not appear to be a git repository|[Nn]etwork|not found"
            r"|Could not read from remote|error: 5\d\d|does not exist"
        ),
    ),
)
_WORDS: Final[Mapping[PushFault, tuple[str, str]]] = {
    "race": (
        "the remote branch is not where this commit was made on",
        "run `git pull --rebase`, then `git push`",
    ),
    "refused": (
        "the remote refused the commit",
        "is the branch protected, or a right missing? The commit stays on the local branch",
    ),
    "network": (
        "the remote could not be reached",
        "the commit stays on the local branch: `git push` later",
    ),
    "unknown": ("the push failed", "the commit stays on the local branch"),
}
_HELPER: Final = re.compile(r"[A-Za-z0-9+.-]*::")
_SCP_LIKE: Final = re.compile(r"[^/\\]{2,}:")


class PushFailure(GitFailure):
    """Say that a commit did not reach the remote; `fault` tells why.

    `race`: its branch is elsewhere. `refused`: protection, a hook, or a right. `network`: it
    was not reached. `unknown`: none of git's known words.
    """

    def __init__(self, fault: PushFault, reason: str, stderr: str = "") -> None:
        message, hint = _WORDS[fault]
        super().__init__(f"{message}: {reason}" if reason else message, hint=hint, stderr=stderr)
        self.fault: PushFault = fault


def push_branch(repo: Repository, remote: str, old: str | None, new: str) -> None:
    """Push `new` to the repository's branch on a remote whose tip there is exactly `old`.

    So nothing but the commits from `old` to `new` is ever published. `old` None: the remote has
    no such branch yet. Raises PushFailure; the local branch stays as it is.
    """
    if repo.branch is None:
        raise UsageFault("HEAD is detached: there is no branch to push", hint="add --branch NAME")
    url = _url_of(repo, remote)
    with tempfile.TemporaryDirectory(prefix="versioner-push-") as folder:
        place = _borrowing(repo, Path(folder))
        lease = f"--force-with-lease={repo.branch}:{old or ''}"
        args = ["push", "--porcelain", "--no-verify", "--no-recurse-submodules", "--no-signed"]
        args += [lease, "--", url, f"{new}:{repo.branch}"]
        done = _over_network(repo, place, args)
        if done.returncode != 0 and not _arrived(repo, place, url, new, done):
            raise _failure(done)
    _follow(repo, remote, old, new)


def _url_of(repo: Repository, remote: str) -> str:
    for key in (f"remote.{remote}.pushurl", f"remote.{remote}.url"):
        found = git(["config", "--null", "--get-all", key], cwd=repo.top, check=False)
        if found:
            return _checked(found.decode("utf-8").split("\0")[0], repo)
    if "/" in remote or "\\" in remote:
        return _checked(remote, repo)
    raise UsageFault(
        f"there is no remote {printable(remote)!r}", hint="see `git remote -v` for the known ones"
    )


def _checked(url: str, repo: Repository) -> str:
    if url.startswith("-") or _HELPER.match(url):
        raise UsageFault(f"{printable(url)!r} is not a URL to push to")
    if "://" in url or _SCP_LIKE.match(url):
        return url
    return str((repo.top / url).resolve())


def _borrowing(repo: Repository, folder: Path) -> Path:
    """Make an empty repository that sees the clone's objects."""
    place = folder / "push.git"
    form = f"--object-format={repo.object_format}"
    git(["init", "--quiet", "--bare", "--template=", form, str(place)], cwd=folder)
    info = place / "objects" / "info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "alternates").write_text(f"{repo.common_dir / 'objects'}\n", "utf-8")
    shallow = repo.common_dir / "shallow"
    if shallow.is_file():
        shutil.copyfile(shallow, place / "shallow")
    return place


def _over_network(repo: Repository, place: Path, args: list[str]) -> Completed:
    env = _headers(repo)
    config: list[str] = []
    own = {"GIT_SSH", "GIT_SSH_COMMAND"} & os.environ.keys()
    if not own and not git(["config", "core.sshCommand"], cwd=place, check=False):
        config.append("core.sshCommand=ssh -o BatchMode=yes")
    return run([f"--git-dir={place}", *args], cwd=place, config=config, env=env, network=True)


def _headers(repo: Repository) -> dict[str, str]:
    """Carry the clone's HTTP headers over, by environment: arguments are for all to see."""
    args = ["config", "--null", "--show-scope", "--get-regexp", r"^http\.(.*\.)?extraheader$"]
    fields = git(args, cwd=repo.top, check=False).decode("utf-8", "replace").split("\0")
    pairs = [
        setting.partition("\n")
        for scope, setting in zip(fields[0::2], fields[1::2], strict=False)
        if scope in ("local", "worktree")
    ]
    given = os.environ.get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isdigit() else 0
    env = {"GIT_CONFIG_COUNT": str(first + len(pairs))}
    for number, (key, _, value) in enumerate(pairs, first):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def _arrived(repo: Repository, place: Path, url: str, new: str, done: Completed) -> bool:
    """Ask the remote where an answer was lost: it may have taken the commit all the same."""
    if _fault(done) not in ("network", "unknown"):
        return False
    listed = _over_network(repo, place, ["ls-remote", "--", url, repo.branch or ""])
    return listed.stdout.startswith(new.encode("ascii"))


def _fault(done: Completed) -> PushFault:
    said = done.stderr + done.stdout.decode("utf-8", "replace")
    return next((fault for fault, words in _FAULTS if words.search(said)), "unknown")


def _failure(done: Completed) -> PushFailure:
    said = done.stdout.decode("utf-8", "replace").splitlines() + done.stderr.splitlines()
    marked = [line for line in said if line.startswith(("!", "remote: ", "fatal: ", "error: "))]
    reason = printable(" ".join((marked or [""])[0].split()))
    return PushFailure(_fault(done), reason, done.stderr)


def _follow(repo: Repository, remote: str, old: str | None, new: str) -> None:
    """Let the clone's idea of the remote branch follow, where it has one that was right."""
    name = (repo.branch or "").removeprefix("refs/heads/")
    ref = f"refs/remotes/{remote}/{name}"
    if old is not None and "/" not in remote:
        git(["update-ref", ref, new, old], cwd=repo.top, check=False)
