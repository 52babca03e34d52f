"""HEAD and OPTIONS, which every path answers: HEAD as GET without its content, OPTIONS what it has.

The answer to OPTIONS gives no other site anything: it has no header of CORS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import Match

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HeadAndOptions", "methods_of"]

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What no route has is a file of the site, or nothing.
_OF_SITE: Final = ("GET",)


class HeadAndOptions:
    """The answers to HEAD and OPTIONS; the routes have all others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer HEAD with the head of GET, and OPTIONS with the methods of the path."""
        method = scope["method"] if scope["type"] == "http" else ""
        if method == "HEAD":

            async def without_content(message: Message) -> None:
                if message["type"] == "http.response.body":
                    message = {**message, "body": b""}
                await send(message)

            await self._app({**scope, "method": "GET"}, receive, without_content)
        elif method == "OPTIONS":
            allowed = methods_of(scope["app"].router.routes, scope)
            await Response(status_code=204, headers={"Allow": ", ".join(allowed)})(
                scope, receive, send
            )
        else:
            await self._app(scope, receive, send)


def methods_of(routes: Iterable[BaseRoute], scope: Scope) -> list[str]:
    """Return the methods that a path has, of all its routes; Starlette names those of the first."""

    def has(method: str) -> bool:
        # A browser is answered by the site where programs are answered by a route.
        asked = {**scope, "method": method, "headers": []}
        return any(route.matches(asked)[0] is Match.FULL for route in routes)

    found = [each for each in _METHODS if has(each)] or [*_OF_SITE]
    if "GET" in found:
        found.insert(found.index("GET") + 1, "HEAD")
    return [*found, "OPTIONS"]
