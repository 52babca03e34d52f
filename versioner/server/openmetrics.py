"""`/metrics`: the numbers of the registry as the site has them, and those of this server."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from versioner import __version__
from versioner.errors import VersionerError
from versioner.git.state import read_regular
from versioner.server.access import requires
from versioner.server.callers import Caller
from versioner.server.services import services_of
from versioner.site.exports.openmetrics import END, METRICS, Family, Sample, families_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from versioner.server.services import Services

__all__ = ["CountRequests", "RequestCounts", "router"]

_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# Anybody can invent a method, and each would be a series of its own.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

RequestCounts = Counter[tuple[str, int]]

router = APIRouter(tags=["server"])


class CountRequests:
    """The count of requests by method and status, kept in `counts`."""

    def __init__(self, app: ASGIApp, *, counts: RequestCounts) -> None:
        self._app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request when its response begins."""

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._counts[method, message["status"]] += 1
            await send(message)

        await self._app(scope, receive, counting)


@router.get(
    "/metrics",
    summary="The registry and this server in numbers",
    response_class=Response,
    responses={200: {"content": {"application/openmetrics-text": {}}}},
)
def metrics(request: Request, caller: Annotated[Caller, requires("read")]) -> Response:
    """Return the numbers in the text format of OpenMetrics, for Prometheus and others.

    First come those of `metrics.txt` of the site, then those of this server since it was started.
    """
    services = services_of(request)
    if not services.settings.public_read:
        caller.require_unrestricted()
    counts: RequestCounts = request.app.state.request_counts
    text = _of_registry(services) + families_text(_of_server(services, counts)) + END
    return Response(text.encode("utf-8"), headers={"Content-Type": _TYPE})


def _of_registry(services: Services) -> str:
    """Return what the site has, "" where it is not built yet."""
    try:
        data, _ = read_regular(services.site.folder / METRICS)
    except (OSError, VersionerError):
        return ""
    return data.decode("utf-8").removesuffix(END)


def _of_server(services: Services, counts: RequestCounts) -> Iterator[Family]:
    behind = services.reader.is_behind
    stale = bool(services.site.notice())
    yield Family(
        "versioner_server_version", "The version of the tool, as a label.",
        [Sample({"version": __version__}, 1)],
    )  # fmt: skip
    yield Family(
        "versioner_server_remote_unreachable", "Whether the last fetch from the remote failed.",
        [Sample({}, int(behind))],
    )  # fmt: skip
    yield Family(
        "versioner_server_site_behind", "Whether the site is behind the branch.",
        [Sample({}, int(stale))],
    )  # fmt: skip
    yield Family(
        "versioner_server_requests", "Requests since the server was started.",
        [
            Sample({"method": method, "status": str(status)}, number)
            for (method, status), number in sorted(counts.items())
        ],
        "counter",
    )  # fmt: skip
