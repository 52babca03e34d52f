"""Whether the server works: for load balancers and container health checks."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from versioner import __version__
from versioner.errors import VersionerError
from versioner.server.services import services_of

__all__ = ["router"]

router = APIRouter(tags=["server"])


@router.get("/health", summary="Whether the server works")
def health(request: Request) -> JSONResponse:
    """Return 200 with `ok` while the registry can be read, else 503. Open to everybody.

    `behind` is true where the remote could not be reached by the last fetch.
    """
    reader = services_of(request).reader
    try:
        works = bool(reader.tip)
    except VersionerError:
        works = False
    content = {
        "status": "ok" if works else "unavailable",
        "version": __version__,
        "behind": reader.is_behind,
    }
    return JSONResponse(content, 200 if works else 503)
