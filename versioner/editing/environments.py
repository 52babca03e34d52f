"""Create, edit and retire environments."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from versioner import layout
from versioner.editing.session import EditResult, edit_session, parse_edits
from versioner.errors import Blocked
from versioner.names import check_name
from versioner.recording.policy import refuse_secrets
from versioner.serialization.assignments import Set, Unset
from versioner.serialization.documents import dump_document
from versioner.serialization.yaml_edit import edit_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.git.repository import Repository
    from versioner.models import Changes

__all__ = ["create_environment", "edit_environment", "retire_environment"]


def create_environment(
    repository: Repository,
    name: str,
    *,
    fields: Mapping[str, Any] = MappingProxyType({}),
    assignments: Sequence[str] = (),
    now: str,
) -> EditResult:
    """Add an environment.

    `fields` are keys of its file with JSON values, `assignments` are KEY=VALUE with dotted keys.
    """
    check_name(name, "environment")
    refuse_secrets(dict(fields))
    with edit_session(repository) as edit:
        if name in edit.registry.environment_aliases:
            owner = edit.registry.environment_aliases[name]
            raise Blocked(
                f'"{name}" is a former name of "{owner}"',
                hint=f"choose another name, or remove this one from the aliases in "
                f"{layout.environment_path(owner)} first",
            )
        if name in edit.registry.environments:
            raise Blocked(
                f'the environment "{name}" already exists',
                hint=f"`versioner environment edit {name}` edits it",
            )
        source = dump_document("environment", {**fields, "name": name})
        if assignments:
            source = edit_document(source, parse_edits(assignments))
        changes: Changes = {layout.environment_path(name): source}
        return edit.commit(changes, f"Create environment {name}", now=now, assignments=assignments)


def edit_environment(
    repository: Repository,
    name: str,
    *,
    set_: Sequence[str] = (),
    unset: Sequence[str] = (),
    now: str,
) -> EditResult:
    """Set and unset dotted keys of an environment, keeping its comments, order and style."""
    edits = parse_edits(set_, unset)
    with edit_session(repository) as edit:
        name = edit.registry.environment(name)["name"]
        changes = edit.edited(layout.environment_path(name), edits)
        return edit.commit(changes, f"Edit environment {name}", now=now, assignments=set_)


def retire_environment(
    repository: Repository, name: str, *, now: str, undo: bool = False
) -> EditResult:
    """Mark an environment as retired, or with `undo` as active; its history stays."""
    with edit_session(repository) as edit:
        document = edit.registry.environment(name)
        name = document["name"]
        subject = f"Make environment {name} active again" if undo else f"Retire environment {name}"
        if undo and "retired" not in document:
            return EditResult(None, subject)
        mark = Unset(("retired",)) if undo else Set(("retired",), True)
        changes = edit.edited(layout.environment_path(name), [mark])
        return edit.commit(changes, subject, now=now)
