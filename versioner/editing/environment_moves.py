"""Rename, merge and delete environments; no event is rewritten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner import layout
from versioner.editing.session import EditResult, edit_session, refuse_unread
from versioner.errors import Blocked, UsageFault
from versioner.names import check_name, environment_type
from versioner.serialization.assignments import Change, Set
from versioner.serialization.yaml_edit import edit_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.editing.session import EditSession
    from versioner.git.repository import Repository
    from versioner.models import Changes
    from versioner.registry.records import Registry

__all__ = ["delete_environment", "merge_environment", "rename_environment"]


def rename_environment(repository: Repository, old: str, new: str, *, now: str) -> EditResult:
    """Rename an environment; the old name stays valid as one of its `aliases`.

    Raises Blocked if the new name is taken.
    """
    check_name(new, "environment")
    with edit_session(repository) as edit:
        name = _name_of(edit, old)
        _refuse_rename(edit, name, new)
        document = edit.registry.environments[name]
        path = layout.environment_path(name)
        aliases = [each for each in document.get("aliases", ()) if each != new]
        edits: list[Change] = [Set(("name",), new), Set(("aliases",), [*aliases, name])]
        pinned, notes = _type_after(name, new, edit.read(path), document)
        changes: Changes = {
            path: None,
            layout.environment_path(new): edit_document(edit.read(path), [*edits, *pinned]),
        }
        subject = f"Rename environment {name} to {new}"
        return edit.commit(changes, subject, now=now, notes=notes)


def merge_environment(repository: Repository, name: str, into: str, *, now: str) -> EditResult:
    """Make an environment a former name of another one, which takes over all of its events.

    Its former names and instances move along; what else its file says is lost, and a note says
    so. An environment that only events name can be merged, too.
    """
    with edit_session(repository) as edit:
        target = _name_of(edit, into)
        if edit.registry.environment_aliases.get(name) == target:
            raise UsageFault(f'"{name}" is a former name of "{target}" already')
        source = _name_of(edit, name, needs_file=False)
        if source == target:
            raise UsageFault(
                f'"{into}" is the same environment as "{name}"', hint="name two environments"
            )
        merged = edit.registry.environments.get(source, {})
        changes = _merged_files(edit, source, merged, target)
        events, products = _count_uses(edit.registry, source)
        of_products = f"{_counted(events, 'event')} of {_counted(products, 'product')}"
        notes = [f"{target} took over {of_products}"] if events else []
        lost = sorted(set(_written(edit, source)) - {"name", "aliases", "instances"})
        if lost:
            notes.append(f"keys not kept of {layout.environment_path(source)}: {', '.join(lost)}")
        subject = f"Merge environment {source} into {target}"
        return edit.commit(changes, subject, now=now, notes=tuple(notes))


def delete_environment(repository: Repository, name: str, *, now: str) -> EditResult:
    """Delete an environment that no event names, under any of its names, void or not.

    Raises Blocked for any other, and where some events cannot be read; UsageFault for a former
    name, which would delete another environment than the one that was meant.
    """
    with edit_session(repository) as edit:
        owner = _name_of(edit, name)
        if owner != name:
            raise UsageFault(
                f'"{name}" is a former name of "{owner}"',
                hint="a former name that no event has can be removed from the aliases in "
                f"{layout.environment_path(owner)}",
            )
        for product in edit.registry.products:
            refuse_unread(edit.registry, product)
        events, products = _count_uses(edit.registry, name)
        if events:
            raise Blocked(
                f'"{name}" is not deleted: {_counted(events, "event")} of '
                f"{_counted(products, 'product')} {'names' if events == 1 else 'name'} it",
                hint=f"`versioner environment retire {name}` keeps its history and hides it; "
                f"`versioner environment merge {name} --into OTHER` gives its events to another "
                "environment",
            )
        changes: Changes = {layout.environment_path(name): None}
        return edit.commit(changes, f"Delete environment {name}", now=now)


def _name_of(edit: EditSession, name: str, *, needs_file: bool = True) -> str:
    """Return the environment of a name or former name; raise NotFound, Blocked if unreadable."""
    target = edit.registry.environment_name(name)
    path = layout.environment_path(target)
    if target not in edit.registry.environments and edit.snapshot.read(path) is not None:
        raise Blocked(
            f"{path} cannot be read",
            hint="fix the file first: `versioner validate` lists its errors",
        )
    if needs_file or not any(_count_uses(edit.registry, target)):
        edit.registry.environment(name)
    return target


def _refuse_rename(edit: EditSession, name: str, new: str) -> None:
    if new == name:
        raise UsageFault(f'the name of the environment is already "{name}"')
    owner = edit.registry.environment_aliases.get(new, name)
    if owner != name:
        raise Blocked(f'"{new}" is a former name of "{owner}"', hint="choose another name")
    is_there = edit.snapshot.read(layout.environment_path(new)) is not None
    if is_there or any(_count_uses(edit.registry, new)):
        raise Blocked(
            f'the environment "{new}" already exists',
            hint=f"choose another name, or `versioner environment merge {name} --into {new}`",
        )


def _type_after(
    old: str, new: str, data: bytes, document: Mapping[str, Any]
) -> tuple[list[Change], tuple[str, ...]]:
    """Return the change that keeps an environment's type, and notes.

    The type that follows from a name is kept where the new name has no word for a type.
    """
    before, after = environment_type(old), environment_type(new)
    if before == after or _keys(data) & {"type"}:
        return [], ()
    if after == "other":
        return [Set(("type",), before)], ()
    return [], (f"the type changed from {before} to {after}, as the new name tells",)


def _merged_files(
    edit: EditSession, source: str, merged: Mapping[str, Any], target: str
) -> Changes:
    path, kept = layout.environment_path(target), edit.registry.environments[target]
    aliases = dict.fromkeys([*kept.get("aliases", ()), source, *merged.get("aliases", ())])
    # Two files that claim each other's names, an error of `validate`, are merged into a valid one.
    aliases.pop(target, None)
    edits: list[Change] = [Set(("aliases",), list(aliases))]
    if "instances" in merged:
        instances = [*kept.get("instances", ()), *merged["instances"]]
        edits.append(Set(("instances",), list(dict.fromkeys(instances))))
    changes: Changes = {path: edit_document(edit.read(path), edits)}
    if merged:
        changes[layout.environment_path(source)] = None
    return changes


def _written(edit: EditSession, name: str) -> set[str]:
    data = edit.snapshot.read(layout.environment_path(name))
    return _keys(data) if data is not None else set()


def _keys(data: bytes) -> set[str]:
    """Return the keys that a file has; those of a loaded document are more."""
    from versioner.validation.documents import validate_document

    document, _ = validate_document("environment", data, "")
    return set(document or ())


def _count_uses(registry: Registry, name: str) -> tuple[int, int]:
    """Return how many events name an environment, and of how many products."""
    counts = [
        sum(event.get("environment") == name for event in events)
        for record in registry.products.values()
        for events in ([*record.deployment_events, *record.observations],)
    ]
    return sum(counts), sum(map(bool, counts))


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
