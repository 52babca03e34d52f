"""What the routes of one server share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from versioner.server.rates import Rates
    from versioner.server.reader import RegistryReader
    from versioner.server.sessions import Sessions
    from versioner.server.settings import ServerSettings
    from versioner.server.site.live_site import LiveSite
    from versioner.server.tokens import TokenStore
    from versioner.server.writer import RegistryWriter

__all__ = ["Services", "services_of"]


@dataclass
class Services:
    """The parts of one server; a route gets them by `services_of(request)`."""

    settings: ServerSettings
    tokens: TokenStore
    sessions: Sessions
    rates: Rates
    reader: RegistryReader
    site: LiveSite
    writer: RegistryWriter


def services_of(request: HTTPConnection) -> Services:
    """Return the parts of the server that got a request."""
    return cast("Services", request.app.state.services)
