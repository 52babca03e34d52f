"""What the registry does not accept, as the API answers it.

422 is for a request that the description of the API rules out: a wrong type, a missing member, an
unknown parameter. What the description allows, and the registry refuses all the same, is 409 with
the code `refused`: an unknown key of a product's file, a moment in the future, a version that no
event names. So a client that holds to the description meets no 422.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import Match

from versioner.errors import InvalidInput, NoRegistry, NotFound, UsageFault, ValidationFailed
from versioner.serialization.strict_json import read_json
from versioner.server.problems import HttpProblem, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.responses import Response
    from starlette.types import Scope

__all__ = ["RegistryRoute", "StrictRoute"]

# A document of the site that lists what is in its folder; no entry has a name with a dot.
_LIST_OF_SITE: Final = "/index.json"


class _StrictRequest(Request):
    """A request whose body has no key twice, and no number that is none."""

    async def json(self) -> Any:
        """Return the value of the body; raise JSONDecodeError."""
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route whose body is read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return handle


class RegistryRoute(StrictRoute):
    """A route of the API: errors of the registry about what was sent are refusals."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return no match for a list of the site, whose bytes are those of the static site."""
        if scope["path"].endswith(_LIST_OF_SITE):
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except (NotFound, NoRegistry):
                raise
            except RecursionError:
                raise HttpProblem("bad_request", "the body is nested too deeply") from None
            except (InvalidInput, UsageFault, ValidationFailed) as error:
                raise _refused_by(problem_of(error)) from error

        return handle


def _refused_by(problem: HttpProblem) -> HttpProblem:
    return HttpProblem("refused", problem.detail, hint=problem.hint, extra=problem.extra)
