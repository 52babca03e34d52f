"""What passed through a proxy: each request with its answer, and sums of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.git_server.faults import Fault
    from tests.git_server.http_messages import Message

__all__ = ["Exchange", "Tally"]


@dataclass
class Exchange:
    """Hold one request and its answer; `served` is the server's, `told` what the client got."""

    request: Message
    fault: Fault | None = None
    served: Message | None = None
    told: bytes = b""

    @property
    def line(self) -> str:
        return self.request.line

    @property
    def status(self) -> int:
        """Return the status that the client was told, or 0."""
        return int(self.told.split(b" ", 2)[1]) if self.told else 0


@dataclass
class Tally:
    """Count the exchanges of a phase."""

    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return len(self.exchanges)

    @property
    def request_lines(self) -> list[str]:
        return [each.line for each in self.exchanges]

    @property
    def bytes_up(self) -> int:
        return sum(len(each.request.raw) for each in self.exchanges)

    @property
    def bytes_down(self) -> int:
        return sum(len(each.told) for each in self.exchanges)

    @property
    def recorded(self) -> bytes:
        """Return all bytes of both directions, headers included."""
        return b"".join(each.request.raw + each.told for each in self.exchanges)
