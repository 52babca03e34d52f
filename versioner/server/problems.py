"""Problem details (RFC 9457): one list of codes, and the only place that makes errors responses.

A route raises `HttpProblem("not_found", "there is no product ...")`, or lets a VersionerError pass:
`problem_of` gives its code. The body is `application/problem+json` with the members `type`,
`title`, `status`, `detail` (a text), `code`, and where there are any `hint`, `field`, `errors`.
`HttpProblem.extra` adds further members.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from versioner.errors import (
    Ambiguous,
    Blocked,
    FilesChanged,
    InvalidInput,
    NoRegistry,
    NotFound,
    UsageFault,
    ValidationFailed,
    VersionerError,
)
from versioner.recording.preflight import Refused
from versioner.reporting.gate.check import answer_document
from versioner.server.methods import methods_of
from versioner.server.plain_page import refusal_page
from versioner.server.public_texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request

    from versioner.server.public_texts import PublicTexts

__all__ = [
    "MEDIA_TYPE",
    "PROBLEMS",
    "HttpProblem",
    "ProblemType",
    "add_handlers",
    "answer_of",
    "headers_of",
    "is_known",
    "problem_body",
    "problem_of",
    "problem_response",
    "wants_page",
]

MEDIA_TYPE: Final = "application/problem+json"
# A person who opens an address of the API in a browser sees what a program would get.
_FOR_PROGRAMS: Final = "/api/"
_RESTORE: Final = "try again when the branch of the server has its registry again"
_SEND_JSON: Final = "send JSON, with the header Content-Type: application/json"


class ProblemType(NamedTuple):
    """The status and the title that a code always has."""

    status: int
    title: str


# The codes are part of the contract with clients: docs/serving.md lists them.
PROBLEMS: Final[Mapping[str, ProblemType]] = {
    "bad_request": ProblemType(400, "The request cannot be read"),
    "unauthenticated": ProblemType(401, "A token or a login is needed"),
    "forbidden": ProblemType(403, "The caller may not do this"),
    "csrf": ProblemType(403, "The form has expired"),
    "not_found": ProblemType(404, "There is no such thing"),
    "method_not_allowed": ProblemType(405, "The method is not allowed here"),
    "not_acceptable": ProblemType(406, "No such representation"),
    "timeout": ProblemType(408, "The request took too long to arrive"),
    "conflict": ProblemType(409, "The registry does not allow this"),
    "refused": ProblemType(409, "The registry does not accept this"),
    "ambiguous": ProblemType(409, "Several entries have that name"),
    "precondition_failed": ProblemType(412, "The entry was changed meanwhile"),
    "too_large": ProblemType(413, "The request is too large"),
    "unsupported_media_type": ProblemType(415, "The media type is not supported"),
    "misdirected": ProblemType(421, "The server does not answer to that host name"),
    "invalid": ProblemType(422, "A value is not valid"),
    "registry_invalid": ProblemType(422, "The registry would have errors"),
    "precondition_required": ProblemType(428, "A precondition is required"),
    "too_many_requests": ProblemType(429, "Too many requests"),
    "headers_too_large": ProblemType(431, "The headers of the request are too large"),
    "internal": ProblemType(500, "Internal error"),
    "unavailable": ProblemType(503, "The operation could not be done now"),
}
_BY_STATUS: Final = {
    each.status: code for code, each in reversed(list(PROBLEMS.items())) if code != "csrf"
}


class HttpProblem(Exception):
    """A refusal, with one of the codes of `PROBLEMS`; `extra` are further members of the body."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.hint = hint
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    @property
    def status(self) -> int:
        """Return the status of the response."""
        return PROBLEMS[self.code].status


# The first class that an error is an instance of gives the code.
_CODES: Final[tuple[tuple[type[VersionerError], str], ...]] = (
    (NoRegistry, "unavailable"),
    (InvalidInput, "invalid"),
    (ValidationFailed, "registry_invalid"),
    (Blocked, "conflict"),
    (Ambiguous, "ambiguous"),
    (NotFound, "not_found"),
    (UsageFault, "bad_request"),
)


def problem_of(error: VersionerError) -> HttpProblem:
    """Return the problem that an error of the library is."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), "unavailable")
    extra: dict[str, Any] = {}
    if isinstance(error, Refused):
        extra["details"] = answer_document(error.answer)
    if isinstance(error, InvalidInput) and error.field:
        extra["field"] = error.field
    if isinstance(error, ValidationFailed):
        extra["errors"] = [
            {"path": each.path, "line": each.line, "column": each.column, "code": each.code}
            | {"message": each.message, "hint": each.hint}
            for each in error.problems
        ]
    headers = {"Retry-After": "1"} if isinstance(error, FilesChanged) else {}
    # Which registry a server has is nothing that who asks it can name.
    hint = _RESTORE if isinstance(error, NoRegistry) else error.hint
    return HttpProblem(code, error.message, hint=hint, headers=headers, extra=extra)


def problem_body(problem: HttpProblem, texts: PublicTexts) -> dict[str, Any]:
    """Return the members of a problem's body, with what its texts may tell everybody."""
    kind = PROBLEMS[problem.code]
    body: dict[str, Any] = {
        "type": f"urn:versioner:problem:{problem.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": texts.of(problem.detail),
        "code": problem.code,
    }
    if problem.hint:
        body["hint"] = texts.of(problem.hint)
    return {**body, **problem.extra}


def headers_of(problem: HttpProblem) -> dict[str, str]:
    """Return the headers of the response of a problem."""
    headers = dict(problem.headers)
    if problem.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="versioner"')
    return headers


def problem_response(request: Request, problem: HttpProblem) -> Response:
    """Return the response of a problem."""
    headers = headers_of(problem)
    body = problem_body(problem, texts_of(request))
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, problem.status, headers, media_type=MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Add the handlers that answer errors with problem details; `DefectBoundary` has the others."""

    async def of_problem(request: Request, error: Exception) -> Response:
        problem = _expected(error)
        if problem.code == "method_not_allowed":
            allowed = methods_of(request.app.router.routes, request.scope)
            problem.headers["Allow"] = ", ".join(allowed)
        return answer_of(request, problem)

    for kind in (HttpProblem, VersionerError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, of_problem)


def answer_of(request: Request, problem: HttpProblem) -> Response:
    """Return the answer to a request that is refused: for a browser a page, or the login."""
    if not wants_page(request) or "authorization" in request.headers:
        return problem_response(request, problem)
    path = request.url.path
    is_api = path.startswith(_FOR_PROGRAMS)
    if problem.code == "unauthenticated" and (request.method == "GET" or not is_api):
        # A form that was sent after the end of its session leads to its page.
        asked = path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(asked, safe='')}", 303)
    return problem_response(request, problem) if is_api else _problem_page(request, problem)


def _problem_page(request: Request, problem: HttpProblem) -> Response:
    public = texts_of(request)
    texts = [public.of(problem.detail), public.of(problem.hint)]
    response = refusal_page(
        PROBLEMS[problem.code].title, problem.status, texts, request.url.path,
        form=request.method == "POST" and problem.code == "csrf",
    )  # fmt: skip
    response.headers.update(problem.headers)
    return response


def is_known(request: Request, tag: str) -> bool:
    """Return whether `If-None-Match` names an entity tag (RFC 9110, 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    tags = {each.strip().removeprefix("W/") for each in given.split(",")}
    return tag in tags or "*" in tags


def wants_page(request: Request) -> bool:
    """Return whether a request comes from a browser that shows a page: it accepts text/html."""
    return "text/html" in request.headers.get("accept", "")


def _expected(error: Exception) -> HttpProblem:
    if isinstance(error, HttpProblem):
        return error
    if isinstance(error, VersionerError):
        return problem_of(error)
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        code = _BY_STATUS.get(error.status_code, "bad_request")
        return HttpProblem(code, str(error.detail), headers=error.headers)
    raise error


def _of_validation(error: RequestValidationError) -> HttpProblem:
    # Without the values: one may be a secret in the wrong place.
    errors = [
        {"loc": list(each["loc"]), "msg": each["msg"], "type": each["type"]}
        for each in error.errors()
    ]
    if any(each["type"] == "json_invalid" for each in errors):
        reason = error.errors()[0].get("ctx", {}).get("error", "")
        detail = f"the body is not valid JSON: {reason}".rstrip(": ")
        return HttpProblem("bad_request", detail, extra={"errors": errors})
    first = errors[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    # A body stays bytes where its header does not say that it is JSON, as with a plain `curl -d`.
    hint = _SEND_JSON if error.body and isinstance(error.body, bytes) else ""
    return HttpProblem("invalid", f"{where}: {first['msg']}", hint=hint, extra={"errors": errors})
