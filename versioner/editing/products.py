"""Create and edit products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner import layout
from versioner.editing.session import Edited, asked_edits, editing, read_tip
from versioner.errors import Blocked, InvalidInput
from versioner.names import check_name
from versioner.serialization.documents import dump_document
from versioner.serialization.yaml_edit import edit_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.git.repository import Repository
    from versioner.models import Changes
    from versioner.registry.records import Registry

__all__ = ["create_product", "edit_product", "product_source", "rewrite_product"]


def create_product(
    repository: Repository,
    name: str,
    *,
    description: str = "",
    assignments: Sequence[str] = (),
    now: str,
) -> Edited:
    """Add a product; under a deleted name it starts anew.

    `assignments` are KEY=VALUE with dotted keys. Raises InvalidInput, Blocked where the name
    is taken.
    """
    check_name(name, "product")
    with editing(repository) as edit:
        _refuse_taken(edit.registry, name)
        document: dict[str, Any] = {"name": name}
        if description:
            document["description"] = description
        source = dump_document("product", document)
        if assignments:
            source = edit_document(source, asked_edits(assignments))
        changes: Changes = {layout.product_path(name): source}
        if name in edit.registry.deleted:
            changes[layout.deleted_path(name)] = None
        return edit.commit(changes, f"Create product {name}", now=now)


def _refuse_taken(registry: Registry, name: str) -> None:
    if name in registry.products:
        raise Blocked(
            f"there is a product {name!r} already", hint=f"`versioner product edit {name}` edits it"
        )
    if name in registry.aliases:
        raise Blocked(
            f"{name!r} is an old name of {registry.aliases[name]!r}",
            hint=f"choose another name, or delete {layout.alias_path(name)} in a commit first",
        )


def edit_product(
    repository: Repository,
    name: str,
    *,
    set_: Sequence[str] = (),
    unset: Sequence[str] = (),
    now: str,
) -> Edited:
    """Set and unset dotted keys of a product, keeping its comments, order and style."""
    edits = asked_edits(set_, unset)
    with editing(repository) as edit:
        product = edit.registry.resolve(name).name
        changes = edit.edited(layout.product_path(product), edits)
        return edit.commit(changes, f"Edit product {product}", now=now)


def product_source(repository: Repository, name: str) -> bytes:
    """Return the text of a product's file at the tip, for an editor."""
    snapshot, registry = read_tip(repository)
    return snapshot.read(layout.product_path(registry.resolve(name).name)) or b""


def rewrite_product(
    repository: Repository, name: str, data: bytes, *, before: bytes, now: str
) -> Edited:
    """Replace a product's file by what an editor made of it.

    `before` is what the editor was given: where the file is another by now, Blocked.
    """
    with editing(repository) as edit:
        product = edit.registry.resolve(name).name
        path = layout.product_path(product)
        if edit.read(path) != before:
            raise Blocked(
                f"{path} was changed by somebody else meanwhile", hint="look at it, and edit again"
            )
        if not data.strip():
            raise InvalidInput(
                "an empty file describes no product", hint=f"`versioner product delete {product}`"
            )
        changes: Changes = {path: data} if data != before else {}
        return edit.commit(changes, f"Edit product {product}", now=now)
