"""Run git so that no program that a clone names can run.

Hooks, fsmonitor, pager, editor, external diff and replace refs are off. No transport is allowed
unless the caller asks for the network. Only listed `GIT_*` variables are passed on. Filters
cannot run, since no command is used that converts a file.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import GitFailure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = [
    "NEEDED",
    "TIMED_OUT",
    "Completed",
    "LockedByGit",
    "RefChanged",
    "command",
    "environment",
    "failure",
    "finish",
    "git",
    "printable",
    "run",
    "run_limited",
    "start",
    "too_old",
    "unstartable",
]

# The variables by which a user may configure git. The others, such as GIT_DIR in a hook, would
# make git use another repository.
_KEPT: Final = frozenset(
    f"GIT_{name}"
    for name in (
        *("ASKPASS", "EXEC_PATH", "CEILING_DIRECTORIES", "DISCOVERY_ACROSS_FILESYSTEM"),
        *("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"),
        *("CONFIG_GLOBAL", "CONFIG_SYSTEM", "CONFIG_NOSYSTEM", "CONFIG_COUNT"),
        *("HTTP_PROXY_AUTHMETHOD", "PROXY_SSL_CAINFO", "SSH", "SSH_COMMAND", "SSH_VARIANT"),
        *("SSL_CAINFO", "SSL_CAPATH", "SSL_CERT", "SSL_KEY", "SSL_NO_VERIFY"),
    )
)

# Only the processes that connect to a remote get it (`credentials`).
_UNSHARED: Final = "VERSIONER_TOKEN"
_KEPT_NUMBERED: Final = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")

_FIXED: Final = {
    "LC_ALL": "C",
    "LANGUAGE": "",
    "GIT_EDITOR": "true",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS_REQUIRE": "never",
}

_CONFIG: Final = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "core.pager=cat",
    f"core.attributesFile={os.devnull}",
    "core.alternateRefsCommand=",
    "log.showSignature=false",
    "protocol.ext.allow=never",
)

# The repository is known by then (`repository.RepositoryLookup` found it, or this tool made it),
# so it is used even where the user lets git find no bare repository by itself. `--git-dir` would
# do the same, but git checks no owner then.
_KNOWN: Final = ("safe.bareRepository=all",)

# The oldest version with all that is used: `rev-parse --path-format` is the newest of it.
NEEDED: Final = "2.31"

# Not compiled at import: needed only when git fails.
_LOCK: Final = r"[Uu]nable to create '([^']+\.lock)': File exists"
_RACE: Final = r"(?s)cannot lock ref .*(?:but expected|reference already exists)"
_PROMISED: Final = r"from promisor remote|lazy fetching disabled"
_UNKNOWN_OPTION: Final = r"unknown (?:option|switch)|unrecognized argument"
_CONTROLS: Final = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"


class RefChanged(GitFailure):
    """The error of a branch that moved between reading it and writing to it."""


class LockedByGit(GitFailure):
    """The error of an existing lock file of git; `path` is that file."""

    def __init__(self, path: str, *, age: str = "", stderr: str = "") -> None:
        since = f", {age} old," if age else ""
        super().__init__(
            f"git's lock file {printable(path)}{since} exists",
            hint="another git command is running, or one was killed: when none is running, "
            "remove that file and try again",
            stderr=stderr,
        )
        self.path = path


class Completed(NamedTuple):
    """The exit code and the output of a git process."""

    returncode: int
    stdout: bytes
    stderr: str


def printable(text: str) -> str:
    """Return text with the characters replaced that control a terminal."""
    return re.sub(_CONTROLS, "\N{REPLACEMENT CHARACTER}", text)


def environment(*, network: bool = False, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for git; only with `network` may git use a transport."""
    variables = dict(os.environ)
    variables.pop(_UNSHARED, None)
    for name in os.environ:
        if name.startswith("GIT_") and not _is_kept(name):
            del variables[name]
    variables.update(_FIXED)
    # A hostile clone can claim to be a partial one, for which git would fetch missing objects
    # with programs that the clone's configuration names.
    variables["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh" if network else "none"
    variables.update(extra or {})
    return variables


def _is_kept(name: str) -> bool:
    before, _, number = name.rpartition("_")
    return name in _KEPT or (f"{before}_" in _KEPT_NUMBERED and number.isdecimal())


def command(
    args: Sequence[str], config: Sequence[str] = (), *, searching: bool = False
) -> list[str]:
    """Return the argument list of a git process.

    With `searching`, git follows the user's `safe.bareRepository` in search of the repository.
    """
    known = () if searching else _KNOWN
    settings = [part for setting in (*_CONFIG, *known, *config) for part in ("-c", setting)]
    return ["git", "--no-pager", *settings, *args]


def run(
    args: Sequence[str],
    *,
    cwd: Path,
    stdin: bytes | Path | None = None,
    config: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    network: bool = False,
    pass_fds: Sequence[int] = (),
) -> Completed:
    """Run git to its end and return its output, whatever its exit code.

    `stdin` is its standard input, or the file to read it from.
    """
    piped = stdin if isinstance(stdin, bytes) else None
    source = os.devnull if stdin is None or isinstance(stdin, bytes) else stdin
    try:
        with open(source, "rb") as file:  # noqa: PTH123
            done = subprocess.run(
                command(args, config),
                cwd=cwd,
                input=piped,
                stdin=file if piped is None else None,
                capture_output=True,
                check=False,
                env=environment(network=network, extra=env),
                pass_fds=pass_fds,
            )
    except OSError as error:
        raise unstartable(error, cwd) from error
    return Completed(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def start(
    args: Sequence[str],
    *,
    cwd: Path | str,
    pass_fds: Sequence[int] = (),
    piped: bool = False,
    searching: bool = False,
) -> subprocess.Popen[bytes]:
    """Start git, for a command with a short output, which `finish` reads.

    With `piped`, git reads the standard input that `finish` writes; `searching` is that of
    `command`.
    """
    try:
        return subprocess.Popen(
            command(args, searching=searching),
            cwd=cwd,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            pass_fds=pass_fds,
        )
    except OSError as error:
        from pathlib import Path

        raise unstartable(error, Path(cwd)) from error


def finish(process: subprocess.Popen[bytes], stdin: bytes | None = None) -> Completed:
    """Wait for a started process, and return its output."""
    with process:
        stdout, stderr = process.communicate(stdin)
    return Completed(process.returncode, stdout, stderr.decode("utf-8", "replace"))


def git(
    args: Sequence[str],
    *,
    cwd: Path,
    stdin: bytes | Path | None = None,
    check: bool = True,
    config: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    network: bool = False,
    pass_fds: Sequence[int] = (),
) -> bytes:
    """Run git and return its standard output; with `check`, raise GitFailure where git fails."""
    done = run(
        args, cwd=cwd, stdin=stdin, config=config, env=env, network=network, pass_fds=pass_fds
    )
    if check and done.returncode != 0:
        raise failure(args, done.stderr)
    return done.stdout


def unstartable(error: OSError, cwd: Path) -> GitFailure:
    """Return the error for a git process that could not be started."""
    if isinstance(error, FileNotFoundError) and cwd.is_dir():
        return GitFailure("git was not found", hint=f"install git {NEEDED} or newer")
    return GitFailure(f"git could not be started in {printable(str(cwd))}: {error.strerror}")


def too_old() -> GitFailure | None:
    """Return an error if this git is older than needed; called after an unexpected failure."""
    done = subprocess.run(["git", "--version"], capture_output=True, check=False)
    found = re.search(r"([0-9]+)\.([0-9]+)[0-9.]*", done.stdout.decode("utf-8", "replace"))
    if found is None or [int(found[1]), int(found[2])] >= [int(n) for n in NEEDED.split(".")]:
        return None
    return GitFailure(
        f"git {found[0]} is too old: version {NEEDED} or newer is needed",
        hint="install a newer git",
    )


def failure(args: Sequence[str], stderr: str) -> GitFailure:
    """Return the error for what a git process printed."""
    locked = re.search(_LOCK, stderr)
    if locked:
        return LockedByGit(locked[1], stderr=stderr)
    if re.search(_RACE, stderr):
        return RefChanged(
            "the branch moved while the commit was written", hint="try again", stderr=stderr
        )
    name = next((arg for arg in args if not arg.startswith("-")), "")
    if re.search(_PROMISED, stderr):
        return GitFailure(
            f"git {name} needs objects that this partial clone does not have",
            hint="`git fetch --refetch --no-filter` fetches all of them",
            stderr=stderr,
        )
    if re.search(_UNKNOWN_OPTION, stderr):
        old = too_old()
        if old is not None:
            return old
    return GitFailure(f"git {name} failed: {_reason(stderr)}", stderr=stderr)


def _reason(stderr: str) -> str:
    lines = [line.strip() for line in printable(stderr).splitlines() if line.strip()]
    for mark in ("fatal: ", "error: "):
        for line in lines:
            if line.startswith(mark):
                return line.removeprefix(mark)
    return lines[-1] if lines else "git printed no reason"


TIMED_OUT: Final = -1


def run_limited(
    args: Sequence[str],
    *,
    limit: float,
    cwd: Path,
    stdin: bytes | None = None,
    config: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    network: bool = False,
    pass_fds: Sequence[int] = (),
) -> Completed:
    """Run git as `run` does, for at most `limit` seconds; then TIMED_OUT is its exit code.

    It has no terminal, so that no program it starts can wait for an answer there.
    """
    try:
        process = subprocess.Popen(
            command(args, config),
            cwd=cwd,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(network=network, extra=env),
            pass_fds=pass_fds,
            start_new_session=True,
        )
    except OSError as error:
        raise unstartable(error, cwd) from error
    with process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=limit)
        except subprocess.TimeoutExpired:
            return Completed(TIMED_OUT, b"", f"fatal: timed out after {limit:g} seconds")
        finally:
            if process.returncode is None:
                _end(process)
    return Completed(process.returncode, stdout, stderr.decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children, which would keep the pipes open."""
    if os.name == "nt":
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
