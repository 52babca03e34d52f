"""Metadata of any shape, and the fields of events that have no column, as labelled texts."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from versioner.models.event_fields import EVENT_FIELDS
from versioner.query.derived.latest_values import artifact_lines, event_details
from versioner.query.derived.owners import contacts_of
from versioner.site.privacy import pruned
from versioner.site.urls import outward

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from versioner.models import Event
    from versioner.query.derived.latest_values import EventDetails
    from versioner.registry.records import ProductRecord
    from versioner.site.views.parts.layout import View

__all__ = ["contacts", "detail_facts", "event_facts", "metadata"]

# Details that have a column.
_COLUMNS: Final = frozenset({"built_by", "notes"})
_LABELS: Final = {
    name: field.label
    for name, field in EVENT_FIELDS.items()
    if field.detail and name not in _COLUMNS
}
# Fields with several values.
_OTHERS: Final = frozenset(("artifacts", "overrides", "redacted", "extra_metadata"))
_PLACES: Final = {name: place for place, name in enumerate(_LABELS)}


def metadata(values: Mapping[str, Any], hidden: Collection[str] = ()) -> list[View]:
    """Return metadata as labelled texts; a list of scalars stays one, deeper data becomes JSON."""
    return [
        {"label": _label(key), **_shown(value)}
        for key, value in pruned(dict(values), hidden).items()
    ]


def contacts(
    record: ProductRecord, events: Sequence[Event] = (), hidden: Collection[str] = ()
) -> list[View]:
    """Return whom to ask about a product, as labelled texts with links where they are URLs."""
    return [fact(each.label, each.text) for each in contacts_of(record, events, hidden)]


def event_facts(events: Sequence[Event], hidden: Collection[str] = ()) -> list[View]:
    """Return the latest value of each field that has no column, and the metadata."""
    if len(events) == 1:
        event = events[0]
        names = _facts_of_one(tuple(event))
        if names is not None:
            return [
                fact(_LABELS[name], event[name])
                for name in names
                if event[name] and name not in hidden
            ]
    return detail_facts(event_details(events), hidden)


@lru_cache(maxsize=1024)
def _facts_of_one(keys: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return which keys of an event have a label, in order; None if a field has several values."""
    if not _OTHERS.isdisjoint(keys):
        return None
    return tuple(sorted(_LABELS.keys() & set(keys), key=_PLACES.__getitem__))


def detail_facts(details: EventDetails, hidden: Collection[str] = ()) -> list[View]:
    """Return details that have no column as labelled texts."""
    found, extra = details
    facts = [
        fact(_LABELS[field], value)
        for field in sorted(found.keys() & _LABELS.keys(), key=_PLACES.__getitem__)
        if field not in hidden
        for value in (artifact_lines(found[field]) if field == "artifacts" else [found[field]])
    ]
    if "overrides" not in hidden:
        facts += [
            fact(f"overrides {each['rule']}", each["reason"])
            for each in found.get("overrides") or ()
        ]
    if "redacted" in found:
        facts.append(fact("redacted", ", ".join(found["redacted"])))
    if extra:
        facts += [fact(key, value) for key, value in pruned(extra, hidden).items()]
    return facts


def fact(label: str, value: object) -> View:
    """Return one labelled text, with a link where it is a URL."""
    text = _text(value)
    return {"label": label, "text": text, "href": outward(text)}


def _label(key: str) -> str:
    return key.replace("_", " ") if key.replace("_", "").islower() else key


def _shown(value: object) -> View:
    if isinstance(value, list) and all(not isinstance(part, list | dict) for part in value):
        return {"items": [_item(_text(part)) for part in value], "data": ""}
    if isinstance(value, list | dict):
        return {"items": [], "data": json.dumps(value, ensure_ascii=False, indent=2)}
    return {"items": [_item(_text(value))], "data": ""}


def _item(text: str) -> View:
    return {"text": text, "href": outward(text)}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
