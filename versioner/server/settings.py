"""The settings of a server: all that the command line tells it, checked and frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.remote.url import Remote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["LOOPBACK_HOSTS", "Clock", "Limits", "OidcSettings", "ProxySettings", "ServerSettings"]

# The names of this machine, as a browser writes them in a URL.
LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Clock(NamedTuple):
    """The clock and the random source, which only the command line reads.

    `now` returns RFC 3339 with `Z`, to the second; `entropy` the time in milliseconds and ten
    random bytes, for the id of an event; `monotonic` seconds that never go back; `random` as many
    random bytes as asked for.
    """

    now: Callable[[], str]
    entropy: Callable[[], tuple[int, bytes]]
    monotonic: Callable[[], float]
    random: Callable[[int], bytes]


@dataclass(frozen=True)
class Limits:
    """What one request, one token and one address may take.

    A token may make `rate` requests a second, and `burst` at once; an address `failures` failed
    logins or wrong tokens a minute.
    """

    body_bytes: int = 2 * 1024 * 1024
    header_bytes: int = 32 * 1024
    header_seconds: float = 10.0
    body_seconds: float = 20.0
    rate: float = 500.0
    burst: int = 1000
    failures: int = 30
    connections: int = 1000


@dataclass(frozen=True)
class OidcSettings:
    """An OpenID Connect provider; the people of a group get the scopes of that group.

    `scopes` are what each person gets who may log in; `groups` maps the name of a group (in the
    claim `groups_claim`) to further scopes. `domains` limits the e-mail domains that may log in.
    An address counts where the provider says that it is verified; with `assumes_verified` also
    where it says nothing of that.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: frozenset[str] = frozenset({"read"})
    groups: tuple[tuple[str, frozenset[str]], ...] = ()
    groups_claim: str = "groups"
    domains: frozenset[str] = frozenset()
    assumes_verified: bool = False


@dataclass(frozen=True)
class ProxySettings:
    """A reverse proxy that is trusted, by its addresses, to name the person in a header.

    `addresses` are networks (`10.0.0.0/8`) or single addresses. Without `header`, the proxy only
    ends TLS.
    """

    addresses: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    header: str = ""
    scopes: frozenset[str] = frozenset({"read"})


@dataclass(frozen=True)
class ServerSettings:
    """Everything that a server is told.

    `location` is a folder (a clone or a bare repository) or a remote; `branch` is "" for the
    branch of HEAD. `state_dir` has tokens, the key of sessions, the built site and the mirror of
    a remote. `base_url` is the public address without a final slash, "" where it is not known.
    `proxy` is None unless the server is behind a proxy.
    """

    location: Path | Remote
    state_dir: Path
    clock: Clock
    host: str = "127.0.0.1"
    port: int = 8080
    branch: str = ""
    base_url: str = ""
    public_read: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = field(default=None, repr=False)
    proxy: ProxySettings | None = None
    oidc: OidcSettings | None = None
    limits: Limits = Limits()
    # The secrets that each system may sign its deliveries with (`/hooks/...`), by its name.
    hook_secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    # The environment, from which channels of notifications have their addresses and secrets.
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Seconds between two looks at a remote for the commits of others.
    refresh_seconds: float = 2.0

    @property
    def is_remote(self) -> bool:
        """Return whether the registry is at a URL."""
        return isinstance(self.location, Remote)

    @property
    def is_encrypted(self) -> bool:
        """Return whether browsers reach the server by https."""
        return self.tls_cert is not None or self.base_url.startswith("https://")
