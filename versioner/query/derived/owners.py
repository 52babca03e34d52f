"""The owner of a product, and whom to ask about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.errors import NotFound
from versioner.names import nearest
from versioner.query.derived.latest_values import event_details

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from versioner.models import Event
    from versioner.registry.records import ProductRecord

__all__ = ["Contact", "contacts_of", "owner_of", "products_of_team"]

# The keys of a product's metadata that name its owner; the first one that is set counts.
_OWNER_KEYS: Final = ("team", "owner")


# The keys of metadata that readers know: whom to ask, and where to look, when something failed.
CONTACT_KEYS: Final = ("team", "owner", "on_call", "chat", "runbook", "ticket")


class Contact(NamedTuple):
    """A value of a known key of metadata: whom to ask, or where to look, about a product."""

    key: str
    text: str

    @property
    def label(self) -> str:
        """Return the key as words: `on call`."""
        return self.key.replace("_", " ")


def owner_of(record: ProductRecord, hidden: Collection[str] = ()) -> str:
    """Return the team or person that owns a product, "" where its file names none."""
    metadata = record.document.get("extra_metadata") or {}
    values = (metadata.get(key) for key in _OWNER_KEYS if key not in hidden)
    return next((str(value) for value in values if value), "")


def products_of_team(records: Iterable[ProductRecord], team: str) -> list[str]:
    """Return the names of the products that a team owns, whatever the case of its name.

    Raises NotFound, with the nearest names, where none has that owner.
    """
    owners = {record.name: owner_of(record) for record in records}
    found = [name for name, owner in owners.items() if owner.lower() == team.strip().lower()]
    if not found:
        near = nearest(team, sorted({*owners.values()} - {""}))
        raise NotFound(
            f'no product has the team "{team}"',
            hint=f"did you mean {', '.join(near)}?"
            if near
            else "extra_metadata.team of a product's file names its team",
        )
    return found


def contacts_of(
    record: ProductRecord, events: Sequence[Event] = (), hidden: Collection[str] = ()
) -> list[Contact]:
    """Return whom to ask about a product: the values of the known keys of its metadata.

    Metadata of `events`, those of a deployment, takes precedence: its own ticket, for example. A
    list gives one contact for each text; deeper data gives none.
    """
    found = {**(record.document.get("extra_metadata") or {}), **event_details(events).metadata}
    return [
        Contact(key, str(each))
        for key in CONTACT_KEYS
        if key not in hidden
        for each in _values(found.get(key))
        if isinstance(each, str | int | float) and not isinstance(each, bool) and str(each).strip()
    ]


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
