"""Read one product from its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from versioner import layout
from versioner.models.events import PRODUCT_LOGS
from versioner.registry.checks.one_product import check_product
from versioner.registry.checks.unexpected_files import (
    is_expected,
    unexpected_entry,
    without_misnamed,
)
from versioner.registry.environment_names import with_environment_names
from versioner.registry.event_order import in_month_order
from versioner.registry.records import ProductRecord
from versioner.validation.documents import validate_document
from versioner.validation.logs import validate_log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.git.files.entries import FileEntry
    from versioner.git.snapshot import Snapshot
    from versioner.models import Event, LogKind, Problem

__all__ = ["LogEvents", "ProductFiles", "read_product"]


class LogEvents(NamedTuple):
    """The valid events of one log in their order; `period` is its month or year."""

    path: str
    kind: LogKind
    period: str
    events: list[Event]


@dataclass
class ProductFiles:
    """What the files of one product's directory say.

    `is_product` is False where no file of it is one of a product. `named` are the environments
    that events name, as they were recorded. `logs` are in the order in which they were read.
    """

    record: ProductRecord
    is_product: bool
    named: set[str] = field(default_factory=set)
    logs: list[LogEvents] = field(default_factory=list)


def read_product(
    snapshot: Snapshot,
    name: str,
    entries: Mapping[str, FileEntry],
    *,
    tree: str | None = None,
    environment_names: Mapping[str, str] | None = None,
    listed: Mapping[str, Sequence[str]] | None = None,
) -> ProductFiles:
    """Read a product; `entries` are those of its directory, and maybe of others.

    `environment_names` are the former names of environments, with the environment of each;
    `listed` are the instances that the files of environments list.
    """
    inside = f"{layout.product_dir(name)}/"
    own = {path: entry for path, entry in entries.items() if path.startswith(inside)}
    paths = layout.in_log_order(path for path, entry in own.items() if is_expected(path, entry))
    unexpected = [path for path in own if path not in set(paths)]
    contents = snapshot.read_many(paths)
    record = ProductRecord(name, {"name": name}, tree, listed=listed or {})
    found = ProductFiles(record, bool(paths))
    problems = [unexpected_entry(path, own[path]) for path in unexpected]
    for path in paths:
        problems += _read_file(found, path, contents[path], environment_names or {})
    logs: dict[LogKind, list[Event]] = {kind: [] for kind in PRODUCT_LOGS}
    for log in found.logs:
        logs[log.kind].extend(log.events)
    if any(log.period == layout.year_of(log.period) for log in found.logs):
        logs = {kind: in_month_order(events) for kind, events in logs.items()}
    record.builds, record.deployment_events = logs["build"], logs["deployment"]
    record.observations, record.decision_events = logs["observation"], logs["decision"]
    if found.is_product:
        problems += check_product(record, contents)
    record.problems = without_misnamed(problems, unexpected)
    return found


def _read_file(
    found: ProductFiles, path: str, data: bytes, names: Mapping[str, str]
) -> list[Problem]:
    place = layout.place_of(path)
    if place is None or place.log_kind is None:
        document, problems = validate_document("product", data, path)
        found.record.document = document or found.record.document
        return problems
    events, problems = validate_log(place.log_kind, data, path)
    if place.log_kind in ("deployment", "observation"):
        found.named.update(_named_environments(events))
    events = with_environment_names(events, names) if names else events
    found.logs.append(LogEvents(path, place.log_kind, place.period, events))
    return problems


def _named_environments(events: list[dict[str, Any]]) -> set[str]:
    return {event["environment"] for event in events if "environment" in event}
