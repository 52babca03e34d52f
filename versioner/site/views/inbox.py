"""Events that wait to be recorded, and those that were refused, for who looks after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.site.views.products import title_of
from versioner.site.wording import count, version_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.site.context import SiteContext
    from versioner.site.inbox import Unrecorded
    from versioner.site.views.layout import View

__all__ = ["unrecorded_groups"]

_SHOWN: Final = 5
_SHOWN_OF_ONE: Final = 20
# What it means, and the command that does something about it.
_WAITING: Final = ("received, not recorded yet", "versioner collect")
_REFUSED: Final = ("not recorded", "versioner inbox list")


def unrecorded_groups(atlas: SiteContext, page: str, product: str = "") -> list[View]:
    """Return what waits and what was refused, of all products or of one; groups with none left out.

    Where there are more than were read, they are counted with those of all products.
    """
    found = atlas.unrecorded
    limit = _SHOWN_OF_ONE if product else _SHOWN
    groups = []
    for events, rest, status_class, noun, (note, command) in (
        (found.waiting, found.more_waiting, "status-pending", "waiting", _WAITING),
        (found.refused, found.more_refused, "status-failed", "refused", _REFUSED),
    ):
        own = [each for each in events if product in ("", each.product)]
        number = len(own) + (0 if product else rest)
        if own:
            words = f"{count(number, 'event')} {noun}"
            items = _items(atlas, page, own[:limit])
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


def _items(atlas: SiteContext, page: str, events: Sequence[Unrecorded]) -> list[View]:
    return [
        {
            "product": title_of(atlas, each.product) if each.is_known else each.product,
            "href": atlas.product(page, each.product) if each.is_known else "",
            "environment": _place(atlas, each.environment),
            "version": version_text(each.version),
            "version_full": each.version,
            "what": _what(each),
            "at": each.at,
            "age": atlas.age(each.at) if each.at else "",
            "message": each.message,
            "hint": each.hint,
            "ref": "" if each.kind else each.ref,
        }
        for each in events
    ]


def _place(atlas: SiteContext, environment: str) -> str:
    return (
        atlas.environment_title(environment) if environment in atlas.environments else environment
    )


def _what(event: Unrecorded) -> str:
    words = ("build", event.status) if event.kind == "build" else (event.status,)
    return " ".join(word for word in words if word)
