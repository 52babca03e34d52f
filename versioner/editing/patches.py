"""Edits of people's files by JSON merge patch (RFC 7396), on the content that their author saw.

A member of a patch that is an object changes the keys below it, null removes a key, and any other
value replaces it. Comments, order and style of what a patch does not name are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from versioner import layout
from versioner.editing.rules import unknown_rule
from versioner.editing.session import EditResult, edit_session
from versioner.errors import InvalidInput
from versioner.names import check_name
from versioner.recording.policy import refuse_secrets
from versioner.serialization.assignments import Set, Unset
from versioner.serialization.yaml_edit import read_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from versioner.editing.session import EditSession
    from versioner.git.repository import Repository

__all__ = [
    "Patched",
    "edits_of_patch",
    "patch_file",
]

Patched = Literal["product", "environment", "rule"]


def patch_file(
    repository: Repository,
    kind: Patched,
    name: str,
    patch: Mapping[str, Any],
    *,
    expected: str | None = None,
    now: str,
) -> EditResult:
    """Apply a merge patch to the file of a product, environment or rule, in one commit.

    `expected` is the blob id of the content that the patch was made for. Raises EditConflict where
    the file has another one, NotFound, and InvalidInput where the result has an error.
    """
    refuse_secrets(dict(patch))
    with edit_session(repository) as edit:
        path, name = _file_of(edit, kind, name)
        edit.refuse_other_content(path, expected)
        if "name" in patch and patch["name"] != name:
            raise InvalidInput(
                f"the name of the {kind} is that of its file", field="name",
                hint="leave the name out; a rename is an operation of its own",
            )  # fmt: skip
        before = read_document(edit.read(path).decode("utf-8", "replace"))
        changes = edit.edited(path, [*edits_of_patch(patch, before)])
        return edit.commit(changes, f"Edit {kind} {name}", now=now)


def edits_of_patch(
    patch: Mapping[str, Any], document: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[Set | Unset]:
    """Yield the edits that a merge patch makes to a document (RFC 7396)."""
    for key, value in patch.items():
        path, old = (*above, key), document.get(key)
        if value is None:
            if key in document:
                yield Unset(path)
        elif isinstance(value, dict) and isinstance(old, dict):
            yield from edits_of_patch(value, old, path)
        else:
            yield Set(path, _without_nulls(value))


def _without_nulls(value: Any) -> Any:
    """Return what a merge patch sets where nothing was: objects in it lose their null members."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return value


def _file_of(edit: EditSession, kind: Patched, name: str) -> tuple[str, str]:
    """Return the path of the file, and the present name; raise NotFound."""
    if kind == "product":
        name = edit.registry.resolve(name).name
        return layout.product_path(name), name
    if kind == "environment":
        name = edit.registry.environment(name)["name"]
        return layout.environment_path(name), name
    path = layout.rule_path(check_name(name, "rule"))
    if edit.snapshot.read(path) is None:
        # A rule with errors can be edited, so that the file alone counts.
        raise unknown_rule(edit.registry, name)
    return path, name
