"""The files of the built site: whatever no route answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from versioner.recorder.archive import CHECKSUM, RECORDER
from versioner.server.access import current_caller
from versioner.server.pages.links import edit_links
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from versioner.server.callers import Caller

__all__ = ["site_or_nothing"]

# What a caller that is limited to some products may read, `{}` being the product. To some
# environments: no page, for each shows several environments.
_OWN: Final = ("products/{}/", "badges/{}/", "api/v1/products/{}/", "api/v1/products/{}.json")
# The tool is nothing of the registry, and a job fetches it before it has a token.
_OPEN: Final = frozenset({RECORDER, CHECKSUM})
# What pages are made with. Scripts beside these folders have data: the index of the search, and
# when environments are closed.
_OF_ALL: Final = r"assets/(?:scripts/[^/]+\.js|built\.js|(?!search/).+(?<!\.js)(?<!\.json))"


async def site_or_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a file of the site, to those who may read it."""
    request = Request(scope, receive)
    if request.method not in ("GET", "HEAD"):
        raise HttpProblem("not_found", "there is no such endpoint")
    caller = await current_caller(request)
    services = services_of(request)
    path = scope["path"].removeprefix("/")
    if not services.settings.public_read and path not in _OPEN:
        caller.require("read")
        if caller.products or caller.environments:
            _require_own(caller, path)
    response = await run_in_threadpool(
        services.site.respond, request, path, lambda name: edit_links(name, caller)
    )
    await response(scope, receive, send)


def _require_own(caller: Caller, path: str) -> None:
    if re.fullmatch(_OF_ALL, path):
        return
    if caller.environments:
        raise HttpProblem(
            "forbidden", f'"{caller.name}" is limited to some environments, and pages show all',
            hint="/api/v1 has what happens in them, such as /api/v1/status",
        )  # fmt: skip
    if not path.startswith(tuple(each.format(name) for name in caller.products for each in _OWN)):
        raise HttpProblem(
            "forbidden", f'"{caller.name}" is limited to some products, and reads only their pages'
        )
