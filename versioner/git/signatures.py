"""Whose signature the commits have that added some lines, checked by git alone.

Only SSH signatures are looked at, with the keys of a file in git's own format: those of OpenPGP
depend on the keys of the machine.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.git.process import failure, git, start
from versioner.git.temporary import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from versioner.git.repository import Repository

__all__ = ["AddedLine", "SignedCommit", "added_lines", "commits_signed_by"]

# A NUL marks the line of a commit: no line of a diff begins with one.
_COMMIT: Final = "%x00%H"
_FILE: Final = re.compile(rb'\+\+\+ "?b/(registry/[^"\n]+)')
_FORMAT: Final = "%H%x00%G?%x00%GS%x00%B%x00%x01"
# A clone may configure other programs, which would decide what a good signature is.
_PROGRAMS: Final = (
    "gpg.ssh.program=ssh-keygen",
    f"gpg.ssh.revocationFile={os.devnull}",
    "gpg.program=false",
    "gpg.openpgp.program=false",
    "gpg.x509.program=false",
    "gpg.minTrustLevel=fully",
)
# Each commit with a signature is one process of ssh-keygen or two.
_MOST: Final = 500


class AddedLine(NamedTuple):
    """A line that a commit added to a file."""

    commit: str
    path: str
    line: bytes


class SignedCommit(NamedTuple):
    """A commit with a good signature, and its message."""

    commit: str
    message: str


def added_lines(repo: Repository, revision: str, paths: Sequence[str]) -> Iterator[AddedLine]:
    """Yield the lines of events that commits added to files and folders, the oldest commit first.

    What a merge adds by itself is left out. Raises GitFailure where the history is incomplete.
    """
    # In a work tree, git would read its attributes for a diff. This folder has none.
    elsewhere = repo.common_dir / "objects"
    args = [
        f"--git-dir={repo.common_dir}", f"--work-tree={elsewhere}",
        "log", "--topo-order", "--reverse", "--full-history", f"--format=tformat:{_COMMIT}",
        "-p", "-U0", "--text", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color",
        "--src-prefix=a/", "--dst-prefix=b/", revision, "--", *paths,
    ]  # fmt: skip
    commit = path = ""
    with start(args, cwd=elsewhere) as process:
        for line in process.stdout or ():
            if line.startswith(b"+- {"):
                yield AddedLine(commit, path, line[1:].rstrip(b"\r\n"))
            elif line.startswith(b"\0"):
                commit = line[1:].strip().decode("ascii", "replace")
            elif found := _FILE.match(line):
                path = found[1].decode("utf-8", "replace")
        wrong = process.stderr.read() if process.stderr is not None else b""
    if process.returncode != 0:
        raise failure(args, wrong.decode("utf-8", "replace"))


def commits_signed_by(
    repo: Repository, commits: Collection[str], person: str, allowed_signers: bytes
) -> list[SignedCommit]:
    """Return those of some commits that have a good SSH signature of a person.

    `allowed_signers` has the keys, in the format of OpenSSH; the person is one of the principals,
    as they are written: a pattern is nobody.
    """
    keys = _keys_of(person, allowed_signers)
    if not keys or not commits:
        return []
    found: list[SignedCommit] = []
    with temporary_folder() as place:
        file = place.folder / "allowed_signers"
        file.write_bytes(keys)
        config = (*_PROGRAMS, f"gpg.ssh.allowedSignersFile={file}")
        wanted = sorted(commits)
        for first in range(0, len(wanted), _MOST):
            args = ["log", "--no-walk=unsorted", f"--format={_FORMAT}", "--encoding=UTF-8"]
            some = wanted[first : first + _MOST]
            output = git([*args, *some], cwd=repo.top, config=config)
            found += _good(output.decode("utf-8", "replace"), person)
    return found


def _good(output: str, person: str) -> Iterator[SignedCommit]:
    for entry in output.split("\0\x01"):
        commit, _, rest = entry.lstrip("\n").partition("\0")
        state, _, rest = rest.partition("\0")
        signer, _, message = rest.partition("\0")
        if state == "G" and signer == person:
            yield SignedCommit(commit, message)


def _keys_of(person: str, allowed_signers: bytes) -> bytes:
    """Return the lines of a person's keys, with the person as the only principal."""
    if not person.isprintable() or '"' in person or "," in person or "\\" in person:
        return b""
    lines = []
    for line in allowed_signers.decode("utf-8", "replace").splitlines():
        principals, rest = _principals(line)
        if person in principals:
            lines.append(f'"{person}" {rest}\n')
    return "".join(lines).encode()


def _principals(line: str) -> tuple[list[str], str]:
    """Return the principals of a line and what follows; none for a comment."""
    line = line.strip()
    if not line or line.startswith("#"):
        return [], ""
    quoted = re.match(r'"([^"]*)"\s+(.*)', line)
    plain = re.match(r"(\S+)\s+(.*)", line)
    found = quoted or plain
    return (found[1].split(","), found[2]) if found else ([], "")
