"""The URL of a remote registry: one that git can reach and that holds no secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import UsageFault, quoted
from versioner.secret_scanning import holds_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["TOKEN", "Remote", "address_of", "holds_token", "is_url", "token_for"]

# The environment variable with the token; git's credential helper reads it too.
TOKEN: Final = "VERSIONER_TOKEN"  # noqa: S105 -- its name

# Compiled on first use, as most runs of `track` have no URL; `re` caches them.
_SCHEMES: Final = ("https", "http", "ssh", "file")
_SCHEME: Final = r"([A-Za-z][A-Za-z0-9+.-]*)://"
# git's short form of ssh; a single letter before the colon is a Windows drive.
_SCP_LIKE: Final = r"(?:[^/\\:@\s]+@)?[^/\\:@\s]{2,}:(?!//)\S+"
_HELPER: Final = r"[A-Za-z0-9+.-]*::"
_PAIR: Final = r"://[^/@\s]*:[^/@\s]*@"
_USER: Final = r"://([^/@\s]*)@"
# Twenty characters with a digit among them are a generated token, not a login.
_RANDOM: Final = r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20}"
_LOOPBACK: Final = r"(?i)http://(?:localhost|127\.[0-9.]+|\[::1\])(?:[:/]|$)"


class Remote(NamedTuple):
    """A remote's URL, and the credentials for it.

    `token` is the password that git's credential helper answers with; `settings` are git's own
    (`key=value`) that a clone brings along, and `env` what goes by environment. `memory` is a
    folder for what is worth remembering of remotes, if there is one.
    """

    url: str
    token: str = ""
    settings: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    memory: Path | None = None

    @property
    def host(self) -> str:
        """Return scheme and host as git's configuration names them; "" where there is none."""
        found = re.match(r"(https?://)(?:[^/@]*@)?([^/?#]+)", self.url)
        return f"{found[1]}{found[2]}" if found else ""

    @property
    def public_url(self) -> str:
        """Return the URL without a login and a query; "remote" for a folder of this machine."""
        scheme = re.match(_SCHEME, self.url)
        if scheme and scheme[1].lower() != "file":
            return re.sub(_USER, "://", re.sub(r"[?#].*", "", self.url, count=1), count=1)
        if not scheme and re.fullmatch(_SCP_LIKE, self.url):
            return self.url.rpartition("@")[2]
        return "remote"

    @property
    def user(self) -> str:
        """Return the login that the URL names, or ""."""
        found = re.search(_USER, self.url)
        return found[1] if found else ""


def is_url(text: str) -> bool:
    """Return whether the value of --repo is a URL; any other value is a folder."""
    return ":" in text and bool(
        re.match(_SCHEME, text) or re.match(_HELPER, text) or re.fullmatch(_SCP_LIKE, text)
    )


def address_of(text: str, token: str = "") -> Remote:
    """Return the remote that a URL names; raise UsageFault for a URL that cannot be used.

    A URL with a password in it is refused, and never repeated: arguments and configuration
    are for all to see.
    """
    url, token = text.strip(), token.strip()
    user = re.search(_USER, url)
    if re.search(_PAIR, url) or (user and holds_token(user[1])) or (token and token in url):
        raise UsageFault(
            "the URL holds a password or token",
            hint="leave it out of the URL: set VERSIONER_TOKEN, or use git's credential helpers",
        )
    scheme = re.match(_SCHEME, url)
    known = scheme[1] in _SCHEMES if scheme else re.fullmatch(_SCP_LIKE, url)
    if not known or url.startswith("-") or not url.isprintable() or re.match(_HELPER, url):
        raise UsageFault(
            f"{quoted(url[:200])} is not a URL of a registry",
            hint="example: --repo https://git.example.com/team/registry.git",
        )
    return Remote(url, token_for(url, token))


def token_for(url: str, token: str) -> str:
    """Return a token as it is sent to a URL; raise UsageFault where it must not be sent."""
    token = token.strip()
    if token and url.lower().startswith("http://") and not re.match(_LOOPBACK, url):
        raise UsageFault(
            "VERSIONER_TOKEN is not sent over http, which is not encrypted",
            hint="use the registry's https URL",
        )
    if not token.isprintable():
        raise UsageFault(
            "VERSIONER_TOKEN holds more than one line, or a control character",
            hint="set it to the token and nothing else",
        )
    return token


def holds_token(login: str) -> bool:
    """Return whether the login of a URL looks like a token."""
    return holds_secret(login) or re.search(_RANDOM, login) is not None
