"""What the description of the API says of the hooks."""

from __future__ import annotations

from typing import Any, Final

from versioner.server.hooks.cdevents import MOST_EVENTS
from versioner.server.problems import MEDIA_TYPE, PROBLEMS

__all__ = ["documentation_of"]

# The header that has the signature of each system.
_SIGNATURES: Final = {
    "github": ("X-Hub-Signature-256", "sha256=, and the HMAC-SHA256 of the body in hexadecimal."),
    "gitlab": ("X-Gitlab-Token", "The secret token; or a webhook-signature (Standard Webhooks)."),
    "vercel": ("x-vercel-signature", "The HMAC-SHA1 of the body in hexadecimal."),
    "cdevents": (
        "X-Versioner-Signature",
        "sha256=, and the HMAC-SHA256 of the body in hexadecimal; or a webhook-signature "
        "(Standard Webhooks), or a bearer token of the scope record.",
    ),
}
_PROBLEMS: Final = ("bad_request", "unauthenticated", "not_found", "too_large", "unavailable")
_TEXT: Final = {"type": "string"}
_OBJECT: Final[dict[str, Any]] = {"type": "object"}
_BATCH: Final[dict[str, Any]] = {
    "anyOf": [_OBJECT, {"type": "array", "items": _OBJECT, "maxItems": MOST_EVENTS}]
}
_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["outcome"],
    "properties": {
        "outcome": {
            "type": "string",
            "enum": ["recorded", "already", "received", "refused", "nothing"],
        },
        "event": {**_TEXT, "description": "What was recorded, now or before."},
        "id": {**_TEXT, "description": "The id of the event."},
        "commit": {"type": ["string", "null"], "description": "The commit that recorded it."},
        "warnings": {"type": "array", "items": _TEXT},
        "reason": {**_TEXT, "description": "Why nothing was recorded."},
    },
}
_ANSWER: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Delivery",
    "required": ["message", "events"],
    "properties": {
        "message": {**_TEXT, "description": "What became of the delivery, for people."},
        "events": {"type": "array", "items": _EVENT},
    },
    "examples": [
        {
            "message": "recorded: deployment of shop a84d88e7 to production (completed)",
            "events": [
                {
                    "outcome": "recorded",
                    "event": "deployment of shop a84d88e7 to production (completed)",
                    "id": "0c1b7d5d7f0e4b9a8f6f0d3f1f6a2c11",
                    "commit": "4f5d1c2a9b8e7d6c5b4a39281706f5e4d3c2b1a0",
                    "warnings": [],
                }
            ],
        }
    ],
}


def documentation_of(system: str) -> dict[str, Any]:
    """Return the arguments of a route that describe the deliveries of a system."""
    header, description = _SIGNATURES[system]
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses: dict[int | str, dict[str, Any]] = {
        PROBLEMS[code].status: {"description": PROBLEMS[code].title, "content": problem}
        for code in _PROBLEMS
    }
    responses[200] = {
        "description": "What was recorded, or why nothing was",
        "content": {"application/json": {"schema": _ANSWER}},
    }
    is_batched = system == "cdevents"
    body = {
        "required": True,
        "description": "The delivery, as the system documents it.",
        "content": {"application/json": {"schema": _BATCH if is_batched else _OBJECT}},
    }
    parameter = {"name": header, "in": "header", "schema": _TEXT, "description": description}
    extra = {"requestBody": body, "parameters": [parameter]}
    # A signature takes the place of a token, and only CDEvents may have one.
    extra["security"] = [{"token": []}, {}] if is_batched else []
    return {"responses": responses, "openapi_extra": extra}
