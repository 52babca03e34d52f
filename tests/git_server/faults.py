"""What can go wrong between a client and a server, one by one, and the requests it happens to."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event

__all__ = [
    "ANY",
    "FETCH",
    "FETCH_REFS",
    "PUSH",
    "PUSH_REFS",
    "Cut",
    "Delay",
    "DropRequest",
    "DropResponse",
    "Fault",
    "Hold",
    "HoldResponse",
    "Redirect",
    "Status",
    "StatusAfter",
]

# Regular expressions that are looked for in a request line. A push asks for refs (PUSH_REFS),
# then sends the pack (PUSH); so does a fetch, which under protocol 2 posts more than once.
ANY = r""
PUSH_REFS = r"^GET \S*/info/refs\?service=git-receive-pack "
PUSH = r"^POST \S*/git-receive-pack "
FETCH_REFS = r"^GET \S*/info/refs\?service=git-upload-pack "
FETCH = r"^POST \S*/git-upload-pack "


@dataclass(frozen=True)
class DropRequest:
    """Close the connection before the server hears of the request.

    libcurl itself sends a request again when a connection that it kept from an earlier one
    closes without an answer. That second try is dropped as well, unless `resend` lets it pass.
    """

    reset: bool = False
    resend: bool = False


@dataclass(frozen=True)
class DropResponse:
    """Let the server do its work, and close the connection instead of passing its answer on.

    `resend` is DropRequest's: without it the server hears of the request once, with it twice.
    """

    reset: bool = False
    resend: bool = False


@dataclass(frozen=True)
class Cut:
    """Pass on so many bytes of the answer's body (half of them, unless told), then close."""

    after: int | None = None
    reset: bool = False


@dataclass(frozen=True)
class Status:
    """Answer instead of the server, which hears nothing; `retry_after` as the header has it."""

    code: int = 503
    retry_after: str = ""
    body: str = "Unavailable for now."


@dataclass(frozen=True)
class StatusAfter:
    """Let the server do its work, and answer otherwise: a gateway that lost patience."""

    code: int = 504
    retry_after: str = ""
    body: str = "The upstream server did not answer in time."


@dataclass(frozen=True)
class Redirect:
    """Send the client to the same path and query at another base URL."""

    to: str
    code: int = 301


@dataclass(frozen=True)
class Delay:
    """Wait before the request goes on to the server."""

    seconds: float


@dataclass(frozen=True)
class Hold:
    """Keep the request from the server until `release` is set; `reached` says that it is here."""

    reached: Event = field(default_factory=Event)
    release: Event = field(default_factory=Event)


@dataclass(frozen=True)
class HoldResponse:
    """Keep the server's answer from the client until `release` is set: its work is done."""

    reached: Event = field(default_factory=Event)
    release: Event = field(default_factory=Event)


Fault = (
    DropRequest | DropResponse | Cut | Status | StatusAfter | Redirect | Delay | Hold | HoldResponse
)
