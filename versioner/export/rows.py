"""The rows of the tables: what one product, or the registry as a whole, has to export.

A row is a tuple in the order of its table's columns. Times are texts, metadata is plain data, and
what is not known is None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.export.tables import TABLES
from versioner.query.derived.latest_values import build_details, event_details, latest_value
from versioner.query.derived.owners import owner_of
from versioner.query.derived.relations import former_names
from versioner.query.times.text import seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from versioner.export.tables import Table, TableName
    from versioner.models import Cell, Deployment, Event, Undeployment, Version
    from versioner.models.governance import Decision
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["ProductRows", "Row", "event_lines", "product_rows", "registry_rows", "with_nulls"]

Row = tuple[Any, ...]


class ProductRows(NamedTuple):
    """The rows of one product, by table; the deployments are in order of time."""

    deployments: list[Row]
    versions: list[Row]
    running: list[Row]
    decisions: list[Row]


def product_rows(record: ProductRecord, since: str = "") -> ProductRows:
    """Return the rows of a product; with `since`, a month, no deployment that began before."""
    entries: list[Deployment | Undeployment] = [*record.deployments]
    entries += [each for cell in record.cells.values() for each in cell.undeployments]
    entries.sort(key=lambda each: each.at)
    return ProductRows(
        [_deployment(each) for each in entries if each.at >= since],
        [_version(each) for each in record.versions.values()],
        [row for cell in record.cells.values() for row in _running(cell)],
        [_decision(record.name, each) for each in record.decision_events],
    )


def registry_rows(registry: Registry) -> dict[TableName, list[Row]]:
    """Return the rows of the environments, the products, and the decisions about requests."""
    before = former_names(registry)
    return {
        "environments": [_environment(*each) for each in registry.environments.items()],
        "products": [
            _product(registry.products[name], before.get(name))
            for name in sorted(registry.products)
        ],
        "request_decisions": [
            _request_decision(request.name, each)
            for request in registry.governance.requests
            for each in request.decisions
        ],
    }


def _decision(product: str, event: Event) -> Row:
    values = {**event, "product": product, "decided_by": event.get("by")}
    return _row("decisions", values)


def _request_decision(request: str, decision: Decision) -> Row:
    columns = TABLES["request_decisions"].names
    values = {name: getattr(decision, name, "") or None for name in columns}
    who = {"decided_by": decision.by or None, "content": decision.of or None}
    return _row("request_decisions", {**values, **who, "request": request})


def event_lines(record: ProductRecord, since: str = "") -> Iterator[dict[str, Any]]:
    """Yield the deployment events of a product as `versioner import` reads them.

    They are in the order of the log. With `since`, events before that month are left out, and
    the declarations that one of them was a mistake.
    """
    events = record.deployment_events
    left_out = {event["id"] for event in events if event["at"] < since} if since else ()
    for event in events:
        if event["at"] >= since and event.get("voids") not in left_out:
            yield {"product": record.name, **event}


def with_nulls(table: Table, row: Row) -> dict[str, Any]:
    """Return a row as an object with a value for each column."""
    return dict(zip(table.names, row, strict=True))


def _row(name: TableName, values: Mapping[str, Any]) -> Row:
    return tuple(values.get(column) for column in TABLES[name].names)


# The values of these fields are of the deployment as a whole, or are those of other columns.
_OF_ENTRY: Final = frozenset(("at", "environment", "instance", "version", "status", "id"))


def _deployment(entry: Deployment | Undeployment) -> Row:
    void, at, changed = entry.void, entry.at, entry.changed_at
    return _row(
        "deployments",
        {
            **_details(entry.events),
            "at": at,
            "product": entry.product,
            "environment": entry.environment,
            "version": entry.version or None,
            "status": entry.status,
            "kind": entry.kind,
            "void": void is not None,
            "seconds": max(0, seconds_between(at, changed)) if changed != at else 0,
            "reason": latest_value([void] if void is not None else entry.events, "reason") or None,
            "id": entry.id,
            "instance": entry.instance or None,
            "changed_at": changed,
            "previous": entry.previous or None,
            "void_at": void["at"] if void is not None else None,
        },
    )


def _details(events: list[Event]) -> dict[str, Any]:
    """Return the latest value of each field of some events, the metadata as JSON."""
    if len(events) == 1 and "extra_metadata" not in events[0]:
        return {key: value or None for key, value in events[0].items() if key not in _OF_ENTRY}
    fields, metadata = event_details(events)
    return {**fields, "extra_metadata": metadata or None}


def _version(version: Version) -> Row:
    fields, metadata = build_details(version)
    built = [event["at"] for event in version.builds if event.get("status") == "completed"]
    return _row(
        "versions",
        {
            **fields,
            "product": version.product,
            "changes": version.changes,
            "version": version.name,
            "at": version.at,
            "status": version.status or None,
            "built_at": min(built, default=None),
            "scm_sha": version.scm_sha or None,
            "scm_repository": version.scm_repository or None,
            "scm_branch": version.scm_branch or None,
            "extra_metadata": metadata or None,
        },
    )


def _running(cell: Cell) -> Iterator[Row]:
    where = {"product": cell.product, "environment": cell.environment}
    if cell.instances:
        for each in cell.instances:
            if each.current is not None:
                yield _row("running", {
                    **where,
                    "instance": each.name or None,
                    "version": each.version,
                    "since": each.since,
                    "redeployed_at": each.redeployed_at or None,
                    "kind": each.kind,
                    "previous": each.previous or None,
                    "deployment": each.current.id,
                })  # fmt: skip
    elif cell.current is not None:
        yield _row("running", {
            **where,
            "version": cell.current.version,
            "since": cell.since,
            "redeployed_at": cell.redeployed_at or None,
            "kind": cell.current.kind,
            "previous": cell.current.previous or None,
            "deployment": cell.current.id,
        })  # fmt: skip


def _environment(name: str, document: Mapping[str, Any]) -> Row:
    return _row(
        "environments",
        {
            **document,
            "environment": name,
            "sort_order": document.get("order"),
            "retired": bool(document.get("retired")),
        },
    )


def _product(record: ProductRecord, before: list[str] | None) -> Row:
    document = record.document
    return _row(
        "products",
        {
            **document,
            "product": record.name,
            "owner": owner_of(record) or None,
            "former_names": before,
        },
    )
