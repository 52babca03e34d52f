"""Let a token in by git's own door: a credential helper that reads it from the environment.

It answers for the remote's own host alone, so that a redirect elsewhere gets nothing, and it
stands in no argument, no URL and no file. (A header by `http.extraHeader` saves a request, and
goes along with a redirect.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from versioner.repository.address import Remote

__all__ = ["credential_env", "credential_settings"]

# What the helper is asked with is `get`, `store` or `erase`; it keeps nothing.
_HELPER: Final = (
    '!f() { test "$1" = get || exit 0; '
    'printf \'username=%s\\npassword=%s\\n\' "$VERSIONER_TOKEN_USER" "$VERSIONER_TOKEN"; }; f'
)
# Most forges take any login with a token; these want one of their own.
_LOGINS: Final = {"bitbucket.org": "x-token-auth", "gitlab.com": "oauth2"}
_LOGIN: Final = "x-access-token"


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
    login = remote.user or _LOGINS.get(host, _LOGIN)
    return {"VERSIONER_TOKEN": remote.token, "VERSIONER_TOKEN_USER": login}
