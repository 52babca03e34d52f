"""Add versions, approvals and steps to a deployment request that is a draft still."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from versioner.editing.requests import request_of_name, unknown_versions
from versioner.editing.session import EditResult, edit_session
from versioner.errors import Blocked, InvalidInput
from versioner.names import check_name, check_version
from versioner.recording.policy import refuse_secrets
from versioner.serialization.assignments import Set

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.git.repository import Repository
    from versioner.models.governance import Request
    from versioner.registry.records import Registry

__all__ = ["DraftAddition", "EditedDraft", "add_to_draft"]

_MOST_PEOPLE: Final = 100
_STEPS: Final = ("before", "after")


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
        request = request_of_name(edit.registry, name)
        if request.state != "draft":
            raise Blocked(
                f'the request "{request.name}" is no draft: it is {request.state}',
                hint="only people edit a request that was opened",
            )
        edits = list(_edits(edit.registry, request, addition))
        changes = edit.edited(request.path, edits)
        notes = tuple(unknown_versions(edit.registry, addition.versions))
        subject = f"Edit request {request.name}"
        document = _edited(request.document, edits)
        if dry_run:
            edit.check(changes)
            return EditedDraft(document, EditResult(None, subject, notes=notes))
        return EditedDraft(document, edit.commit(changes, subject, now=now, notes=notes))


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
                raise InvalidInput(f"{people} is no number of people", field="people", hint=hint)
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
