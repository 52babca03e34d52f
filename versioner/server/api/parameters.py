"""Query and path parameters, the header If-Match, and the problems that routes answer with."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Header, Path, Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, ConfigDict, Field

from versioner.names import nearest
from versioner.server.problems import MEDIA_TYPE, PROBLEMS, HttpProblem

__all__ = [
    "OTHER_OUTCOMES",
    "READ_PROBLEMS",
    "WRITE_PROBLEMS",
    "EnvironmentName",
    "IfMatch",
    "Into",
    "Limit",
    "MomentText",
    "NewName",
    "ProductName",
    "expected_content",
    "problems",
    "refuse_unknown_parameters",
]

_NAME: Final = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"

ProductName = Annotated[
    str, Field(min_length=1, max_length=63, pattern=_NAME, examples=["user-service"])
]
EnvironmentName = Annotated[
    str, Field(min_length=1, max_length=63, pattern=_NAME, examples=["production"])
]


class NewName(BaseModel):
    """The name of a product or an environment: a new one, or once more that of what is deleted."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: ProductName


class Into(BaseModel):
    """What takes over."""

    model_config = ConfigDict(extra="forbid", strict=True)
    into: ProductName


MomentText = Annotated[
    str | None,
    Query(
        max_length=40,
        examples=["2026-11-01T10:00:00Z"],
        description="A moment: RFC 3339 with a zone, a day, or how long ago (`7d`).",
    ),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many entries.")]
IfMatch = Annotated[
    str | None,
    Header(
        max_length=200,
        # Any value but an ETag of now is refused, which no schema can say.
        include_in_schema=False,
        description="The ETag of the content that the edit was made for; `*` for any content. "
        "Where the file is another one by now, the answer is 412 and nothing is written.",
    ),
]

# The schema stands once in the description: `docs_pages` adds it.
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return what a route answers, beside its success, as OpenAPI describes it."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status, title = PROBLEMS[code]
        content = {MEDIA_TYPE: {"schema": _PROBLEM}}
        found[status] = {"description": title, "content": content}
    return found


_EVERYWHERE: Final = (
    "bad_request",
    "unauthenticated",
    "forbidden",
    "not_found",
    "timeout",
    "conflict",
    "too_large",
    "misdirected",
    "invalid",
    "too_many_requests",
    "internal",
    "unavailable",
)
READ_PROBLEMS: Final = problems(*_EVERYWHERE)
WRITE_PROBLEMS: Final = problems(*_EVERYWHERE, "precondition_failed", "unsupported_media_type")

# The statuses of an event that is not recorded now: 201 is that of one that is.
OTHER_OUTCOMES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "It was recorded before; nothing is written."},
    202: {"description": "The branch is protected: it waits in the inbox until it is collected."},
}

EventId = Annotated[str, Path(min_length=1, max_length=200)]


def refuse_unknown_parameters(request: Request) -> None:
    """Raise HttpProblem for a query parameter that the route does not have: a slip, mostly."""
    known = _query_names(request.scope["route"].dependant)
    for name in request.query_params:
        if name not in known:
            near = nearest(name, sorted(known))
            raise HttpProblem(
                "invalid", f'there is no parameter "{name[:100]}"',
                hint=f"did you mean {' or '.join(near)}?" if near else "leave it out",
                extra={"field": name[:100]},
            )  # fmt: skip


def _query_names(dependant: Dependant) -> set[str]:
    names = {field.alias for field in dependant.query_params}
    return names.union(*map(_query_names, dependant.dependencies))


def expected_content(if_match: str | None, current: str) -> str | None:
    """Return the blob id that an edit expects, None for any; `current` is the one at the tip.

    Raises HttpProblem where the client saw another content.
    """
    from versioner.server.api.responses import etag_of

    if if_match is None or if_match.strip() == "*":
        return None
    if etag_of(current) in [each.strip() for each in if_match.split(",")]:
        return current
    raise HttpProblem(
        "precondition_failed", "the entry was changed since it was read",
        hint="read it again, and apply the edit to its present content",
    )  # fmt: skip
