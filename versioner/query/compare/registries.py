"""The differences between two states of a registry, product by product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from versioner import layout
from versioner.query.commits.between import exact_difference
from versioner.query.compare.governance import governance_changes
from versioner.query.derived.running_versions import instance_names, version_on
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from versioner.models import Cell, Instance, LogKind
    from versioner.query.commits.between import CommitDifference
    from versioner.query.compare.governance import FileChange
    from versioner.registry.records import ProductRecord, Registry

__all__ = [
    "CellChange",
    "EnvironmentChange",
    "FieldChange",
    "ProductChange",
    "RegistryChange",
    "changes_between",
]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """The old and the new value of a field (None: absent); keys of a mapping are `mapping.key`."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class CellChange:
    """The old and the new version in an environment, or on an instance of it ("" for none).

    `commits` are those by which the two differ, None where they are not known.
    """

    environment: str
    old: str
    new: str
    instance: str = ""
    commits: CommitDifference | None = None


@dataclass(frozen=True, slots=True)
class ProductChange:
    """The change of one product.

    `builds`, `deployments` and `removed` count events; `voided` are the ids of the events that
    the change declares void.
    """

    product: str
    kind: Literal["added", "removed", "renamed", "restored", "changed"]
    old_name: str = ""
    fields: tuple[FieldChange, ...] = ()
    builds: int = 0
    deployments: int = 0
    removed: int = 0
    voided: tuple[str, ...] = ()
    cells: tuple[CellChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether no value differs (comments and layout are not compared)."""
        events = self.builds or self.deployments or self.removed
        return self.kind == "changed" and not (self.fields or events or self.cells)


@dataclass(frozen=True, slots=True)
class EnvironmentChange:
    """The change of one environment; `into` is the one that it was merged into."""

    environment: str
    kind: Literal["added", "removed", "renamed", "merged", "changed"]
    fields: tuple[FieldChange, ...] = ()
    old_name: str = ""
    into: str = ""


@dataclass(frozen=True, slots=True)
class RegistryChange:
    """All differences: products and environments by name, fields of registry.yaml, rules.

    `unread` are the paths of files that have errors and are not compared: what is in them is not
    gone.
    """

    products: tuple[ProductChange, ...] = ()
    environments: tuple[EnvironmentChange, ...] = ()
    config: tuple[FieldChange, ...] = ()
    unread: tuple[str, ...] = ()
    governance: tuple[FileChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether nothing differs."""
        differences = (self.products, self.environments, self.config, self.unread)
        return not any((*differences, self.governance))


def changes_between(old: Registry, new: Registry) -> RegistryChange:
    """Return the differences between two states of a registry.

    Products whose records have the same tree are equal and not compared.
    """
    unread = _unread(old, new)
    return RegistryChange(
        tuple(sorted(_products(old, new, unread), key=lambda change: change.product)),
        tuple(each for each in _environments(old, new) if not _is_unread(each, unread)),
        () if layout.CONFIG in unread else tuple(_fields(old.config, new.config)),
        tuple(sorted(unread)),
        tuple(governance_changes(old, new, unread)),
    )


# The errors of a file that is not read whole, if at all.
_UNREAD: Final = frozenset(
    (
        *(codes.YAML, codes.ENCODING, codes.SIZE, codes.LINK, codes.TYPE, codes.VALUE),
        *(codes.DUPLICATE_KEY, codes.UNKNOWN_KEY, codes.REQUIRED, codes.RETYPED, codes.SECRET),
        *(codes.NAME, codes.VERSION),
    )
)


def _unread(old: Registry, new: Registry) -> set[str]:
    """Return the paths of the files with errors that are not errors of the old state, too."""
    found = {each.path for each in new.errors if each.code in _UNREAD}
    others = (layout.with_yaml_extension(each.path) for each in new.errors)
    before = {each.path for each in old.errors if each.code in _UNREAD}
    return {*found, *filter(None, others)} - before


def _is_unread(change: EnvironmentChange, unread: Collection[str]) -> bool:
    return layout.environment_path(change.environment) in unread


def _products(old: Registry, new: Registry, unread: Collection[str]) -> Iterator[ProductChange]:
    renamed, names = dict(_renamed(old, new)), new.environment_aliases
    for name, record in new.products.items():
        before = old.products.get(renamed.get(name, name))
        if before is None:
            kind: Literal["restored", "added"] = "added"
            if name in old.deleted and (record.builds or record.deployment_events):
                kind = "restored"
            yield _product(kind, None, record, names)
        elif name in renamed:
            yield _product("renamed", before, record, names, unread)
        elif before is not record and (record.tree is None or before.tree != record.tree):
            change = _product("changed", before, record, names, unread)
            if not change.is_empty:
                yield change
    for name, record in old.products.items():
        if name in new.products or name in renamed.values():
            continue
        # A product that is a link is not gone.
        directory = layout.product_dir(name)
        if not any(path == directory or path.startswith(f"{directory}/") for path in unread):
            yield _product("removed", record, None, names)


def _renamed(old: Registry, new: Registry) -> Iterator[tuple[str, str]]:
    """Yield (new name, old name) for each product that an alias leads to from a missing one.

    One whose directory was moved by hand is found by its events.
    """
    added = new.products.keys() - old.products.keys()
    for name, record in old.products.items():
        if name in new.products:
            continue
        target = new.target_of(name)
        if target not in new.products and name not in new.deleted:
            events = _events(record).keys()
            moved = (each for each in sorted(added) if events & _events(new.products[each]).keys())
            target = next(moved, target)
        if target in added:
            yield target, name


def _product(
    kind: Literal["added", "removed", "renamed", "restored", "changed"],
    old: ProductRecord | None,
    new: ProductRecord | None,
    names: Mapping[str, str],
    unread: Collection[str] = (),
) -> ProductChange:
    """Return the change of a product, without what is in files that were not read."""
    product = new.name if new is not None else old.name if old is not None else ""
    before, after = _events(old), _events(new)
    kept = {key for key in before if any(map(unread.__contains__, _logs_of(product, key, before)))}
    is_whole = not any(path.startswith(f"{layout.product_dir(product)}/dep") for path in unread)
    added = {key: event for key, event in after.items() if key not in before}
    builds = sum(key[0] == "build" for key in added)
    renamed = kind == "renamed" and old is not None
    # The counts describe a product that was removed; its fields are not listed.
    is_described = new is not None and layout.product_path(product) not in unread
    described = tuple(_described(old, new)) if is_described and new is not None else ()
    return ProductChange(
        product=product,
        kind=kind,
        old_name=old.name if renamed and old is not None else "",
        fields=described,
        builds=builds,
        deployments=len(added) - builds,
        removed=len(before.keys() - after.keys() - kept),
        voided=tuple(event["voids"] for event in added.values() if "voids" in event),
        cells=tuple(_cells(old, new, names)) if is_whole else (),
    )


def _logs_of(
    product: str, key: tuple[str, str], events: Mapping[tuple[str, str], Mapping[str, Any]]
) -> tuple[str, str]:
    kind: LogKind = "build" if key[0] == "build" else "deployment"
    return layout.log_paths(product, kind, events[key]["at"])


def _described(old: ProductRecord | None, new: ProductRecord) -> Iterator[FieldChange]:
    fields = _fields(old.document if old is not None else {}, new.document)
    return (change for change in fields if change.field != "name")


def _events(record: ProductRecord | None) -> dict[tuple[str, str], dict[str, Any]]:
    if record is None:
        return {}
    builds = {("build", event["id"]): event for event in record.builds}
    return builds | {("deployment", event["id"]): event for event in record.deployment_events}


def _cells(
    old: ProductRecord | None, new: ProductRecord | None, names: Mapping[str, str]
) -> Iterator[CellChange]:
    """Yield the cells that run another version; `names` are the former names of environments."""
    if old is not None and new is not None and old.deployment_events == new.deployment_events:
        return
    before, after = ({**record.cells} if record is not None else {} for record in (old, new))
    record = new or old
    changes = record.recorded_changes if record is not None else {}
    for former in sorted(names.keys() & before.keys()):
        before.setdefault(names[former], before.pop(former))
    for environment in sorted({*before, *after}):
        one, other = (_Running(cells.get(environment)) for cells in (before, after))
        for instance in instance_names(one, other):
            versions = one.version_on(instance), other.version_on(instance)
            if versions[0] != versions[1]:
                commits = (
                    exact_difference(changes, *versions) if changes and all(versions) else None
                )
                yield CellChange(environment, *versions, instance, commits)


class _Running:
    """What runs in a cell, or in none."""

    def __init__(self, cell: Cell | None) -> None:
        self.instances: list[Instance] = cell.instances if cell is not None else []
        current = cell.current if cell is not None else None
        self._whole = current.version if current is not None else ""

    def version_on(self, instance: str) -> str:
        return version_on(self.instances, instance, self._whole)


def _environments(old: Registry, new: Registry) -> Iterator[EnvironmentChange]:
    renamed = dict(_renamed_environments(old, new))
    for name in sorted({*old.environments, *new.environments}):
        before = old.environments.get(renamed.get(name, name))
        after = new.environments.get(name)
        if after is None:
            yield from _gone(name, new.environment_name(name), renamed)
        elif before is None:
            yield EnvironmentChange(name, "added", fields=tuple(_fields({"name": name}, after)))
        elif name in renamed:
            fields = tuple(each for each in _fields(before, after) if each.field != "name")
            yield EnvironmentChange(name, "renamed", old_name=renamed[name], fields=fields)
        elif fields := tuple(_fields(before, after)):
            yield EnvironmentChange(name, "changed", fields=fields)


def _renamed_environments(old: Registry, new: Registry) -> Iterator[tuple[str, str]]:
    """Yield (new name, old name); of several former names the first one was renamed."""
    for name, document in new.environments.items():
        gone = [
            alias
            for alias in document.get("aliases", ())
            if alias in old.environments and new.environment_name(alias) == name
        ]
        if gone and name not in old.environments:
            yield name, gone[0]


def _gone(name: str, target: str, renamed: Mapping[str, str]) -> Iterator[EnvironmentChange]:
    """Yield the change of an environment that is not there any more, unless it was renamed."""
    if target == name:
        yield EnvironmentChange(name, "removed")
    elif renamed.get(target) != name:
        yield EnvironmentChange(name, "merged", into=target)


def _fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[FieldChange]:
    before, after = dict(_flat(old)), dict(_flat(new))
    for field in dict.fromkeys((*before, *after)):
        one, other = before.get(field), after.get(field)
        # In Python 1, 1.0 and True are equal.
        if one != other or repr(one) != repr(other):
            yield FieldChange(field, one, other)


def _flat(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{inner}", item) for inner, item in value.items())
        else:
            yield key, value
