"""Checks across products: environments, dependencies, aliases, deletion records, ids.

Positions are looked up for problems only, so that a registry without problems costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import layout
from versioner.models import Problem
from versioner.names import nearest
from versioner.registry.buttons import button_problems
from versioner.registry.checks.one_product import logs_of
from versioner.registry.checks.positions import locate_event, position_in_document
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from versioner.git.snapshot import Snapshot
    from versioner.models import Event, LogKind
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["check_registry"]


def check_registry(
    registry: Registry, snapshot: Snapshot, sharing: Collection[str] | None = None
) -> list[Problem]:
    """Return the problems between products, environments, aliases and deletion records.

    `sharing` are the products that may have an event with the id of another product's event, where
    that is known.
    """
    return [
        *_check_environments(registry, snapshot),
        *_check_former_names(registry, snapshot),
        *_check_dependencies(registry, snapshot),
        *_check_aliases(registry, snapshot),
        *_check_deleted(registry),
        *button_problems(registry, snapshot),
        *_check_governance(registry, snapshot),
        *_check_ids_across(registry, snapshot, sharing),
    ]


def _check_environments(registry: Registry, snapshot: Snapshot) -> Iterator[Problem]:
    # An environment whose file has errors is not missing.
    found = snapshot.entries(f"{layout.ROOT}/environments")
    described = {*found, *map(layout.with_yaml_extension, found)}
    for record in registry.products.values():
        reported: set[str] = set()
        if record.environments_named <= registry.environments.keys():
            continue
        for kind, event in _events_with_environment(record):
            name = event.get("environment")
            if name is None or name in registry.environments or name in reported:
                continue
            reported.add(name)
            if layout.environment_path(name) in described:
                continue
            yield Problem(
                *locate_event(snapshot.read, record.name, kind, event, "environment"),
                codes.ENVIRONMENT,
                f'there is no environment "{name}"',
                _did_you_mean(name, registry.environments, f"versioner environment create {name}"),
            )


def _events_with_environment(record: ProductRecord) -> Iterator[tuple[LogKind, Event]]:
    for event in record.deployment_events:
        yield "deployment", event
    for event in record.observations:
        yield "observation", event


def _check_former_names(registry: Registry, snapshot: Snapshot) -> Iterator[Problem]:
    """Yield the former names of environments that are names, or stand in two files."""
    found = snapshot.entries(f"{layout.ROOT}/environments")
    described = {*found, *map(layout.with_yaml_extension, found)}
    for name in sorted(registry.environments):
        path = layout.environment_path(name)
        for index, alias in enumerate(registry.environments[name].get("aliases", ())):
            owner = registry.environment_aliases.get(alias)
            if layout.environment_path(alias) in described:
                message = f'"{alias}" is a former name here, and is also the name of an environment'
                hint = (
                    f"remove it here, or run `versioner environment merge {alias} --into {name}`"
                    if alias != name
                    else "remove it"
                )
            elif owner != name:
                message = f'"{alias}" is a former name of "{owner}", too'
                hint = "remove it from one of the two files"
            else:
                continue
            pointer = ("aliases", index)
            yield _in_document(snapshot, path, pointer, codes.ALIAS, message, hint)


def _check_dependencies(registry: Registry, snapshot: Snapshot) -> Iterator[Problem]:
    wanted = {
        name: list(record.document.get("depends_on", ()))
        for name, record in registry.products.items()
    }
    for name, others in wanted.items():
        for index, other in enumerate(others):
            where = (snapshot, layout.product_path(name), ("depends_on", index))
            if other in registry.aliases:
                yield _in_document(
                    *where,
                    codes.DEPENDS_ON,
                    f'"{other}" was renamed',
                    f'write "{registry.aliases[other]}"',
                )
            elif other not in registry.products:
                yield _in_document(
                    *where,
                    codes.DEPENDS_ON,
                    f'there is no product "{other}"',
                    _did_you_mean(other, registry.products, f"versioner product create {other}"),
                )
    for cycle in _cycles(wanted):
        path = layout.product_path(cycle[0])
        where = (snapshot, path, ("depends_on", wanted[cycle[0]].index(cycle[1])))
        chain = " -> ".join(cycle)
        yield _in_document(
            *where,
            codes.CYCLE,
            f"products depend on each other in a cycle: {chain}",
            "remove one of these dependencies",
        )


def _cycles(graph: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Yield each cycle once, from its first product by name; without recursion, at any depth."""
    done: set[str] = set()
    for start in sorted(graph):
        path: list[str] = []
        stack: list[tuple[str, Iterator[str]]] = [(start, iter(graph[start]))]
        if start in done:
            continue
        path.append(start)
        while stack:
            node, others = stack[-1]
            following = next((name for name in others if name in graph), None)
            if following is None:
                stack.pop()
                path.pop()
                done.add(node)
            elif following in path:
                cycle = path[path.index(following) :]
                turn = cycle.index(min(cycle))
                first = cycle[turn:] + cycle[:turn]
                yield [*first, first[0]]
            elif following not in done:
                path.append(following)
                stack.append((following, iter(graph[following])))


def _check_aliases(registry: Registry, snapshot: Snapshot) -> Iterator[Problem]:
    for name, target in registry.aliases.items():
        path = layout.alias_path(name)
        where: tuple[Snapshot, str, tuple[str | int, ...]] = (snapshot, path, ("to",))
        if name in registry.products:
            yield Problem(
                path,
                0,
                0,
                codes.ALIAS,
                f'the alias is unused: there is a product "{name}"',
                "delete the alias, or rename the product",
            )
        elif target in registry.products or target in registry.deleted:
            # An alias of a deleted product stays: its users are told that it was deleted.
            continue
        elif target in registry.aliases:
            yield _in_document(
                *where,
                codes.ALIAS,
                f'"{target}" is an alias itself',
                f'write "{registry.aliases[target]}"',
            )
        else:
            yield _in_document(
                *where,
                codes.ALIAS,
                f'there is no product "{target}"',
                _did_you_mean(target, registry.products, "", "delete the alias"),
            )


def _check_deleted(registry: Registry) -> Iterator[Problem]:
    for name in registry.deleted:
        if name in registry.products or name in registry.aliases:
            what = "product" if name in registry.products else "alias"
            yield Problem(
                layout.deleted_path(name),
                0,
                0,
                codes.DELETED,
                f'"{name}" is recorded as deleted, but there is a {what} of this name',
                f"delete this file to keep the {what}",
            )


def _check_governance(registry: Registry, snapshot: Snapshot) -> list[Problem]:
    # Most registries have none of it, and its types are slow to import.
    if not registry.has_governance:
        return []
    from versioner.registry.governance.checks import check_governance
    from versioner.registry.governance.request_checks import check_deciders, check_requests
    from versioner.registry.governance.signers import check_signers

    return [
        *check_governance(registry, snapshot),
        *check_requests(registry, snapshot),
        *check_deciders(registry, snapshot),
        *check_signers(snapshot),
    ]


def _check_ids_across(
    registry: Registry, snapshot: Snapshot, sharing: Collection[str] | None
) -> Iterator[Problem]:
    """Yield a warning for each id that two products have.

    It is no error: a writer sees the files of one product only, and no line is ever rewritten.
    """
    owner: dict[str, str] = {}
    for record in registry.products.values():
        if sharing is not None and record.name not in sharing:
            continue
        for kind, events in logs_of(record):
            for event in events:
                first = owner.setdefault(event["id"], record.name)
                if first == record.name:
                    continue
                yield Problem(
                    *locate_event(snapshot.read, record.name, kind, event, "id"),
                    codes.DUPLICATE_ID,
                    f'an event of "{first}" has the id "{event["id"]}" too',
                    f"write {record.name}/{event['id']} where an id is needed; use each "
                    "--event-id for one event only",
                    "warning",
                )


def _in_document(
    snapshot: Snapshot,
    path: str,
    pointer: tuple[str | int, ...],
    code: str,
    message: str,
    hint: str,
) -> Problem:
    line, column = position_in_document(snapshot.read(path) or b"", pointer)
    return Problem(path, line, column, code, message, hint)


def _did_you_mean(name: str, known: Iterable[str], command: str, otherwise: str = "") -> str:
    near = nearest(name, known)
    fix = f"run `{command}`" if command else otherwise
    return f"did you mean {' or '.join(near)}? otherwise {fix}" if near else fix
