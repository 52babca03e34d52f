"""Refuse secrets, leave out people and refuse new names, before an event is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.errors import Blocked, InvalidInput
from versioner.models.event_fields import personal_fields
from versioner.models.events import UNDEPLOYED
from versioner.secret_scanning import find_secrets, may_hold_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.models import Event, RegistryConfig
    from versioner.models.events import RecordKind
    from versioner.recording.event_warnings import AbsentName

__all__ = ["check_creation", "leave_people_out", "refuse_secrets"]


def check_creation(
    absent: Iterable[AbsentName], event: Event, config: RegistryConfig, *, asked: bool
) -> None:
    """Raise Blocked for the first absent name where the event may not create it.

    `asked` is False with --no-create. A hint never proposes to create a slip of a known name.
    """
    if event["status"] == UNDEPLOYED:
        why = "an undeployment creates no {kind}: nothing was deployed there"
    elif config.get("create") == "never":
        why = "`versioner {kind} create {name}` creates it; registry.yaml has `create: never`"
    elif not asked:
        why = "`versioner {kind} create {name}` creates it; an event without --no-create creates it"
    else:
        return
    for kind, name, _, near, _ in absent:
        if near:
            raise Blocked(
                f'there is no {kind} "{name}", but there is "{near}"', hint=f"did you mean {near}?"
            )
        raise Blocked(f'there is no {kind} "{name}"', hint=why.format(kind=kind, name=name))


def leave_people_out(kind: RecordKind, event: Event, config: Mapping[str, Any]) -> None:
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
    if "changes" in event:
        # Imported here, because most events have no commits.
        from versioner.recording.commit_texts import without_people
        from versioner.serialization.commit_lines import read_changes

        changes = read_changes(event["changes"])
        event["changes"] = changes if people == "all" else without_people(changes, people)


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
