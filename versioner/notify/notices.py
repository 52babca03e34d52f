"""A notice: one thing that happened, with the names of what it is about.

It has no free text and no people: those are read from the registry when it is sent, so that a
value that was redacted meanwhile is not sent, and none stays in git.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

__all__ = ["Notice", "notice_of"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that happened.

    `key` names it for ever: the id of the event in the log, where there is one (`event`). `also`
    are narrower words that select it. `products` and `environments` are those that it is about;
    None is all of them. `deployment` is the id of the deployment of an event. `name` is a rule or
    a request, `old_name` what something was called before. `words` are names of fields, `count` a
    number of events.
    """

    key: str
    type: str
    at: str
    also: tuple[str, ...] = ()
    products: tuple[str, ...] | None = ()
    environments: tuple[str, ...] | None = ()
    version: str = ""
    instance: str = ""
    event: str = ""
    deployment: str = ""
    previous: str = ""
    name: str = ""
    old_name: str = ""
    words: tuple[str, ...] = ()
    count: int = 0

    @property
    def product(self) -> str:
        """Return the product that it is about, "" where it is none or several."""
        return self.products[0] if self.products and len(self.products) == 1 else ""

    @property
    def environment(self) -> str:
        """Return the environment that it is about, "" where it is none or several."""
        found = self.environments
        return found[0] if found and len(found) == 1 else ""

    def as_json(self) -> dict[str, Any]:
        """Return its fields, without those that have their default."""
        found = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value != each.default:
                found[each.name] = list(value) if isinstance(value, tuple) else value
        return found


def notice_of(document: dict[str, Any]) -> Notice:
    """Return a notice from its JSON; raise TypeError or KeyError where it is none."""
    known = {each.name for each in fields(Notice)}
    values: dict[str, Any] = {
        name: tuple(map(str, value)) if isinstance(value, list) else value
        for name, value in document.items()
        if name in known
    }
    return Notice(**values)
