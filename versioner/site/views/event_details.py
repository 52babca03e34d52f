"""Metadata of any shape, and the fields of events that have no column, as labelled texts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from versioner.query.selectors import event_details
from versioner.site.privacy import pruned
from versioner.site.urls import outward

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from versioner.models import Event
    from versioner.site.views.layout import View

__all__ = ["event_facts", "metadata"]

# The labels of the fields, in display order. Fields that have a column are not here.
_FIELDS: Final = {
    "deploy_url": "deployed at",
    "build_number": "build",
    "build_url": "build page",
    "scm_repository": "repository",
    "scm_branch": "branch",
    "scm_sha": "commit",
    "source_system": "from",
    "source_server": "server",
    "invoke_id": "run",
    "attempt": "attempt",
    "job": "job",
    "deployed_by_name": "name",
    "deployed_by_email": "e-mail",
    "built_by_name": "name",
    "built_by_email": "e-mail",
    "started_at": "started at",
    "completed_at": "completed at",
}
_POSITIONS: Final = {field: position for position, field in enumerate(_FIELDS)}


def metadata(values: Mapping[str, Any], hidden: Collection[str] = ()) -> list[View]:
    """Return metadata as labelled texts; a list of scalars stays one, deeper data becomes JSON."""
    return [
        {"label": _label(key), **_shown(value)}
        for key, value in pruned(dict(values), hidden).items()
    ]


def event_facts(events: Iterable[Event], hidden: Collection[str] = ()) -> list[View]:
    """Return the latest value of each field that has no column, and the metadata."""
    found, extra = event_details(events)
    known = [field for field in found if field in _FIELDS and field not in hidden]
    facts = [
        fact(_FIELDS[field], found[field]) for field in sorted(known, key=_POSITIONS.__getitem__)
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
