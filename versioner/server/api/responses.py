"""Responses of the API: documents with an ETag, and lists page by page."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response

from versioner.server.problems import HttpProblem, is_known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

__all__ = ["Cursor", "document_response", "etag_of", "page_response", "read_cursor"]


class Cursor(NamedTuple):
    """Where a page of deployments ends: the time of its last one, and how many had that time."""

    at: str
    served: int

    def text(self) -> str:
        """Return the cursor as clients see it; what is in it is nothing for them to rely on."""
        return base64.urlsafe_b64encode(f"{self.at} {self.served}".encode()).decode().rstrip("=")


def read_cursor(text: str | None) -> Cursor | None:
    """Return the cursor that a client sent back; raise HttpProblem for any other text."""
    if not text:
        return None
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode()
        at, _, served = plain.partition(" ")
        if len(at) == 20 and served.isdecimal() and len(served) < 9 and at.isascii():
            return Cursor(at, int(served))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise HttpProblem(
        "refused", "the cursor was not given by this server",
        hint="take it from the Link header or from `next` of the page before",
        extra={"field": "cursor"},
    )  # fmt: skip


def etag_of(*parts: str) -> str:
    """Return a strong ETag: of a blob's or a commit's id, or of texts that say what is shown."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    return f'"{digest}"'


def document_response(
    request: Request,
    document: Any,
    *,
    etag: str = "",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a document as JSON; 304 where the client has it already.

    Without an ETag of its own, that of its bytes is taken.
    """
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )
    etag = etag or etag_of(body.decode())
    # No cache between may keep what a token was needed for.
    sent = {"ETag": etag, "Cache-Control": "private, no-cache", **(headers or {})}
    if request.method in ("GET", "HEAD") and is_known(request, etag):
        return Response(status_code=304, headers=sent)
    return Response(body, status, sent, media_type="application/json")


def page_response(
    request: Request, name: str, entries: Sequence[Any], following: Cursor | None
) -> Response:
    """Return a page of a list: `{name: [...], "next": cursor or null}`, and a Link header."""
    headers = {}
    if following is not None:
        query = [(key, value) for key, value in request.query_params.multi_items()]
        query = [(key, value) for key, value in query if key != "cursor"]
        address = f"{request.url.path}?{urlencode([*query, ('cursor', following.text())])}"
        headers["Link"] = f'<{address}>; rel="next"'
    document = {name: list(entries), "next": following.text() if following else None}
    return document_response(request, document, headers=headers)
