"""The events in the inbox, in a form that is safe to publish.

Anyone with push access can write to the inbox, so nothing in it is trusted: texts are shortened
and cleaned, and a submission that cannot be read is shown by its ref name alone.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.git.process import printable
from versioner.models import STATUSES
from versioner.models.events import UNDEPLOYED
from versioner.secret_scanning import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.registry.records import Registry
    from versioner.remote.inbox_refs import Inbox, RefusedEvent, WaitingEvent

__all__ = ["InboxEvent", "InboxEvents", "inbox_events"]

_NAME_LONGEST: Final = 128
_TEXT_LONGEST: Final = 400
_KINDS: Final = ("deployment", "build")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class InboxEvent(NamedTuple):
    """An event that is not recorded yet, or was refused; `kind` is `""` where it is unreadable.

    `product` is the current name, and `is_known` is whether that product exists. `at` is when
    the event was received or refused. A refused one has a `message`.
    """

    ref: str
    product: str
    is_known: bool
    at: str
    kind: str = ""
    version: str = ""
    environment: str = ""
    status: str = ""
    code: int = 0
    message: str = ""
    hint: str = ""


class InboxEvents(NamedTuple):
    """The waiting events, oldest first, the refused ones, latest first, and how many more exist.

    `unsent` are the notifications that failed; their `status` is the type, and `ref` their id.
    """

    waiting: tuple[InboxEvent, ...] = ()
    more_waiting: int = 0
    refused: tuple[InboxEvent, ...] = ()
    more_refused: int = 0
    unsent: tuple[InboxEvent, ...] = ()


def inbox_events(registry: Registry, inbox: Inbox) -> InboxEvents:
    """Return the events in the inbox, with the current names of products."""
    return InboxEvents(
        tuple(_event(registry, each) for each in inbox.waiting),
        inbox.more_waiting,
        tuple(_refusal(registry, each) for each in inbox.refused),
        inbox.more_refused,
        tuple(_unsent(registry, each) for each in inbox.unsent),
    )


def _event(registry: Registry, found: WaitingEvent | RefusedEvent) -> InboxEvent:
    submission = found.submission or {}
    event = submission.get("event")
    given = _text(submission.get("product"), _NAME_LONGEST) or _text(found.product, _NAME_LONGEST)
    name = registry.target_of(given)
    unreadable = InboxEvent(_text(found.ref), name, name in registry.products, found.at)
    kind, version = submission.get("kind"), _part(event, "version")
    status = _part(event, "status")
    if kind not in _KINDS or not unreadable.product:
        return unreadable
    if not version and status != UNDEPLOYED:
        return unreadable
    return unreadable._replace(
        kind=str(kind),
        version=version,
        environment=_part(event, "environment"),
        status=status if status in (*STATUSES, UNDEPLOYED) else "",
    )


def _unsent(registry: Registry, dead: Mapping[str, Any]) -> InboxEvent:
    notice = dead["notice"] if isinstance(dead.get("notice"), dict) else {}
    products, environments = notice.get("products"), notice.get("environments")
    name = registry.target_of(_only(products))
    channel, error = _text(dead.get("channel"), _NAME_LONGEST), _text(dead.get("error"))
    return InboxEvent(
        _text(notice.get("key"), _NAME_LONGEST),
        name,
        name in registry.products,
        _moment(dead.get("at")),
        "notification",
        _text(notice.get("version"), _NAME_LONGEST),
        _only(environments),
        _text(notice.get("type"), _NAME_LONGEST),
        message=f"to {channel}: {error}",
        hint=_text(notice.get("key"), _NAME_LONGEST),
    )


def _only(names: object) -> str:
    """Return the text of a list of one, "" for anything else."""
    return _text(names[0], _NAME_LONGEST) if isinstance(names, list) and len(names) == 1 else ""


def _refusal(registry: Registry, found: RefusedEvent) -> InboxEvent:
    refusal: Mapping[str, Any] = found.refusal or {}
    code = refusal.get("code")
    event = _event(registry, found)
    return event._replace(
        at=_moment(refusal.get("at")) or event.at,
        # In Python, True is an int.
        code=code if type(code) is int and 0 < code < 256 else 0,
        message=_text(refusal.get("message")) or "the reason cannot be read",
        hint=_text(refusal.get("hint")),
    )


def _moment(value: object) -> str:
    """Return a valid time (RFC 3339, `Z`), `""` for anything else."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return ""
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return ""
    return value


def _part(event: object, key: str) -> str:
    return _text(event.get(key), _NAME_LONGEST) if isinstance(event, dict) else ""


def _text(value: object, longest: int = _TEXT_LONGEST) -> str:
    """Return a text on one line without control and direction characters; `""` for another type."""
    if not isinstance(value, str):
        return ""
    # A ref name may have bytes that are not UTF-8.
    whole = value[: longest * 4].encode("utf-8", "replace").decode("utf-8")
    line = " ".join(without_secrets(printable(whole)).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
