"""Create, edit, rename and delete products."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from versioner import layout
from versioner.editing.session import (
    EditResult,
    edit_session,
    parse_edits,
    read_tip,
    refuse_unread,
)
from versioner.errors import Blocked, InvalidInput, UsageFault
from versioner.names import check_name
from versioner.query.derived.relations import dependents, former_names
from versioner.recording.policy import refuse_secrets
from versioner.serialization.assignments import Set, Unset
from versioner.serialization.documents import dump_document
from versioner.serialization.yaml_edit import edit_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.editing.session import EditSession
    from versioner.git.repository import Repository
    from versioner.models import Changes
    from versioner.registry.records import Registry

__all__ = [
    "DeletionPlan",
    "create_product",
    "delete_product",
    "edit_product",
    "plan_deletion",
    "product_source",
    "rename_product",
    "replaced_in_dependents",
    "rewrite_product",
]


def create_product(
    repository: Repository,
    name: str,
    *,
    description: str = "",
    fields: Mapping[str, Any] = MappingProxyType({}),
    assignments: Sequence[str] = (),
    now: str,
) -> EditResult:
    """Add a product; a deleted product of the same name is not restored.

    `fields` are keys of its file with JSON values, `assignments` are KEY=VALUE with dotted keys.
    Raises InvalidInput, and Blocked if the name is
    taken.
    """
    check_name(name, "product")
    with edit_session(repository) as edit:
        _refuse_taken(edit.registry, name)
        refuse_secrets(dict(fields))
        document: dict[str, Any] = {**fields, "name": name}
        if description:
            document["description"] = description
        source = dump_document("product", document)
        if assignments:
            source = edit_document(source, parse_edits(assignments))
        changes: Changes = {layout.product_path(name): source}
        if name in edit.registry.deleted:
            changes[layout.deleted_path(name)] = None
        return edit.commit(changes, f"Create product {name}", now=now, assignments=assignments)


def _refuse_taken(registry: Registry, name: str) -> None:
    if name in registry.products:
        raise Blocked(
            f'the product "{name}" already exists', hint=f"`versioner product edit {name}` edits it"
        )
    if name in registry.aliases:
        raise Blocked(
            f'"{name}" is a former name of "{registry.aliases[name]}"',
            hint=f"choose another name, or delete {layout.alias_path(name)} in a commit first",
        )


def edit_product(
    repository: Repository,
    name: str,
    *,
    set_: Sequence[str] = (),
    unset: Sequence[str] = (),
    now: str,
) -> EditResult:
    """Set and unset dotted keys of a product, keeping its comments, order and style."""
    edits = parse_edits(set_, unset)
    with edit_session(repository) as edit:
        product = edit.registry.resolve(name).name
        changes = edit.edited(layout.product_path(product), edits)
        return edit.commit(changes, f"Edit product {product}", now=now, assignments=set_)


def product_source(repository: Repository, name: str) -> bytes:
    """Return the text of a product's file at the tip, for an editor."""
    snapshot, registry = read_tip(repository)
    return snapshot.read(layout.product_path(registry.resolve(name).name)) or b""


def rewrite_product(
    repository: Repository, name: str, data: bytes, *, before: bytes, now: str
) -> EditResult:
    """Replace a product's file by the edited text.

    `before` is the text that the editor was opened with. Raises Blocked if the file has changed
    since.
    """
    with edit_session(repository) as edit:
        product = edit.registry.resolve(name).name
        path = layout.product_path(product)
        if edit.read(path) != before:
            raise Blocked(
                f"{path} has changed since the editor was opened",
                hint="edit the current file again",
            )
        if not data.strip():
            raise InvalidInput(
                "the file of a product cannot be empty",
                hint=f"`versioner product delete {product}` deletes the product",
            )
        changes: Changes = {path: data} if data != before else {}
        return edit.commit(changes, f"Edit product {product}", now=now)


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """The data that a deletion removes, and the products that depend on the product."""

    name: str
    versions: int
    deployments: int
    events: int
    dependents: tuple[str, ...]
    aliases: tuple[str, ...]


def rename_product(repository: Repository, old: str, new: str, *, now: str) -> EditResult:
    """Rename a product, and add an alias so that the old name stays valid.

    Older aliases and the depends_on of other products are updated in the same commit. Raises
    Blocked if the new name is taken, or if some of the product's files cannot be read.
    """
    check_name(new, "product")
    with edit_session(repository) as edit:
        product = edit.registry.resolve(old).name
        _refuse_rename(edit.registry, product, new)
        refuse_unread(edit.registry, product)
        changes: Changes = {}
        for path, data in edit.files_of(product).items():
            changes[path] = None
            changes[path.replace(layout.product_dir(product), layout.product_dir(new), 1)] = data
        described = changes.get(layout.product_path(new))
        changes[layout.product_path(new)] = (
            edit_document(described, [Set(("name",), new)])
            if described
            else dump_document("product", {"name": new})
        )
        if new in edit.registry.aliases:
            changes[layout.alias_path(new)] = None
        for alias in [product, *former_names(edit.registry).get(product, ())]:
            if alias != new:
                changes[layout.alias_path(alias)] = dump_document("alias", {"to": new})
        changes |= replaced_in_dependents(edit, product, new)
        return edit.commit(changes, f"Rename product {product} to {new}", now=now)


def _refuse_rename(registry: Registry, product: str, new: str) -> None:
    if new == product:
        raise UsageFault(f'the name of the product is already "{product}"')
    if new in registry.products:
        raise Blocked(f'the product "{new}" already exists', hint="choose another name")
    if registry.aliases.get(new, product) != product:
        raise Blocked(
            f'"{new}" is a former name of "{registry.aliases[new]}"', hint="choose another name"
        )
    if new in registry.deleted:
        raise Blocked(
            f'a product "{new}" was deleted, and its history is kept under that name',
            hint=f"choose another name, or `versioner product restore {new}` first",
        )


def plan_deletion(repository: Repository, name: str) -> DeletionPlan:
    """Return what deleting a product would remove; change nothing."""
    _, registry = read_tip(repository)
    product = registry.resolve(name).name
    refuse_unread(registry, product)
    return _plan(registry, product)


def _plan(registry: Registry, product: str) -> DeletionPlan:
    record = registry.products[product]
    return DeletionPlan(
        name=product,
        versions=len(record.versions),
        deployments=len(record.deployments),
        events=len(record.builds) + len(record.deployment_events),
        dependents=tuple(dependents(registry)[product]),
        aliases=tuple(former_names(registry).get(product, ())),
    )


def delete_product(
    repository: Repository,
    name: str,
    *,
    force: bool = False,
    by: str = "",
    expected: str | None = None,
    now: str,
) -> EditResult:
    """Remove all files of a product, and add a record of the deletion.

    Its aliases stay, so that an event under an old name is refused too. `expected` is the blob id
    of its file that the caller has seen. Raises Blocked if other products list it in `depends_on`
    (with `force`, they are updated in the same commit), if some of its files cannot be read, and
    EditConflict if its file is another one.
    """
    with edit_session(repository) as edit:
        product = edit.registry.resolve(name).name
        edit.refuse_other_content(layout.product_path(product), expected)
        refuse_unread(edit.registry, product)
        plan = _plan(edit.registry, product)
        if plan.dependents and not force:
            raise Blocked(
                f"{', '.join(plan.dependents)} depend{'s' * (len(plan.dependents) == 1)} "
                f'on "{product}"',
                hint="remove it from their depends_on first, or add --force to do so here",
            )
        changes: Changes = dict.fromkeys(edit.files_of(product), None)
        changes |= replaced_in_dependents(edit, product, None)
        record: dict[str, Any] = {"deleted_at": now, "last_commit": edit.repository.tip}
        people = edit.registry.config.get("people", "login")
        if by and (people == "all" or (people == "login" and "@" not in by)):
            record["deleted_by"] = by
        changes[layout.deleted_path(product)] = dump_document("deleted", record)
        notes = tuple(f"{other} no longer depends on it" for other in plan.dependents)
        return edit.commit(changes, f"Delete product {product}", now=now, notes=notes)


def replaced_in_dependents(edit: EditSession, product: str, new: str | None) -> Changes:
    """Return the changes that replace a product in depends_on by its new name, or remove it.

    No product comes to depend on itself.
    """
    changes: Changes = {}
    for name in dependents(edit.registry)[product]:
        listed = edit.registry.products[name].document["depends_on"]
        renamed = [new if each == product else each for each in listed]
        kept = [each for each in renamed if each not in (None, name)]
        change = Set(("depends_on",), list(dict.fromkeys(kept))) if kept else Unset(("depends_on",))
        path = layout.product_path(name)
        changes[path] = edit_document(edit.read(path), [change])
    return changes
