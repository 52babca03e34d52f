"""The events in the inbox, and notifications that failed, as groups on overview and products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.site.views.products import title_of
from versioner.site.wording import count, version_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.site.context import SiteContext
    from versioner.site.inbox import InboxEvent
    from versioner.site.views.parts.layout import View

__all__ = ["inbox_groups"]

_SHOWN: Final = 5
_SHOWN_OF_ONE: Final = 20
# The meaning of each group, and the command for it.
_WAITING: Final = ("received, not recorded yet", "versioner collect")
_REFUSED: Final = ("not recorded", "versioner inbox list")
_UNSENT: Final = ("failed or in doubt", "versioner notify list")


def inbox_groups(context: SiteContext, page: str, product: str = "") -> list[View]:
    """Return the waiting and refused events and unsent notifications, without empty groups.

    They are those of all products or of one.

    Events beyond those that were read are counted only where all products are shown.
    """
    found = context.inbox
    limit = _SHOWN_OF_ONE if product else _SHOWN
    groups = []
    for events, rest, status_class, noun, what, (note, command) in (
        (found.waiting, found.more_waiting, "status-pending", "waiting", "event", _WAITING),
        (found.refused, found.more_refused, "status-failed", "refused", "event", _REFUSED),
        (found.unsent, 0, "status-failed", "not sent", "notification", _UNSENT),
    ):
        own = [each for each in events if product in ("", each.product)]
        number = len(own) + (0 if product else rest)
        if own:
            words = f"{count(number, what)} {noun}"
            items = _items(context, page, own[:limit])
            groups.append(
                {
                    "status_class": status_class,
                    "text": words,
                    "note": note,
                    "command": command,
                    "items": items,
                    "more": number - len(items),
                }
            )
    return groups


def _items(context: SiteContext, page: str, events: Sequence[InboxEvent]) -> list[View]:
    return [
        {
            "product": title_of(context, each.product) if each.is_known else each.product,
            "href": context.product(page, each.product) if each.is_known else "",
            "environment": _environment_text(context, each.environment),
            "version": version_text(each.version),
            "version_full": each.version,
            "what": _what(each),
            "at": each.at,
            "age": context.age(each.at) if each.at else "",
            "message": each.message,
            "hint": each.hint,
            "ref": "" if each.kind else each.ref,
        }
        for each in events
    ]


def _environment_text(context: SiteContext, environment: str) -> str:
    environment = context.registry.environment_name(environment)
    return (
        context.environment_title(environment)
        if environment in context.environments
        else environment
    )


def _what(event: InboxEvent) -> str:
    words = ("build", event.status) if event.kind == "build" else (event.status,)
    return " ".join(word for word in words if word)
