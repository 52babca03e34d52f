"""Who asks, and what they may: the dependency `requires(scope)` of every route.

    @router.post("/products")
    def create(caller: Annotated[Caller, requires("edit")]) -> ...:
        caller.require_product("user-service")      # raises HttpProblem("forbidden", ...)

`requires` finds the caller by the token of the request, else by the session cookie, else by the
header of a trusted proxy. A caller that is known by something the browser sends by itself (cookie,
proxy) must send the token of its forms (CSRF) with each request that changes something: in the
form's field `csrf_token`, or in the header `X-CSRF-Token`. `current_caller` returns the caller, or
the anonymous one, without a demand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import Depends
from starlette.requests import Request

from versioner.server.callers import ANONYMOUS, Caller, Scope, caller_of_token
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["current_caller", "requires"]

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


async def current_caller(request: Request) -> Caller:
    """Return who made a request, the anonymous caller for nobody.

    Raises HttpProblem for a wrong token, and where too many requests were made. The caller is kept
    in `request.state.caller`, from where the access log takes its name.
    """
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        known = _found(request)
        request.state.caller = known
        services_of(request).rates.admit(request, known)
    return known


def requires(*scopes: Scope) -> Any:
    """Return the dependency of a route for callers with one of the scopes.

    With `--public-read`, a route that requires `read` is open to everybody.
    """
    return Depends(_demand(scopes))


def _demand(scopes: Iterable[Scope]) -> Callable[[Request], Awaitable[Caller]]:
    wanted = tuple(scopes)

    async def allowed_caller(request: Request) -> Caller:
        caller = await current_caller(request)
        is_open = "read" in wanted and services_of(request).settings.public_read
        if not is_open and not any(caller.may(scope) for scope in wanted):
            caller.require(wanted[0])
        if request.method not in _SAFE and caller.by in ("session", "proxy"):
            await services_of(request).sessions.check_form(request)
        return caller

    return allowed_caller


def _found(request: Request) -> Caller:
    services = services_of(request)
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind:
        if kind.lower() != "bearer":
            raise HttpProblem("unauthenticated", "only bearer tokens are accepted here")
        token = services.tokens.check(text.strip(), now=services.settings.clock.now())
        if token is None:
            # A right token is never refused for the wrong ones that come from the same address,
            # which may be that of a proxy or of a whole office.
            services.rates.note_failure(request)
            raise HttpProblem("unauthenticated", "the token is unknown, revoked or expired")
        return caller_of_token(token)
    return services.sessions.caller(request) or ANONYMOUS
