"""The text of plain events, of which most files consist: made at once for all their fields.

A plain event has ASCII texts that need no escape, in fields that name no other event. The texts
are those that `content_text` and `event_line` give, which look at each field.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final

from versioner.editing.importing.options import FIELDS, MAPS, OBJECT
from versioner.models.event_fields import personal_fields
from versioner.serialization import log

if TYPE_CHECKING:
    from collections.abc import Collection

    from versioner.models import Event

__all__ = ["PlainForm", "is_plain", "plain_form"]

# Events with more text are checked for the length of their line, which has their keys, too.
_SHORT: Final = log.LONGEST_LINE // 2
_NEEDED: Final = frozenset(("product", "at", "environment"))
_USUAL: Final = frozenset(FIELDS).difference(("voids", "deployment", "redacted", OBJECT, *MAPS))


def is_plain(texts: str | None) -> bool:
    """Return whether texts are short, in ASCII, and need no escape in JSON; None is no text."""
    return (
        texts is not None
        and texts.isascii()
        and texts.isprintable()
        and '"' not in texts
        and "\\" not in texts
        and len(texts) < _SHORT
    )


def plain_form(fields: Collection[str], people: str) -> PlainForm | None:
    """Return the form of rows with these fields, None where they need more than plain texts.

    `people` is the setting of registry.yaml.
    """
    if not _NEEDED <= set(fields) <= _USUAL:
        return None
    login, *personal = personal_fields("deployment")
    excluded = {*(personal if people != "all" else ()), *((login,) if people == "none" else ())}
    keys = {*fields, "status"} - {"product", "id"}
    return PlainForm(keys, keys & excluded, login if people == "login" and login in keys else "")


class PlainForm:
    """The events of rows with the same fields, apart from their ids.

    `left_out` are the fields that are not recorded, `login` one whose value must not be an
    e-mail address, "" for none; `claims` tells whether events tell more of a version than its
    name.
    """

    def __init__(self, keys: Collection[str], left_out: Collection[str], login: str) -> None:
        self.left_out = frozenset(left_out)
        self.login = login
        self.claims = "scm_sha" in keys
        ordered = sorted(keys)
        pairs = ",".join(f'"{key}":"%s"' for key in ordered)
        self._content = f'"%s",{{{pairs}}}'
        self._contents = itemgetter(*ordered)
        recorded = [key for key in log.KEYS["deployment"] if key in keys and key not in left_out]
        self._line = "- {" + ", ".join(f'{key}: "%s"' for key in recorded)
        self._recorded = itemgetter(*recorded)

    def content(self, product: str, event: Event) -> str:
        """Return the text that the id of an event is made of, by all of its fields."""
        return self._content % (product, *self._contents(event))

    def line(self, event: Event) -> str:
        """Return the line of an event up to its id."""
        text: str = self._line % self._recorded(event)
        return text
