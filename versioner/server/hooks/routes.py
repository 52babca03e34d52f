"""The routes of the hooks: check who sends, read what is told, record it, answer in words."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from versioner.errors import NoRegistry, OperationFailed, UnreadableRules, VersionerError
from versioner.recording.record import describe_event
from versioner.reporting.terminal import clean
from versioner.server.access import current_caller
from versioner.server.callers import Caller
from versioner.server.hooks import cdevents, github, gitlab, vercel
from versioner.server.hooks.bodies import objects_of
from versioner.server.hooks.documentation import documentation_of
from versioner.server.hooks.drafts import Told
from versioner.server.hooks.signatures import is_signed
from versioner.server.problems import HttpProblem
from versioner.server.public_texts import texts_of
from versioner.server.services import services_of
from versioner.server.writer import result_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult
    from versioner.server.public_texts import PublicTexts
    from versioner.server.services import Services

__all__ = ["router"]

_LOG: Final = logging.getLogger("versioner.server.hooks")
_READERS: Final = {
    "github": github.told_by,
    "gitlab": gitlab.told_by,
    "vercel": vercel.told_by,
    "cdevents": cdevents.told_by,
}
_RETRY_SECONDS: Final = 30

router = APIRouter(prefix="/hooks", tags=["hooks"])


@router.post("/github", **documentation_of("github"), summary="A delivery of GitHub")
async def github_hook(request: Request) -> JSONResponse:
    """Record a deployment, a status of one, or a published release that GitHub tells."""
    return await _delivery(request, "github")


@router.post("/gitlab", **documentation_of("gitlab"), summary="A delivery of GitLab")
async def gitlab_hook(request: Request) -> JSONResponse:
    """Record what GitLab tells of a deployment."""
    return await _delivery(request, "gitlab")


@router.post("/vercel", **documentation_of("vercel"), summary="A delivery of Vercel")
async def vercel_hook(request: Request) -> JSONResponse:
    """Record what Vercel tells of a deployment."""
    return await _delivery(request, "vercel")


@router.post("/cdevents", **documentation_of("cdevents"), summary="CDEvents")
async def cdevents_hook(request: Request) -> JSONResponse:
    """Record what CDEvents tell of services and builds."""
    return await _delivery(request, "cdevents")


async def _delivery(request: Request, system: str) -> JSONResponse:
    """Return the answer to a delivery: 200 says what was recorded, or why nothing was.

    A sender would repeat a delivery that was refused, or give up on the address: so what the
    registry refuses is answered with 200 and the reason. Raises HttpProblem for a delivery that is
    not signed, cannot be read, or could not be recorded now.
    """
    services = services_of(request)
    body = await request.body()
    caller = await _sender(request, system, body, services)
    kind = request.headers.get("content-type", "")
    objects = objects_of(body, kind, most=cdevents.MOST_EVENTS if system == "cdevents" else 0)
    try:
        told = _told(system, objects, services.settings.clock.now())
    except VersionerError as error:
        return _answer([_refused(system, error, texts_of(request))])
    return _answer(await _record(system, told, caller, request))


def _told(system: str, objects: list[dict[str, Any]], now: str) -> Told:
    """Return what the objects of a delivery tell; raise InvalidInput for what tells nothing."""
    told = [_READERS[system](each, now) for each in objects]
    return Told(
        tuple(draft for each in told for draft in each.drafts),
        tuple(reason for each in told for reason in each.left_out),
    )


async def _sender(request: Request, system: str, body: bytes, services: Services) -> Caller:
    """Return who sent a delivery; raise HttpProblem for one that is not signed."""
    secrets = services.settings.hook_secrets.get(system, ())
    if system == "cdevents" and request.headers.get("authorization"):
        caller = await current_caller(request)
        caller.require("record")
        return caller
    if not secrets:
        detail = f"this server takes no deliveries of {system}"
        hint = f"start it with `versioner serve --hook {system}`"
        raise HttpProblem("not_found", detail, hint=hint)
    if not is_signed(system, request.headers, body, secrets, services.settings.clock.now()):
        # Only these are limited: all deliveries of a system may come from one address.
        services.rates.note_failure(request)
        raise HttpProblem("unauthenticated", "the signature is missing, wrong or too old")
    name = f"{system} hook"
    caller = Caller(name, frozenset({"record"}), token_id=name, by="token")
    request.state.caller = caller
    services.rates.admit(request, caller)
    return caller


async def _record(
    system: str, told: Told, caller: Caller, request: Request
) -> list[dict[str, Any]]:
    services, texts = services_of(request), texts_of(request)
    found = [{"outcome": "nothing", "reason": clean(each)} for each in told.left_out]
    futures = [_submitted(draft, caller, services) for draft in told.drafts]
    outcomes = await asyncio.gather(*(result_of(each) for each in futures), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, (NoRegistry, OperationFailed, UnreadableRules)):
            raise HttpProblem(
                "unavailable",
                outcome.message,
                hint=outcome.hint,
                headers={"Retry-After": str(_RETRY_SECONDS)},
            )
        if isinstance(outcome, VersionerError):
            found.append(_refused(system, outcome, texts))
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            found.append(_recorded(outcome))
    return found


def _submitted(draft: EventDraft, caller: Caller, services: Services) -> Any:
    def check(recorded: RecordResult) -> None:
        caller.require_product(recorded.product)
        if "environment" in recorded.event:
            caller.require_environment(recorded.event["environment"])

    return services.writer.submit_event(draft, check=check)


def _recorded(result: RecordResult) -> dict[str, Any]:
    return {
        "outcome": "already" if result.already else "received" if result.received else "recorded",
        "event": describe_event(result.kind, result.product, result.event),
        "id": result.event["id"],
        "commit": result.commit,
        "warnings": [clean(each.message) for each in result.warnings],
    }


def _refused(system: str, error: VersionerError, texts: PublicTexts) -> dict[str, Any]:
    # Cleaned: it may quote half a character, which no answer can have.
    told = f"{error.message} ({error.hint})" if error.hint else error.message
    reason = clean(texts.of(told))
    _LOG.warning("a delivery of %s was refused: %s", system, reason)
    return {"outcome": "refused", "reason": reason}


_WORDS: Final[Mapping[str, str]] = {
    "recorded": "recorded: ",
    "already": "recorded already: ",
    "received": "waits in the inbox: ",
    "refused": "refused, nothing recorded: ",
    "nothing": "nothing recorded: ",
}


def _answer(found: list[dict[str, Any]]) -> JSONResponse:
    """Return what became of a delivery; the message is for who looks at it in the sender."""
    lines = [_WORDS[each["outcome"]] + (each.get("event") or each["reason"]) for each in found]
    message = "; ".join(lines) or "nothing recorded: it tells no event"
    return JSONResponse({"message": message, "events": found})
