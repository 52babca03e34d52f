"""Whether the server works: for load balancers and container health checks."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse

from versioner import __version__
from versioner.errors import VersionerError
from versioner.server.services import services_of

__all__ = ["router"]

router = APIRouter(tags=["server"])


class Health(BaseModel):
    """Whether the server works."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "ok", "version": "0.1.0", "behind": False}]}
    )

    status: Literal["ok", "unavailable"]
    version: str
    behind: bool


@router.get("/health/", include_in_schema=False)
@router.get(
    "/health",
    summary="Whether the server works",
    response_model=Health,
    responses={503: {"model": Health, "description": "The registry cannot be read."}},
    openapi_extra={"security": []},
)
def health(request: Request) -> JSONResponse:
    """Return 200 with `ok` while the registry can be read, else 503. Open to everybody.

    `behind` is true where the remote could not be reached by the last fetch.
    """
    reader = services_of(request).reader
    try:
        works = bool(reader.snapshot().revision)
    except VersionerError:
        works = False
    content = {
        "status": "ok" if works else "unavailable",
        "version": __version__,
        "behind": reader.is_behind,
    }
    return JSONResponse(content, 200 if works else 503)
