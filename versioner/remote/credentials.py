"""Pass the token to git through a credential helper that reads the environment.

The helper answers for the remote's host alone, so that a redirect to another host gets nothing.
The token is in no argument, no URL and no file. (A header in `http.extraHeader` would save a
request, but git sends it to the target of a redirect too: the headers of a clone are sent only
with redirects off.) Where git or a remote prints the token, it is masked.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from versioner.git.config import values_of
from versioner.git.process import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from versioner.git.process import Completed
    from versioner.remote.url import Remote

__all__ = ["credential_env", "credential_settings", "masked", "ssh_settings"]

# git calls the helper with `get`, `store` or `erase`; it stores nothing.
_HELPER: Final = (
    '!f() { test "$1" = get || exit 0; '
    'printf \'username=%s\\npassword=%s\\n\' "$VERSIONER_TOKEN_USER" "$VERSIONER_TOKEN"; }; f'
)
# Most forges accept any login with a token; these require one of their own.
_LOGINS: Final = {"bitbucket.org": "x-token-auth", "gitlab.com": "oauth2"}
_LOGIN: Final = "x-access-token"
_NO_SSH: Final = re.compile(r"(?i)(?:https?|file)://|/")
_MASK: Final = "***"
# A shorter text is no secret, and masking it could hide ordinary words.
_LEAST: Final = 8


def credential_settings(remote: Remote) -> list[str]:
    """Return git settings that send the token; none where there is no token."""
    if not remote.token or not remote.host:
        return []
    # The empty value removes the user's own helpers, which git would ask to store the token.
    key = f"credential.{remote.host}.helper"
    return [f"{key}=", f"{key}={_HELPER}"]


def credential_env(remote: Remote) -> dict[str, str]:
    """Return the environment variables that the helper reads."""
    if not remote.token or not remote.host:
        return {}
    host = remote.host.rpartition("/")[2].partition(":")[0]
    login = unquote(remote.user) or _LOGINS.get(host, _LOGIN)
    return {"VERSIONER_TOKEN": remote.token, "VERSIONER_TOKEN_USER": login}


def ssh_settings(remote: Remote, cwd: Path) -> list[str]:
    """Return git settings that keep ssh from prompting and limit its connection time.

    There are none where the user has configured the ssh command.
    """
    if _NO_SSH.match(remote.url) or {"GIT_SSH", "GIT_SSH_COMMAND"} & environment().keys():
        return []
    if values_of(cwd, "core.sshCommand"):
        return []
    return ["core.sshCommand=ssh -o BatchMode=yes -o ConnectTimeout=30"]


def masked(done: Completed, remote: Remote) -> Completed:
    """Return git's output with the secrets masked, since a server may repeat them."""
    stdout, stderr = done.stdout, done.stderr
    for secret in sorted(set(_secrets(remote)), key=len, reverse=True):
        if len(secret) >= _LEAST:
            stdout = stdout.replace(secret.encode("utf-8"), _MASK.encode("ascii"))
            stderr = stderr.replace(secret, _MASK)
    return done._replace(stdout=stdout, stderr=stderr)


def _secrets(remote: Remote) -> Iterator[str]:
    """Yield the token and the headers of a remote in each form in which git may print them."""
    pairs = []
    if remote.token:
        user = credential_env(remote).get("VERSIONER_TOKEN_USER", "")
        pairs.append((user, remote.token))
    for name, value in remote.env.items():
        if not name.startswith("GIT_CONFIG_VALUE_"):
            continue
        text = value.rpartition(" ")[2]
        yield text.rstrip("=")
        if re.search(r"(?i):\s*basic\s", value):
            user, _, password = _decoded(text).partition(":")
            pairs.append((user, password))
    for user, password in pairs:
        yield from (password, quote(password, safe=""))
        yield b64encode(f"{user}:{password}".encode()).decode("ascii").rstrip("=")


def _decoded(text: str) -> str:
    try:
        return b64decode(text).decode("utf-8", "replace")
    except ValueError:
        return ""
