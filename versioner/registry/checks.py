"""Checks that need more than one file: within a product, and across products.

A position is looked up only once something is wrong, so that a clean registry pays nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from versioner import layout
from versioner.models import Problem
from versioner.names import nearest
from versioner.registry.fold import void_ids
from versioner.registry.positions import position_in_document, position_of_event
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from versioner.models import Event, EventKind
    from versioner.registry.records import ProductRecord, Registry
    from versioner.repository.snapshot import Snapshot

__all__ = ["check_product", "check_registry"]


# ---- one product -------------------------------------------------------------------------


def check_product(record: ProductRecord, contents: Mapping[str, bytes]) -> list[Problem]:
    """Find what is wrong between the files of one product; `contents` maps paths to bytes."""
    report = _ProductReport(record.name, contents)
    if layout.product_path(record.name) not in contents:
        report.about_product_file()
    _check_ids(record, report)
    _check_versions(record, report)
    _check_references(record, report)
    return report.problems


class _ProductReport:
    """Turn findings about a product's events into problems with positions."""

    def __init__(self, name: str, contents: Mapping[str, bytes]) -> None:
        self.problems: list[Problem] = []
        self._name = name
        self._contents = contents

    def about_product_file(self) -> None:
        path = layout.product_path(self._name)
        self.problems.append(
            Problem(
                path,
                0,
                0,
                codes.MISSING,
                "the product has no product.yaml",
                f"run `versioner product create {self._name}`, or add the file with its name",
            )
        )

    def holds_id(self, event_id: str, *, besides: set[str]) -> bool:
        """Tell whether an event of this id is there that has errors, which are told already."""
        wanted = re.compile(rb"\bid: *[\"']?" + re.escape(event_id).encode() + rb"[\"'\s},]")
        return event_id not in besides and any(map(wanted.search, self._contents.values()))

    def about_event(
        self, kind: EventKind, event: Event, key: str, code: str, message: str, hint: str
    ) -> None:
        path = layout.log_path(self._name, kind, layout.month_of(event["at"]))
        line, column = position_of_event(self._contents.get(path, b""), event["id"], key)
        self.problems.append(Problem(path, line, column, code, message, hint))


def _logs(record: ProductRecord) -> Iterator[tuple[EventKind, Sequence[Event]]]:
    yield "build", record.builds
    yield "deployment", record.deployment_events


def _check_ids(record: ProductRecord, report: _ProductReport) -> None:
    seen: dict[str, str] = {}
    for kind, events in _logs(record):
        for event in events:
            # Within one file validate_log has said it already.
            where = f"{kind} {layout.month_of(event['at'])}"
            first = seen.setdefault(event["id"], where)
            if first != where:
                report.about_event(
                    kind,
                    event,
                    "id",
                    codes.DUPLICATE_ID,
                    f"the id {event['id']!r} is that of another event of this product too",
                    "remove the copy: every event has an id of its own",
                )


def _check_versions(record: ProductRecord, report: _ProductReport) -> None:
    spelling: dict[str, str] = {}
    shas: dict[str, str] = {}
    # What was voided said something wrong: its commit binds nobody (rules.judgement agrees).
    void = void_ids(record.deployment_events)
    for kind, events in _logs(record):
        for event in events:
            version = event.get("version")
            if version is None:
                continue
            first = spelling.setdefault(version.lower(), version)
            if first != version:
                report.about_event(
                    kind,
                    event,
                    "version",
                    codes.CASE_TWIN,
                    f"version {version!r} differs from {first!r} only in case",
                    f'write "{first}" if it is the same version; otherwise give it another name',
                )
            sha = event.get("scm_sha")
            if sha is not None and event["id"] not in void:
                _check_sha(kind, event, shas, report)


def _check_sha(kind: EventKind, event: Event, shas: dict[str, str], report: _ProductReport) -> None:
    version, sha = event["version"], event["scm_sha"]
    known = shas.setdefault(version, sha)
    if known.startswith(sha):
        return
    if sha.startswith(known):
        shas[version] = sha
        return
    report.about_event(
        kind,
        event,
        "scm_sha",
        codes.SHA_CONFLICT,
        f"version {version!r} was built from {known[:12]}, and this says {sha[:12]}",
        "a version never changes: give the other build a version of its own, "
        "or void the event that is wrong",
    )


def _check_references(record: ProductRecord, report: _ProductReport) -> None:
    voids = {event["id"] for event in record.deployment_events if "voids" in event}
    known = {event["id"] for event in record.deployment_events} - voids
    for event in record.deployment_events:
        for key, code in (("deployment", codes.DEPLOYMENT), ("voids", codes.VOID)):
            named = event.get(key)
            if named is None or named in known or report.holds_id(named, besides=voids):
                continue
            wrong = "is itself a void" if named in voids else "is not in this product's logs"
            report.about_event(
                "deployment",
                event,
                key,
                code,
                f"the event {named!r} {wrong}",
                "name the id of a deployment event of this product "
                f"(`versioner deployment list --product {record.name}` shows them)",
            )


# ---- the registry ------------------------------------------------------------------------


def check_registry(registry: Registry, snapshot: Snapshot) -> list[Problem]:
    """Find what is wrong between products, environments, aliases and deletion records."""
    return [
        *_check_environments(registry, snapshot),
        *_check_dependencies(registry, snapshot),
        *_check_aliases(registry, snapshot),
        *_check_deleted(registry),
        *_check_ids_across(registry, snapshot),
    ]


def _check_environments(registry: Registry, snapshot: Snapshot) -> Iterator[Problem]:
    # A file that is there and has errors is no missing environment.
    described = snapshot.entries(f"{layout.ROOT}/environments")
    for record in registry.products.values():
        reported: set[str] = set()
        for event in record.deployment_events:
            name = event.get("environment")
            if name is None or name in registry.environments or name in reported:
                continue
            reported.add(name)
            if layout.environment_path(name) in described:
                continue
            path = layout.log_path(record.name, "deployment", layout.month_of(event["at"]))
            line, column = position_of_event(snapshot.read(path) or b"", event["id"], "environment")
            yield Problem(
                path,
                line,
                column,
                codes.ENVIRONMENT,
                f"there is no environment {name!r}",
                _did_you_mean(name, registry.environments, f"versioner environment create {name}"),
            )


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
                    f"{other!r} was renamed",
                    f'write "{registry.aliases[other]}"',
                )
            elif other not in registry.products:
                yield _in_document(
                    *where,
                    codes.DEPENDS_ON,
                    f"there is no product {other!r}",
                    _did_you_mean(other, registry.products, f"versioner product create {other}"),
                )
    for cycle in _cycles(wanted):
        path = layout.product_path(cycle[0])
        where = (snapshot, path, ("depends_on", wanted[cycle[0]].index(cycle[1])))
        chain = " -> ".join(cycle)
        yield _in_document(
            *where,
            codes.CYCLE,
            f"products depend on each other in a circle: {chain}",
            "remove one of these dependencies",
        )


def _cycles(graph: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Yield each circle once, from its first product by name; no recursion, any depth."""
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
                circle = path[path.index(following) :]
                turn = circle.index(min(circle))
                first = circle[turn:] + circle[:turn]
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
                f"the alias hides behind the product {name!r}",
                "delete the alias, or rename the product",
            )
        elif target in registry.products or target in registry.deleted:
            # Of a deleted product too: who uses the old name is to be told that it was deleted.
            continue
        elif target in registry.aliases:
            yield _in_document(
                *where,
                codes.ALIAS,
                f"{target!r} is an alias itself",
                f'write "{registry.aliases[target]}"',
            )
        else:
            yield _in_document(
                *where,
                codes.ALIAS,
                f"there is no product {target!r}",
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
                f"{name!r} is recorded as deleted, and there is such a {what}",
                f"delete this file if the {what} is meant to be there",
            )


def _check_ids_across(registry: Registry, snapshot: Snapshot) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for record in registry.products.values():
        for kind, events in _logs(record):
            for event in events:
                first = owner.setdefault(event["id"], record.name)
                if first == record.name:
                    continue
                path = layout.log_path(record.name, kind, layout.month_of(event["at"]))
                position = position_of_event(snapshot.read(path) or b"", event["id"], "id")
                yield Problem(
                    path,
                    *position,
                    codes.DUPLICATE_ID,
                    f"the id {event['id']!r} is that of an event of {first!r} too",
                    "remove the copy: every event has an id of its own",
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
    mend = f"run `{command}`" if command else otherwise
    return f"did you mean {' or '.join(near)}? otherwise {mend}" if near else mend
