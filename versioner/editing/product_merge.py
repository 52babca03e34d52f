"""Merge a product into another one, for example one that a typing error created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import layout
from versioner.editing.products import replaced_in_dependents
from versioner.editing.session import EditResult, edit_session, refuse_unread
from versioner.errors import UsageFault
from versioner.query.derived.relations import former_names
from versioner.serialization import log
from versioner.serialization.documents import dump_document
from versioner.serialization.year_log import year_header
from versioner.validation.logs import validate_log

if TYPE_CHECKING:
    from versioner.editing.session import EditSession
    from versioner.git.repository import Repository
    from versioner.models import Changes

__all__ = ["merge_product"]


def merge_product(repository: Repository, name: str, into: str, *, now: str) -> EditResult:
    """Add the events of a product to those of another one, and make its name a former name of it.

    The events are the same, in the logs of the other product. What else the product's file says
    is lost, and a note says so. Raises Blocked if some files of one of the two cannot be read, and
    InvalidInput where their events contradict each other.
    """
    with edit_session(repository) as edit:
        source, target = (edit.registry.resolve(each).name for each in (name, into))
        if source == target:
            raise UsageFault(f'"{into}" is the same product as "{name}"', hint="name two products")
        for product in (source, target):
            refuse_unread(edit.registry, product)
        changes: Changes = dict.fromkeys(edit.files_of(source), None)
        changes |= _merged_logs(edit, source, target)
        changes |= replaced_in_dependents(edit, source, target)
        for alias in [source, *former_names(edit.registry).get(source, ())]:
            changes[layout.alias_path(alias)] = dump_document("alias", {"to": target})
        notes = _notes(edit, source, target)
        subject = f"Merge product {source} into {target}"
        return edit.commit(changes, subject, now=now, notes=notes)


def _merged_logs(edit: EditSession, source: str, target: str) -> Changes:
    changes: Changes = {}
    for path, data in edit.files_of(source).items():
        place = layout.place_of(path)
        if place is None or place.log_kind is None:
            continue
        events, _ = validate_log(place.log_kind, data, path)
        new = layout.log_path(target, place.log_kind, place.period)
        existing = edit.snapshot.read(new)
        if existing is None and place.is_of_year:
            existing = year_header(place.log_kind)
        changes[new] = log.append(place.log_kind, existing, events)
    return changes


def _notes(edit: EditSession, source: str, target: str) -> tuple[str, ...]:
    record = edit.registry.products[source]
    events = len(record.builds) + len(record.deployment_events)
    moved = f"{target} took over {events:,} event{'' if events == 1 else 's'}"
    lost = sorted(set(record.document) - {"name"})
    if not lost:
        return (moved,)
    return moved, f"keys not kept of {layout.product_path(source)}: {', '.join(lost)}"
