"""What the registry does not accept, as the API answers it.

422 is for a request that the description of the API rules out: a wrong type, a missing member, an
unknown parameter. What the description allows, and the registry refuses all the same, is 409 with
the code `refused`: an unknown key of a product's file, a moment in the future, a version that no
event names. So a client that holds to the description meets no 422.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute

from versioner.errors import InvalidInput, NotFound, UsageFault, ValidationFailed
from versioner.server.problems import HttpProblem, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["RegistryRoute"]


class RegistryRoute(APIRoute):
    """A route of the API: errors of the registry about what was sent are refusals."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except NotFound:
                raise
            except (InvalidInput, UsageFault, ValidationFailed) as error:
                raise _refused_by(problem_of(error)) from error

        return handle


def _refused_by(problem: HttpProblem) -> HttpProblem:
    return HttpProblem("refused", problem.detail, hint=problem.hint, extra=problem.extra)
