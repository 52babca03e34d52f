"""Refusals in the two shapes that the clients of the hosted product read: nested, and flat beside.

The clients read an object under `detail` for a deployment that is refused, a text there for a
build, and older ones the same members at the top. So each body has both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from versioner.errors import (
    Blocked,
    InvalidInput,
    ProductDeleted,
    VersionConflict,
    VersionerError,
)
from versioner.recording.preflight import Refused
from versioner.server.problems import HttpProblem, answer_of, headers_of
from versioner.server.public_texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.models import EventKind
    from versioner.models.governance import Rule
    from versioner.rules.gate.question import Answer, Verdict
    from versioner.server.public_texts import PublicTexts
    from versioner.server.writer import GateAnswer

__all__ = [
    "EVENT_PATHS",
    "Refusal",
    "answer_of_problem",
    "forms_of",
    "refusal_of",
    "verdict_document",
]

# The paths that take events; version-events is a former name, which old pages still have.
EVENT_PATHS: Final[Mapping[str, EventKind]] = {
    "deployment-events": "deployment",
    "build-events": "build",
    "version-events": "build",
}

_STATUS: Final = {"NO_DEPLOY_WINDOW": 423, "DEPLOYMENT_IN_PROGRESS": 409}
_OTHER_STATUS: Final = 428
# What the fields of our events are called on the wire.
_WIRE_NAMES: Final = {"product": "product_name", "environment": "environment_name"}
_RETRY_SECONDS: Final = "1"


class Refusal(Exception):
    """A refusal of an event, as it is answered."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        error: str = "",
        details: Mapping[str, Any] | None = None,
        retry_after: str | None = None,
        nested: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        flat: dict[str, Any] = {
            "error": error or code.lower(),
            "message": message,
            "code": code,
        }
        if retry_after is not None:
            flat["retry_after"] = retry_after
        if details is not None:
            flat["details"] = details
        self._flat = flat
        self._nested = nested if nested is not None else flat["message"]

    @classmethod
    def of_fields(cls, errors: Sequence[tuple[str, str, str]], place: str = "body") -> Refusal:
        """Return the refusal of fields: the name, the message and the type of each."""
        nested = [
            {"loc": [place, *([name] if name else [])], "msg": message, "type": kind}
            for name, message, kind in errors
        ]
        text = "; ".join(f"{name}: {message}" if name else message for name, message, _ in errors)
        return cls(422, "VALIDATION_ERROR", text, nested=nested)

    def as_object(self) -> Refusal:
        """Nest an object instead of a text, as for deployments that are refused; return self."""
        self._nested = dict(self._flat)
        return self

    def response(self, request: Request) -> JSONResponse:
        """Return the response to a request, with what its texts may tell everybody."""
        body = _public({"detail": self._nested, **self._flat}, texts_of(request))
        return JSONResponse(body, self.status, self.headers)


def _public(value: Any, texts: PublicTexts) -> Any:
    if isinstance(value, str):
        return texts.of(value)
    if isinstance(value, dict):
        return {key: _public(each, texts) for key, each in value.items()}
    return [_public(each, texts) for each in value] if isinstance(value, list) else value


def forms_of(path: str) -> tuple[str, ...]:
    """Return the forms of a path that are one endpoint: with and without slashes around."""
    return (f"/{path}/", f"/{path}", f"//{path}/", f"//{path}")


def answer_of_problem(request: Request, problem: HttpProblem) -> Response:
    """Return the answer to a request that no route sees, as those who use its path read it."""
    kind = EVENT_PATHS.get(request.scope["path"].strip("/"))
    if kind is None:
        return answer_of(request, problem)
    return refusal_of(problem, kind, None).response(request)


def refusal_of(error: Exception, kind: EventKind, gate: GateAnswer | None) -> Refusal:
    """Return the refusal that an error of the writer is; `gate` is what the rules said."""
    if isinstance(error, HttpProblem):
        return Refusal(error.status, error.code.upper(), error.detail, headers=headers_of(error))
    if not isinstance(error, VersionerError):
        raise error
    message = _with_hint(error)
    if isinstance(error, InvalidInput):
        field = _WIRE_NAMES.get(error.field, error.field)
        return Refusal.of_fields([(field, message, "value_error")])
    if isinstance(error, Refused) and error.answer is not None:
        return _refused_by_rules(error.answer, gate.rules if gate is not None else ())
    if not isinstance(error, Blocked):
        return Refusal(503, "UNAVAILABLE", message, headers={"Retry-After": _RETRY_SECONDS})
    refusal = Refusal(409, _code_of(error), message, details={"hint": error.hint})
    return refusal.as_object() if kind == "deployment" else refusal


def _code_of(error: Blocked) -> str:
    if isinstance(error, VersionConflict):
        return "VERSION_CONFLICT"
    return "PRODUCT_DELETED" if isinstance(error, ProductDeleted) else "CONFLICT"


def _with_hint(error: VersionerError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message


def _refused_by_rules(answer: Answer, rules: Sequence[Rule]) -> Refusal:
    code = str(answer.code)
    head = next((each for each in answer.refusals if each.code == code), answer.refusals[0])
    titles = {each.name: each for each in rules}
    rule = titles.get(head.rule)
    details: dict[str, Any] = {
        "rule_name": rule_title(head, rules),
        "rule": head.rule,
        "rule_type": head.type,
        "hint": head.hint,
        "allowed_from": answer.allowed_from or None,
        "verdicts": [verdict_document(each, rules) for each in answer.verdicts],
    }
    if rule is not None and rule.reason:
        details["reason"] = rule.reason
    if code == "NO_DEPLOY_WINDOW":
        details |= {"window_name": details["rule_name"], "window_end": head.until or None}
    return Refusal(
        _STATUS.get(code, _OTHER_STATUS),
        code,
        f"{head.message}; {head.hint}" if head.hint else head.message,
        error="deployment_blocked",
        details=details,
        retry_after=head.until or None,
    ).as_object()


def rule_title(verdict: Verdict, rules: Sequence[Rule]) -> str:
    """Return the title of a verdict's rule, else its name; of a built-in check, its type."""
    title = next((each.title for each in rules if each.name == verdict.rule), "")
    return title or verdict.rule or verdict.type


def verdict_document(verdict: Verdict, rules: Sequence[Rule]) -> dict[str, Any]:
    """Return a verdict as the clients read it in `rules_evaluated`, with our own members beside."""
    return {
        "rule_name": rule_title(verdict, rules),
        "status": verdict.enforcement.replace("-", "_"),
        "evaluation_result": verdict.outcome,
        "error_message": verdict.message if verdict.outcome != "passed" else None,
        "rule": verdict.rule,
        "rule_type": verdict.type,
        "code": verdict.code or None,
        "until": verdict.until or None,
        "hint": verdict.hint or None,
    }
