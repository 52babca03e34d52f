"""Events, product records and registries with defaults, for tests that care about one thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from versioner.models import Cell
from versioner.names import TYPE_ORDER, environment_type
from versioner.registry.fold.product import fold_product
from versioner.registry.records import ProductRecord, Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Event

NOW = "2026-11-22T10:15:00Z"
_numbers = count(1)


def moment(minutes: float = 0, start: str = NOW) -> str:
    """Return the time some minutes after (before, if negative) `start`."""
    at = datetime.fromisoformat(start) + timedelta(minutes=minutes)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def deployment(version: str = "1.0.0", status: str = "completed", **fields: Any) -> Event:
    """Build a deployment event; `minutes` places it after NOW."""
    at = fields.pop("at", None) or moment(fields.pop("minutes", 0))
    fields.pop("minutes", None)
    environment = fields.pop("environment", "production")
    event_id = fields.pop("id", None) or f"e{next(_numbers):031x}"
    return {
        "at": at,
        "environment": environment,
        "version": version,
        "status": status,
        **fields,
        "id": event_id,
    }


def undeployment(version: str = "", **fields: Any) -> Event:
    """Build the event that nothing runs any more or, with `version`, that it does not."""
    event = deployment(version, "undeployed", **fields)
    return event if version else {key: event[key] for key in event if key != "version"}


def build(version: str = "1.0.0", status: str = "completed", **fields: Any) -> Event:
    """Build a build event; `minutes` places it after NOW."""
    event = deployment(version, status, **fields)
    del event["environment"]
    return event


def void(target: Event | str, **fields: Any) -> Event:
    """Build the event that declares another one a mistake."""
    at = fields.pop("at", None) or moment(fields.pop("minutes", 0))
    voids = target if isinstance(target, str) else target["id"]
    return {
        "at": at,
        "reason": fields.pop("reason", "recorded by mistake"),
        "voids": voids,
        **fields,
        "id": fields.pop("id", None) or f"f{next(_numbers):031x}",
    }


def cell_of(
    product: str, environment: str, events: Sequence[Event], listed: Sequence[str] = ()
) -> Cell:
    """Fold a product's events, and return one of its cells."""
    cells = fold_product(product, events, {environment: listed})[1]
    return cells.get(environment) or Cell(product, environment, [])


def product(
    name: str = "user-service",
    deployments: list[Event] | None = None,
    builds: list[Event] | None = None,
    **document: Any,
) -> ProductRecord:
    """Build a product record with these events."""
    return ProductRecord(
        name=name,
        document={"name": name, **document},
        builds=builds or [],
        deployment_events=deployments or [],
    )


def registry(
    *products: ProductRecord,
    environments: dict[str, dict[str, Any]] | None = None,
    **fields: Any,
) -> Registry:
    """Build a registry of products, with dev, test, staging and production unless told."""
    documents = environments or {"dev": {}, "test": {}, "staging": {}, "production": {}}
    described = {}
    for name, document in documents.items():
        kind = environment_type(name)
        described[name] = {"name": name, "type": kind, "order": TYPE_ORDER[kind], **document}
    whole = Registry(
        commit_time=NOW,
        config=fields.pop("config", {"schema_version": 1, "title": "Registry"}),
        environments=dict(sorted(described.items(), key=lambda each: (each[1]["order"], each[0]))),
        products={record.name: record for record in products},
        **fields,
    )
    for record in products:
        record.listed = whole.listed_instances
    return whole
