"""The tokens of the server, over HTTP: for callers with the scope `admin`."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from versioner.server.access import requires
from versioner.server.api.refusals import StrictRoute
from versioner.server.callers import Caller
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of
from versioner.server.tokens import Token, expiry_of, token_document

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"], route_class=StrictRoute)

_EXAMPLE: Final[dict[str, Any]] = {
    "id": "k2v9x0q4hd",
    "name": "ci",
    "scopes": ["record"],
    "products": ["user-service"],
    "environments": [],
    "created_at": "2026-11-29T12:00:00Z",
    "expires_at": "2027-02-27T12:00:00Z",
    "last_used_at": None,
}
_CREATE: Final[dict[str, Any]] = {
    "name": "ci",
    "scopes": ["record"],
    "products": ["user-service"],
    "expires": "90d",
}
_Name = Annotated[
    str, Path(description="The name or the id of a token.", max_length=63, examples=["ci"])
]


_NAME: Final = r"^[A-Za-z0-9](?:[A-Za-z0-9._@-]*[A-Za-z0-9])?$"
_LegalName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$", max_length=63, examples=["user-service"]),
]
_Expiry = Annotated[
    str,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^[1-9][0-9]{0,3}[smhdw]$"},
                {"type": "string", "format": "date"},
                {"type": "string", "format": "date-time"},
            ]
        }
    ),
]


class TokenDocument(BaseModel):
    """A token, without its secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    name: str
    scopes: list[str]
    products: list[str] = Field(description="The products it is limited to; empty: all.")
    environments: list[str] = Field(description="The environments it is limited to; empty: all.")
    created_at: str
    expires_at: str | None
    last_used_at: str | None = Field(description="To the minute.")


class CreatedToken(TokenDocument):
    """A token that was just made, with all of it."""

    token: str = Field(description="The whole token. It is shown this once.")


class TokenRequest(BaseModel):
    """What a new token is to be."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_CREATE]})

    name: str = Field(
        description="Up to 63 ASCII letters, digits and . _ @ -", max_length=63, pattern=_NAME
    )
    scopes: list[Literal["read", "record", "edit", "approve", "admin"]] = Field(min_length=1)
    products: list[_LegalName] = Field(default=[], max_length=1000)
    environments: list[_LegalName] = Field(default=[], max_length=1000)
    expires: _Expiry | None = Field(
        default=None,
        description="A date, an RFC 3339 time, or a duration (90d). A time that is over is 409.",
    )


@router.get("", summary="List the tokens", response_model=list[TokenDocument])
def list_tokens(
    request: Request, caller: Annotated[Caller, requires("admin")]
) -> list[dict[str, Any]]:
    """Return the tokens by name, also expired ones, without their secrets."""
    caller.require_unrestricted()
    return [token_document(each) for each in services_of(request).tokens.list()]


@router.post(
    "",
    status_code=201,
    summary="Make a token",
    response_model=CreatedToken,
    responses={
        409: {"description": "A token has that name, or the time is over (code `conflict`)."}
    },
)
def create_token(
    request: Request,
    response: Response,
    wanted: Annotated[TokenRequest, Body()],
    caller: Annotated[Caller, requires("admin")],
) -> dict[str, Any]:
    """Make a token, and return all of it: it is shown this once."""
    caller.require_unrestricted()
    services = services_of(request)
    clock = services.settings.clock
    now = clock.now()
    end = expiry_of(wanted.expires, now) if wanted.expires is not None else ""
    if end and end <= now:
        raise HttpProblem("conflict", "the time in `expires` is in the past")
    if any(each.name == wanted.name for each in services.tokens.list()):
        raise HttpProblem("conflict", f'there is a token "{wanted.name}" already')
    made = services.tokens.create(
        wanted.name,
        wanted.scopes,
        products=wanted.products,
        environments=wanted.environments,
        expires=end,
        now=now,
        random=clock.random,
    )
    response.headers["Location"] = f"/api/v1/tokens/{made.token.id}"
    # No cache of a browser or proxy may keep the secret.
    response.headers["Cache-Control"] = "no-store"
    return {**token_document(made.token), "token": made.text}


@router.get("/{name}", summary="Show a token", response_model=TokenDocument)
def show_token(
    request: Request, name: _Name, caller: Annotated[Caller, requires("admin")]
) -> dict[str, Any]:
    """Return a token by its id or name."""
    caller.require_unrestricted()
    return token_document(_find(request, name))


@router.delete("/{name}", status_code=204, summary="Revoke a token")
def revoke_token(
    request: Request, name: _Name, caller: Annotated[Caller, requires("admin")]
) -> Response:
    """Revoke a token by its id or name: it counts no more."""
    caller.require_unrestricted()
    services_of(request).tokens.revoke(name)
    return Response(status_code=204)


def _find(request: Request, name: str) -> Token:
    tokens = services_of(request).tokens.list()
    for each in tokens:
        if name in (each.id, each.name):
            return each
    raise HttpProblem("not_found", "there is no token with that name or id")
