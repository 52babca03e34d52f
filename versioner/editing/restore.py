"""Restore a deleted product from the commit before its deletion."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from versioner import layout
from versioner.editing.session import EditResult, edit_session
from versioner.errors import NotFound, OperationFailed
from versioner.git.history import is_shallow, last_commit_with
from versioner.git.merge_base import deleted_states
from versioner.git.objects import reading
from versioner.git.snapshot import snapshot_at
from versioner.names import nearest
from versioner.query.derived.relations import former_names
from versioner.serialization import log
from versioner.serialization.assignments import Set, Unset
from versioner.serialization.documents import dump_document
from versioner.serialization.yaml_edit import edit_document
from versioner.validation.documents import validate_document
from versioner.validation.logs import validate_log

if TYPE_CHECKING:
    from versioner.editing.session import EditSession
    from versioner.git.objects import ObjectReader
    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Changes, Event
    from versioner.registry.records import Registry

__all__ = ["restore_product"]


def restore_product(repository: Repository, name: str, *, now: str) -> EditResult:
    """Restore the files of a product; if the name is in use again, merge the events by id.

    The products that depended on it before its deletion depend on it again.
    Raises NotFound if no product of this name was deleted, OperationFailed if the history of the
    clone does not reach back to the deletion.
    """
    with edit_session(repository) as edit, reading(edit.repository) as reader:
        name = edit.registry.target_of(name)
        then = _before_deletion(edit, reader, name)
        changes = _merged(then, edit, name)
        if name in edit.registry.deleted:
            changes[layout.deleted_path(name)] = None
        unchanged = name in edit.registry.products and all(
            edit.snapshot.read(path) == data for path, data in changes.items()
        )
        if unchanged:
            return edit.commit({}, f"Restore product {name}", now=now)
        notes = _drop_missing(changes, edit.registry, name)
        dependents = _former_dependents(then, edit, name)
        notes += [f"{other} depends on it again" for other in dependents]
        for again in dependents.values():
            changes |= again
        environments = _missing_environments(then, edit.registry, changes)
        notes += [f'the environment "{each}" is restored, too' for each in environments]
        changes |= {layout.environment_path(each): data for each, data in environments.items()}
        return edit.commit(changes, f"Restore product {name}", now=now, notes=tuple(notes))


def _before_deletion(edit: EditSession, reader: ObjectReader, name: str) -> Snapshot:
    """Return the registry as it was just before the product's latest deletion."""
    repository, directory = edit.repository, layout.product_dir(name)
    recorded = edit.registry.deleted.get(name, {}).get("last_commit")
    if recorded is not None:
        # After a rebase or in a shallow clone, the commit may be missing: then search the history.
        with suppress(OperationFailed, NotFound):
            then: Snapshot = snapshot_at(repository, recorded)
            if then.entries(directory):
                return then
    states = deleted_states(repository, reader, repository.tip or "").get(name)
    if states:
        return states[0]
    is_there = name in edit.registry.products
    if (recorded is not None or is_there) and is_shallow(repository):
        raise OperationFailed(
            f'the history of this clone does not reach back to the deletion of "{name}"',
            hint="in a shallow clone, `git fetch --unshallow` fetches the whole history",
        )
    if is_there:
        return edit.snapshot
    commit = last_commit_with(repository, directory)
    if commit is None:
        raise _never_deleted(name, edit.registry)
    return snapshot_at(repository, commit)


def _never_deleted(name: str, registry: Registry) -> NotFound:
    near = nearest(name, registry.deleted)
    return NotFound(
        f'there is no deleted product "{name}"',
        hint=f"did you mean {' or '.join(near)}?"
        if near
        else "registry/deleted/ contains their records",
    )


def _merged(then: Snapshot, edit: EditSession, name: str) -> Changes:
    """Return the old files; events recorded since are appended to the old logs."""
    old = then.read_many(then.entries(layout.product_dir(name)))
    current = edit.files_of(name) if name in edit.registry.products else {}
    changes: Changes = {path: data for path, data in old.items() if path not in current}
    known = {event["id"] for path, data in old.items() for event in _events(path, data)}
    for path, data in current.items():
        place = layout.place_of(path)
        if place is None or place.log_kind is None:
            continue
        events = _events(path, data)
        newer = [event for event in events if event["id"] not in known]
        if path in old:
            changes[path] = log.append(place.log_kind, old[path], newer)
        elif len(newer) < len(events):
            # One of the two has archived the month, so that the same event is in another log.
            changes[path] = log.append(place.log_kind, None, newer) if newer else None
    return changes


def _events(path: str, data: bytes) -> list[Event]:
    """Return the valid events of a log; none for another file."""
    place = layout.place_of(path)
    if place is None or place.log_kind is None:
        return []
    return validate_log(place.log_kind, data, path)[0]


def _missing_environments(then: Snapshot, registry: Registry, changes: Changes) -> dict[str, bytes]:
    """Return the files of environments that the restored events name, and that were deleted."""
    found: dict[str, bytes] = {}
    for path, data in sorted(changes.items()):
        place = layout.place_of(path)
        if data is None or place is None or place.log_kind in (None, "build"):
            continue
        for event in validate_log(place.log_kind, data, path)[0]:
            name = registry.environment_name(event.get("environment", ""))
            if name and name not in registry.environments and name not in found:
                source = then.read(layout.environment_path(name))
                found[name] = source or dump_document("environment", {"name": name})
    return found


def _drop_missing(changes: Changes, registry: Registry, name: str) -> list[str]:
    """Remove the products that are gone too from the depends_on of the restored one; note it."""
    path = layout.product_path(name)
    data = changes.get(path) or b""
    listed = _depends_on(data, path)
    missing = [each for each in listed if each != name and each not in registry.products]
    if missing:
        kept = [each for each in listed if each not in missing]
        change = Set(("depends_on",), kept) if kept else Unset(("depends_on",))
        changes[path] = edit_document(data, [change])
    return [f"it no longer depends on {each}, which does not exist" for each in missing]


def _former_dependents(then: Snapshot, edit: EditSession, name: str) -> dict[str, Changes]:
    """Return the products that depended on a deleted one: each with the edit that says so again."""
    found = {}
    earlier = former_names(edit.registry)
    for other, record in edit.registry.products.items():
        paths = [layout.product_path(each) for each in (other, *earlier.get(other, ()))]
        before = next((listed for path in paths if (listed := _depends_on_at(then, path))), [])
        now = list(record.document.get("depends_on", ()))
        if other != name and name in before and name not in now:
            # After the one that it followed, so that the order is the old one.
            earlier_ones = [each for each in before[: before.index(name)] if each in now]
            now.insert(now.index(earlier_ones[-1]) + 1 if earlier_ones else 0, name)
            found[other] = edit.edited(layout.product_path(other), [Set(("depends_on",), now)])
    return found


def _depends_on_at(then: Snapshot, path: str) -> list[str]:
    return _depends_on(then.read(path) or b"", path)


def _depends_on(data: bytes, path: str) -> list[str]:
    document, _ = validate_document("product", data, path)
    return list((document or {}).get("depends_on", ()))
