"""Read who commits, and whether and with which programs commits are signed.

The clone's configuration may name a person and switch signing off; the programs that sign are
read from the user's and the system's configuration only.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.git.config import finish_settings, settings, start_settings

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from pathlib import Path

    from versioner.git.config import Setting
    from versioner.git.repository import Repository
    from versioner.models import CommitIdentity

__all__ = [
    "Committer",
    "ask_settings",
    "author_at",
    "committer_of",
    "person",
    "settings_of_committer",
]

_ASKED: Final = r"^(user|author|committer)\.(name|email|signingkey)$|^commit\.gpgsign$|^gpg\."
_AUTHOR: Final = r"^(user|author)\.(name|email)$"
_TRUSTED: Final = ("system", "global", "command")
_PROGRAMS: Final = {
    "gpg.openpgp.program": "gpg",
    "gpg.x509.program": "gpgsm",
    "gpg.ssh.program": "ssh-keygen",
    "gpg.ssh.defaultkeycommand": "false",
}
_TRUE: Final = ("true", "yes", "on", "1")


class Committer(NamedTuple):
    """The name and address of author and committer, and the settings to sign with.

    `signing` is None where commits are not signed.
    """

    author: tuple[str, str]
    committer: tuple[str, str]
    signing: Sequence[str] | None


def committer_of(
    repo: Repository,
    fallback: CommitIdentity | None,
    listing: subprocess.Popen[bytes] | list[Setting] | None = None,
) -> Committer:
    """Return who commits here by git's configuration, else the fallback, else `versioner`.

    `listing` is the process that `ask_settings` started, or the settings of it, if it was started.
    """
    values: dict[str, str] = {}
    trusted: dict[str, str] = {}
    for scope, key, value in _finished(ask_settings(repo) if listing is None else listing):
        values[key] = value
        if scope in _TRUSTED:
            trusted[key] = value
    return Committer(
        _person("author", values, fallback),
        _person("committer", values, fallback),
        _signing(values, trusted),
    )


def author_at(folder: Path | str) -> tuple[str, str]:
    """Return the name and address that git's configuration has for commits in a folder, or ""."""
    values = {key: value for _, key, value in settings(folder, _AUTHOR)}
    nobody: CommitIdentity = {"name": "", "email": ""}
    return _person("author", values, nobody)


def person(name: str, email: str) -> tuple[str, str]:
    """Return a name and an address without the characters that a commit cannot have in them."""
    return _clean(name) or "unknown", _clean(email)


def ask_settings(repo: Repository, pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start the git process that prints the settings of `committer_of`."""
    return start_settings(repo.top, _ASKED, pass_fds)


def settings_of_committer(repo: Repository) -> list[Setting]:
    """Return the settings of `committer_of`, for a caller that makes many commits."""
    return finish_settings(ask_settings(repo))


def _finished(listing: subprocess.Popen[bytes] | list[Setting]) -> Sequence[Setting]:
    return listing if isinstance(listing, list) else finish_settings(listing)


def _person(role: str, values: dict[str, str], fallback: CommitIdentity | None) -> tuple[str, str]:
    prefix = f"GIT_{role.upper()}_"
    name = os.environ.get(f"{prefix}NAME") or values.get(f"{role}.name") or values.get("user.name")
    email = os.environ.get(f"{prefix}EMAIL") or values.get(f"{role}.email")
    email = email or values.get("user.email") or os.environ.get("EMAIL")
    other = fallback or {"name": "versioner", "email": "versioner@localhost"}
    return _clean(name) or _clean(other["name"]), _clean(email) or _clean(other["email"])


def _clean(text: str | None) -> str:
    # git removes the same characters: they would end a name or a line of the header.
    kept = "".join(letter for letter in text or "" if letter >= " " and letter not in "<>\x7f")
    return kept.strip(" .,:;\"'")


def _signing(values: dict[str, str], trusted: dict[str, str]) -> Sequence[str] | None:
    """Return the settings to sign with: the clone may ask for it where the user names a key."""
    if values.get("commit.gpgsign", "").lower() not in _TRUE:
        return None
    by_user = trusted.get("commit.gpgsign", "").lower() in _TRUE
    if not by_user and "user.signingkey" not in trusted:
        return None
    trusted = (
        {"gpg.openpgp.program": trusted["gpg.program"]} | trusted
        if ("gpg.program" in trusted)
        else trusted
    )
    programs = [f"{key}={trusted.get(key, usual)}" for key, usual in _PROGRAMS.items()]
    return [f"gpg.program={trusted.get('gpg.openpgp.program', 'gpg')}", *programs]
