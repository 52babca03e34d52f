"""Check an inbox: the events that wait, and the events that were refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.doctor.checks import note, ok, warning
from versioner.query.times.text import age_text, seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.doctor.checks import Check
    from versioner.remote.inbox_refs import Inbox, RefusedEvent

__all__ = ["check_inbox"]

# One `collect` records this many with ease; if so many wait, it does not seem to run.
_MANY: Final = 200
_LONG_SECONDS: Final = 86_400
_NAMED: Final = 5


def check_inbox(found: Inbox, now: str, *, where: str = "") -> Iterator[Check]:
    """Report the number and age of waiting events, and the refused events with the reasons."""
    yield _waiting(found, now, where)
    number = len(found.refused) + found.more_refused
    if not number:
        yield ok("refused", f"no event was refused{where}")
    for each in found.refused[:_NAMED]:
        yield warning(
            "refused",
            f"{each.product}/{each.key}: {_reason(each)}",
            f"`versioner inbox list` shows it; `versioner inbox release {each.key}` returns it "
            "to the inbox, `versioner inbox discard {each.key}` removes it",
        )
    if number > _NAMED:
        more = f"and {number - _NAMED} more were refused{where}"
        yield warning("refused", more, "versioner inbox list")


def _waiting(found: Inbox, now: str, where: str) -> Check:
    number = len(found.waiting) + found.more_waiting
    if not number:
        return ok("waiting", f"no event waits{where}")
    oldest = found.waiting[0].at if found.waiting else ""
    age = seconds_between(oldest, now) if oldest else 0
    since = f", the oldest for {age_text(age)}" if age >= 60 else ""
    message = f"{number} event{'' if number == 1 else 's'} wait{'s' * (number == 1)}{since}{where}"
    if number >= _MANY or age >= _LONG_SECONDS:
        return warning(
            "waiting",
            f"{message}: `collect` does not seem to run",
            "run `versioner collect`, and check that the publish workflow runs on schedule",
        )
    return note("waiting", message, "`versioner collect` records them now")


def _reason(refused: RefusedEvent) -> str:
    message = (refused.refusal or {}).get("message", "")
    return message if isinstance(message, str) and message else "the reason cannot be read"
