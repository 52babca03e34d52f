"""Refuse secrets and leave out people, before an event is recorded in any way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.errors import InvalidInput
from versioner.models.event_fields import personal_fields
from versioner.secret_scanning import find_secrets, may_hold_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models import Event, EventKind

__all__ = ["leave_people_out", "refuse_secrets"]


def leave_people_out(kind: EventKind, event: Event, config: Mapping[str, Any]) -> None:
    """Remove from an event the people that `people:` in registry.yaml excludes.

    With `login`, the default, a login that is an e-mail address is removed too.
    """
    people = config.get("people", "login")
    login, *personal = personal_fields(kind)
    if people == "none" or (people == "login" and "@" in str(event.get(login, ""))):
        event.pop(login, None)
    if people != "all":
        for key in personal:
            event.pop(key, None)


def refuse_secrets(values: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a value with a text that looks like a secret key, unquoted.

    Call this before any other check of the values: their errors quote the value.
    """
    # The quick test: a repr contains each part of a secret unchanged.
    if not may_hold_secret(repr(values).encode(errors="replace")):
        return
    for pointer in find_secrets(values):
        name = str(pointer[0]) if pointer else "a name"
        raise InvalidInput(
            f"{name} holds a text that looks like a secret key",
            field=name,
            hint="never record a secret: leave it out, and replace it where it is used",
        )
