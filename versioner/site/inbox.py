"""What was received and is not recorded: words for it that are safe to show.

Whoever may push may have written it. Nothing of it is believed: texts are cut and cleaned, and
what is not of the expected shape is told by the name of its ref alone.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.git.process import printable
from versioner.models import STATUSES
from versioner.secret_scanning import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.registry.records import Registry
    from versioner.remote.inbox_refs import Inbox, Refused, Waiting

__all__ = ["Unrecorded", "Unrecordeds", "unrecorded_of"]

_NAME_LONGEST: Final = 128
_TEXT_LONGEST: Final = 400
_KINDS: Final = ("deployment", "build")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class Unrecorded(NamedTuple):
    """Hold an event that is not on the branch; `kind` is `""` where it cannot be read.

    `product` is the name it has now, `is_known` tells whether there is such a product. `at` is
    when it was received, or refused; a refused one has a `message`.
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


class Unrecordeds(NamedTuple):
    """Hold what waits, oldest first, and what was refused, latest first; and how many more."""

    waiting: tuple[Unrecorded, ...] = ()
    more_waiting: int = 0
    refused: tuple[Unrecorded, ...] = ()
    more_refused: int = 0


def unrecorded_of(registry: Registry, inbox: Inbox) -> Unrecordeds:
    """Return what is in a registry's inbox, product names as they are now."""
    return Unrecordeds(
        tuple(_event(registry, each) for each in inbox.waiting),
        inbox.more_waiting,
        tuple(_refusal(registry, each) for each in inbox.refused),
        inbox.more_refused,
    )


def _event(registry: Registry, found: Waiting | Refused) -> Unrecorded:
    said = found.submission or {}
    event = said.get("event")
    given = _text(said.get("product"), _NAME_LONGEST) or _text(found.product, _NAME_LONGEST)
    name = registry.aliases.get(given, given)
    told = Unrecorded(_text(found.ref), name, name in registry.products, found.at)
    kind, version = said.get("kind"), _part(event, "version")
    if kind not in _KINDS or not version or not told.product:
        return told
    status = _part(event, "status")
    return told._replace(
        kind=str(kind),
        version=version,
        environment=_part(event, "environment"),
        status=status if status in STATUSES else "",
    )


def _refusal(registry: Registry, found: Refused) -> Unrecorded:
    said: Mapping[str, Any] = found.refusal or {}
    code = said.get("code")
    event = _event(registry, found)
    return event._replace(
        at=_moment(said.get("at")) or event.at,
        # True is a number to Python, and none to anybody else.
        code=code if type(code) is int and 0 < code < 256 else 0,
        message=_text(said.get("message")) or "no reason can be read",
        hint=_text(said.get("hint")),
    )


def _moment(value: object) -> str:
    """Return a moment that there was, `""` for anything else."""
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
    """Return a text on one line, without what could hide or turn it; `""` for what is none."""
    if not isinstance(value, str):
        return ""
    # A ref's name may hold bytes that are no text.
    whole = value[: longest * 4].encode("utf-8", "replace").decode("utf-8")
    line = " ".join(without_secrets(printable(whole)).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
