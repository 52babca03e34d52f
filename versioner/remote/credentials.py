"""Let a token in by git's own door: a credential helper that reads it from the environment.

It answers for the remote's own host alone, so that a redirect elsewhere gets nothing, and it
stands in no argument, no URL and no file. (A header by `http.extraHeader` saves a request, and
goes along with a redirect: those that a clone has are sent only where none is followed.) What a
remote or git repeats of it is masked before anybody reads it.
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

# What the helper is asked with is `get`, `store` or `erase`; it keeps nothing.
_HELPER: Final = (
    '!f() { test "$1" = get || exit 0; '
    'printf \'username=%s\\npassword=%s\\n\' "$VERSIONER_TOKEN_USER" "$VERSIONER_TOKEN"; }; f'
)
# Most forges take any login with a token; these want one of their own.
_LOGINS: Final = {"bitbucket.org": "x-token-auth", "gitlab.com": "oauth2"}
_LOGIN: Final = "x-access-token"
_NO_SSH: Final = re.compile(r"(?i)(?:https?|file)://|/")
_MASK: Final = "***"
# What is shorter is no secret, and may be anything.
_LEAST: Final = 8


def credential_settings(remote: Remote) -> list[str]:
    """Return git settings that let the token in; none where there is no token to send."""
    if not remote.token or not remote.host:
        return []
    # The empty one takes out the helpers of the user's own, which would be asked to keep it.
    key = f"credential.{remote.host}.helper"
    return [f"{key}=", f"{key}={_HELPER}"]


def credential_env(remote: Remote) -> dict[str, str]:
    """Return what the helper reads."""
    if not remote.token or not remote.host:
        return {}
    host = remote.host.rpartition("/")[2].partition(":")[0]
    login = unquote(remote.user) or _LOGINS.get(host, _LOGIN)
    return {"VERSIONER_TOKEN": remote.token, "VERSIONER_TOKEN_USER": login}


def ssh_settings(remote: Remote, cwd: Path) -> list[str]:
    """Return git settings by which ssh asks nobody and waits for no host for minutes.

    None where the user has said how ssh is to be run.
    """
    if _NO_SSH.match(remote.url) or {"GIT_SSH", "GIT_SSH_COMMAND"} & environment().keys():
        return []
    if values_of(cwd, "core.sshCommand"):
        return []
    return ["core.sshCommand=ssh -o BatchMode=yes -o ConnectTimeout=30"]


def masked(done: Completed, remote: Remote) -> Completed:
    """Return what git printed without the secrets it was given: a server may repeat them."""
    out, said = done.stdout, done.stderr
    for secret in sorted(set(_secrets(remote)), key=len, reverse=True):
        if len(secret) >= _LEAST:
            out = out.replace(secret.encode("utf-8"), _MASK.encode("ascii"))
            said = said.replace(secret, _MASK)
    return done._replace(stdout=out, stderr=said)


def _secrets(remote: Remote) -> Iterator[str]:
    """Find the token and the headers of a remote, in each form they may come back in."""
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
