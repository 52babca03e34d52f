"""Run git: one fixed way, in which nothing of a clone's own runs.

Hooks, fsmonitor, pager, editor, external diff and replace refs are off; no transport is
allowed unless a caller asks for the network; `GIT_*` of a surrounding hook or job is scrubbed
to a list. Filters are kept out by never running a command that would convert a file.
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

# What a user may say to git by environment variable; all other GIT_* (GIT_DIR of a hook above
# all) would lead git elsewhere.
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

# Only what talks to a remote gets to see it (`credentials`).
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

# The oldest that has all that is asked of it: `rev-parse --path-format` came last.
NEEDED: Final = "2.31"

# Compiled when something went wrong (and kept by re).
_LOCK: Final = r"[Uu]nable to create '([^']+\.lock)': File exists"
_RACE: Final = r"(?s)cannot lock ref .*(?:but expected|reference already exists)"
_UNKNOWN_OPTION: Final = r"unknown (?:option|switch)|unrecognized argument"
_CONTROLS: Final = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"


class RefChanged(GitFailure):
    """Say that the branch moved between reading it and writing to it."""


class LockedByGit(GitFailure):
    """Say that a lock file of git's own is in the way; `path` is that file."""

    def __init__(self, path: str, *, age: str = "", stderr: str = "") -> None:
        since = f", {age} old," if age else ""
        super().__init__(
            f"the lock file {printable(path)}{since} is in the way",
            hint="another git command is at work, or one was killed: when none runs any more, "
            "remove that file and try again",
            stderr=stderr,
        )
        self.path = path


class Completed(NamedTuple):
    """Hold what a git process left behind."""

    returncode: int
    stdout: bytes
    stderr: str


def printable(text: str) -> str:
    """Return text without what could drive a terminal."""
    return re.sub(_CONTROLS, "\N{REPLACEMENT CHARACTER}", text)


def environment(*, network: bool = False, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment git runs in; only with `network` may it use a transport."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != _UNSHARED and (not name.startswith("GIT_") or _is_kept(name))
    }
    kept.update(_FIXED)
    # A hostile clone can pose as a partial one, whose missing objects git would fetch with the
    # programs that its configuration names.
    kept["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh" if network else "none"
    kept.update(extra or {})
    return kept


def _is_kept(name: str) -> bool:
    before, _, number = name.rpartition("_")
    return name in _KEPT or (f"{before}_" in _KEPT_NUMBERED and number.isdecimal())


def command(args: Sequence[str], config: Sequence[str] = ()) -> list[str]:
    """Return the argument list of a git process."""
    settings = [part for setting in (*_CONFIG, *config) for part in ("-c", setting)]
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
    """Run git to its end and return what it left, whatever its exit code.

    `stdin` is what it reads, or the file that holds it.
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
    args: Sequence[str], *, cwd: Path | str, pass_fds: Sequence[int] = (), piped: bool = False
) -> subprocess.Popen[bytes]:
    """Start git on a question with a short answer, to do something else meanwhile (`finish`).

    With `piped`, it waits for what `finish` gives it to read.
    """
    try:
        return subprocess.Popen(
            command(args),
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
    """Wait for a process that was started, and return what it left."""
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
    """Run git and return what it printed; raise GitFailure where it refuses, if `check`."""
    done = run(
        args, cwd=cwd, stdin=stdin, config=config, env=env, network=network, pass_fds=pass_fds
    )
    if check and done.returncode != 0:
        raise failure(args, done.stderr)
    return done.stdout


def unstartable(error: OSError, cwd: Path) -> GitFailure:
    """Say why no git process could be started at all."""
    if isinstance(error, FileNotFoundError) and cwd.is_dir():
        return GitFailure("git was not found", hint=f"install git {NEEDED} or newer")
    return GitFailure(f"git could not be started in {printable(str(cwd))}: {error.strerror}")


def too_old() -> GitFailure | None:
    """Say that this git is older than what is needed, if it is; asked when it does oddly."""
    done = subprocess.run(["git", "--version"], capture_output=True, check=False)
    found = re.search(r"([0-9]+)\.([0-9]+)[0-9.]*", done.stdout.decode("utf-8", "replace"))
    if found is None or [int(found[1]), int(found[2])] >= [int(n) for n in NEEDED.split(".")]:
        return None
    return GitFailure(
        f"this git is {found[0]}, and {NEEDED} or newer is needed", hint="install a newer git"
    )


def failure(args: Sequence[str], stderr: str) -> GitFailure:
    """Turn what git printed into the error a user reads."""
    locked = re.search(_LOCK, stderr)
    if locked:
        return LockedByGit(locked[1], stderr=stderr)
    if re.search(_RACE, stderr):
        return RefChanged(
            "the branch moved while this was being written", hint="try again", stderr=stderr
        )
    if re.search(_UNKNOWN_OPTION, stderr):
        old = too_old()
        if old is not None:
            return old
    name = next((arg for arg in args if not arg.startswith("-")), "")
    return GitFailure(f"git {name} failed: {_reason(stderr)}", stderr=stderr)


def _reason(stderr: str) -> str:
    lines = [line.strip() for line in printable(stderr).splitlines() if line.strip()]
    for mark in ("fatal: ", "error: "):
        for line in lines:
            if line.startswith(mark):
                return line.removeprefix(mark)
    return lines[-1] if lines else "it gave no reason"


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
    """Run git to its end as `git.run` does, or for `limit` seconds: then TIMED_OUT is its code.

    It has no terminal, so that nothing it starts can ask there and wait for an answer.
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
    """Kill it with its children: one of those would keep the pipes open, and us waiting."""
    if os.name == "nt":
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
