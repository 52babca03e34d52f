"""The JSON of signed webhooks, with the keys of the hosted product."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from versioner import __version__
from versioner.notify.forms.wording import message_of

if TYPE_CHECKING:
    from versioner.notify.notice_details import NoticeDetails

__all__ = ["HttpRequest", "signature_of", "webhook_request"]

# Body and headers of a request.
HttpRequest = tuple[bytes, dict[str, str]]

_SUCCESS: Final = {
    "deployment.completed": True,
    "deployment.failed": False,
    "deployment.preflight_failed": False,
}
_STATES: Final = {"open": "in_progress"}


def webhook_request(details: NoticeDetails, secret: str) -> HttpRequest:
    """Return the body and the headers of a webhook; with a secret it is signed."""
    notice = details.notice
    kind = notice.type.partition(".")[0]
    if kind in ("deployment", "build"):
        payload = _deployment(details)
    elif kind == "dr":
        payload = _request(details)
    elif kind == "version":
        payload = _version(details)
    else:
        payload = _other(details)
    body = compact(payload)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"versioner/{__version__}",
        "X-Versioner-Event": notice.type,
        # The same for each try, so that a receiver can recognize one.
        "X-Versioner-Delivery": notice.key,
    }
    if secret:
        headers["X-Versioner-Signature"] = signature_of(body, secret)
    return body, headers


def compact(payload: dict[str, Any]) -> bytes:
    """Return JSON without spaces."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8")


def signature_of(body: bytes, secret: str) -> str:
    """Return the signature of a body: `sha256=` and the HMAC-SHA256 in hexadecimal digits."""
    return f"sha256={hmac.new(secret.encode('utf-8'), body, hashlib.sha256).hexdigest()}"


def _moment(at: str) -> str:
    """Return a time in the form of the hosted product, with an offset."""
    return datetime.fromisoformat(at).isoformat() if at else ""


def _deployment(details: NoticeDetails) -> dict[str, Any]:
    notice = details.notice
    return {
        "id": notice.deployment or notice.key,
        "deployed_at": _moment(notice.at),
        "event_type": notice.type,
        "environment": notice.environment,
        "is_successful": _SUCCESS.get(notice.type),
        "deployer": details.actor or None,
        "product_name": notice.product or None,
        "version": notice.version or None,
        "repo_name": details.latest("scm_repository") or None,
        "commit_sha": details.latest("scm_sha") or None,
        "preflight_status": _preflight(details),
        "source_url": details.url or None,
        "event_id": notice.event or notice.key,
        "instance": notice.instance or None,
        "kind": _kind(details),
        "previous_version": notice.previous or None
        if notice.type == "deployment.completed"
        else None,
        "voided_event_id": notice.previous if notice.type == "deployment.voided" else None,
        "reason": details.event.get("reason") or None,
        "is_void": details.is_void,
    }


def _kind(details: NoticeDetails) -> str | None:
    if details.notice.type != "deployment.completed":
        return None
    words = ("rollback", "redeployment", "return")
    found = (word for word in words if f"deployment.{word}" in details.notice.also)
    return next(found, "deployment")


def _preflight(details: NoticeDetails) -> str | None:
    """Return what the rules said of the start, null where none was judged."""
    if details.notice.type == "deployment.preflight_failed":
        return "failed"
    events = [details.event, *(details.deployment.events if details.deployment is not None else ())]
    if any(each.get("overrides") for each in events):
        return "skipped"
    started = any(each.get("status") == "started" for each in events)
    return "passed" if details.has_rules and started else None


def _request(details: NoticeDetails) -> dict[str, Any]:
    notice, request = details.notice, details.request
    word = notice.type.partition(".")[2]
    state = request.state if request is not None else "cancelled"
    payload: dict[str, Any] = {
        "event_type": notice.type,
        "occurred_at": _moment(notice.at),
        "dr_id": notice.name,
        "dr_name": (request.title if request is not None else "") or notice.name,
        "dr_url": details.url or None,
        "status": "completed" if word == "completed" else _STATES.get(state, state),
        "environment_names": list(notice.environments or ()),
        "event_id": notice.event or notice.key,
    }
    if details.actor:
        payload["actor"] = details.actor
    if word in ("approved", "rejected"):
        kind = notice.words[0] if notice.words else ""
        payload |= {"approval_type": kind, "approver_role": kind, "slot_status": word}
    if word == "step" and notice.words:
        payload |= {"step": notice.words[0], "step_status": notice.words[-1]}
    if details.event.get("comment"):
        payload["comments"] = details.event["comment"]
    return payload


def _version(details: NoticeDetails) -> dict[str, Any]:
    notice = details.notice
    payload: dict[str, Any] = {
        "event_type": notice.type,
        "occurred_at": _moment(notice.at),
        "version_id": f"{notice.product}@{notice.version}",
        "product_name": notice.product,
        "version": notice.version,
        "approval_type": notice.name or None,
        "approver_role": notice.name or None,
        "event_id": notice.event,
        "source_url": details.url or None,
    }
    if details.event.get("comment"):
        payload["comments"] = details.event["comment"]
    if details.actor:
        payload["actor"] = details.actor
    return payload


def _words(details: NoticeDetails) -> list[str]:
    """Return the title, and of a digest the lines too."""
    message = message_of(details)
    return [message.title, "", *message.lines] if details.digest is not None else [message.title]


def _other(details: NoticeDetails) -> dict[str, Any]:
    notice = details.notice
    return {
        "event_type": notice.type,
        "occurred_at": _moment(notice.at),
        "id": notice.key,
        "product_name": notice.product or None,
        "environment": notice.environment or None,
        "version": notice.version or None,
        "name": notice.name or None,
        "old_name": notice.old_name or None,
        "fields": list(notice.words),
        "text": "\n".join(_words(details)),
        "actor": details.actor or None,
        "source_url": details.url or None,
        "event_id": notice.event or notice.key,
    }
