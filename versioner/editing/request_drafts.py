"""Edit a deployment request that is a draft still: add to it, or change its fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from versioner.editing.patches import edits_of_patch
from versioner.editing.requests import (
    held_name,
    order_without,
    request_of_name,
    unknown_versions,
)
from versioner.editing.session import EditResult, edit_session
from versioner.errors import Blocked, InvalidInput
from versioner.names import check_name, check_version
from versioner.recording.policy import refuse_secrets
from versioner.serialization.assignments import Set, Unset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.git.repository import Repository
    from versioner.models.governance import Request
    from versioner.registry.records import Registry

__all__ = ["DraftAddition", "EditedDraft", "add_to_draft", "edit_draft"]

_MOST_PEOPLE: Final = 100
_STEPS: Final = ("before", "after")
# The keys that a request has also where they are empty.
_ALWAYS: Final = ("environments", "versions")


@dataclass(frozen=True, slots=True)
class DraftAddition:
    """What is added to a draft: versions by product, people by type of approval, and steps.

    A step is a pair of "before" or "after" and its text.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    approvals: Mapping[str, int] = field(default_factory=dict)
    steps: Sequence[tuple[str, str]] = ()


@dataclass(slots=True)
class EditedDraft:
    """A draft as it is after an edit (or would be), and the edit."""

    document: dict[str, Any]
    edited: EditResult


def add_to_draft(
    repository: Repository, name: str, addition: DraftAddition, *, now: str, dry_run: bool = False
) -> EditedDraft:
    """Add to a request that is a draft; with `dry_run` nothing is written.

    Raises Blocked for a request that is no draft any more, NotFound for an unknown name, and
    InvalidInput for a request that would have an error.
    """
    refuse_secrets({"steps": [text for _, text in addition.steps]})
    with edit_session(repository) as edit:
        request = _draft_of_name(edit.registry, name)
        edits = list(_edits(edit.registry, request, addition))
        changes = edit.edited(request.path, edits)
        notes = tuple(unknown_versions(edit.registry, addition.versions))
        subject = f"Edit request {request.name}"
        document = _edited(request.document, edits)
        if dry_run:
            edit.check(changes)
            return EditedDraft(document, EditResult(None, subject, notes=notes))
        return EditedDraft(document, edit.commit(changes, subject, now=now, notes=notes))


def edit_draft(
    repository: Repository,
    name: str,
    fields: Mapping[str, Any],
    *,
    expected: str | None = None,
    now: str,
) -> EditResult:
    """Change fields of a request that is a draft, in one commit; an empty value removes its field.

    `expected` is the blob id of the content that their author saw. Versions and environments have
    the present names of the registry then, and the order has no product that is gone. Raises
    EditConflict where the file has another content, Blocked for a request that is no draft any
    more, NotFound, and InvalidInput for a request that would have an error.
    """
    refuse_secrets(dict(fields))
    with edit_session(repository) as edit:
        request = _draft_of_name(edit.registry, name)
        edit.refuse_other_content(request.path, expected)
        wanted = {**fields}
        if "environments" in wanted:
            found = [str(edit.registry.environment(x)["name"]) for x in wanted["environments"]]
            wanted["environments"] = [*dict.fromkeys(found)]
        if "versions" in wanted:
            wanted["versions"] = {
                held_name(edit.registry, request.versions, product): check_version(version)
                for product, version in wanted["versions"].items()
            }
        edits = [*_changed(request.document, wanted)]
        edits += order_without(request, wanted.get("versions", request.versions))
        notes = tuple(unknown_versions(edit.registry, wanted.get("versions", {})))
        changes = edit.edited(request.path, edits)
        return edit.commit(changes, f"Edit request {request.name}", now=now, notes=notes)


def _changed(document: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterator[Set | Unset]:
    """Yield the edits that give fields their values; what they do not change keeps its style."""
    for key, value in fields.items():
        old = document.get(key)
        if _is_same(value, old) or (not value and not old and key not in _ALWAYS):
            continue
        if not value and key not in _ALWAYS:
            yield Unset((key,))
        elif value and old and isinstance(value, dict) and isinstance(old, dict):
            changed = {name: each for name, each in value.items() if old.get(name) != each}
            yield from edits_of_patch({**dict.fromkeys({*old} - {*value}), **changed}, old, (key,))
        else:
            yield Set((key,), value)


def _is_same(value: object, old: object) -> bool:
    """Return whether a form shows the same for both: not the space around a text."""
    if isinstance(value, str) and isinstance(old, str):
        return value.strip() == old.strip()
    return value == old


def _draft_of_name(registry: Registry, name: str) -> Request:
    request = request_of_name(registry, name)
    if request.state != "draft":
        raise Blocked(
            f'the request "{request.name}" is no draft: it is {request.state}',
            hint="only people edit a request that was opened",
        )
    return request


def _edits(registry: Registry, request: Request, addition: DraftAddition) -> Iterator[Set]:
    if addition.versions:
        versions = dict(request.versions)
        for product, version in addition.versions.items():
            versions[registry.resolve(product).name] = check_version(version)
        yield Set(("versions",), versions)
    if addition.approvals:
        approvals = dict(request.approvals)
        for approval_type, people in addition.approvals.items():
            if not 1 <= people <= _MOST_PEOPLE:
                hint = f"write a number of people from 1 to {_MOST_PEOPLE}"
                raise InvalidInput(f"{people} is not a number of people", field="people", hint=hint)
            approvals[check_name(approval_type, "approval type")] = people
        yield Set(("approvals",), approvals)
    for where in _STEPS:
        texts = [text for each, text in addition.steps if each == where]
        if texts:
            yield Set(("steps", where), [*getattr(request, where), *texts])
    for where, _ in addition.steps:
        if where not in _STEPS:
            hint = "a step is before the deployment or after it"
            raise InvalidInput(f'"{where[:40]}" is not when a step is', field="when", hint=hint)


def _edited(document: Mapping[str, Any], edits: Sequence[Set]) -> dict[str, Any]:
    found = dict(document)
    for edit in edits:
        key, *nested = edit.path
        found[key] = {**found.get(key, {}), nested[0]: edit.value} if nested else edit.value
    return found
