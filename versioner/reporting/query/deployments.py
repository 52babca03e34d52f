"""Reports of deployments: a table of many, and all details of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.models import Undeployment
from versioner.models.event_fields import EVENT_FIELDS
from versioner.query.commits.words import list_words
from versioner.query.derived.latest_values import artifact_lines, event_details, latest_value
from versioner.query.derived.running_versions import place_text
from versioner.reporting.delimited import Listing
from versioner.reporting.tables import Column, labelled_list, paragraph, table, value_lines
from versioner.reporting.terminal import as_json, clean, json_array
from versioner.reporting.text import (
    STATUS_STYLES,
    Span,
    abbreviate,
    count,
    moment,
    short_id,
    status_span,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from versioner.models import Deployment, Event
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import TextLayout

__all__ = [
    "DEPLOYMENT_COLUMNS",
    "deployment_document",
    "deployment_json",
    "deployment_table",
    "deployment_text",
    "deployments_json",
    "deployments_listing",
    "deployments_text",
    "field_pairs",
]

DEPLOYMENT_COLUMNS: Final = (
    "id",
    "product",
    "environment",
    "instance",
    "version",
    "status",
    "kind",
    "previous",
    "at",
    "changed_at",
    "deployed_by",
    "reason",
    "deploy_url",
    "void.id",
    "void.at",
    "void.reason",
)

# Fields that are shown in other lines, or not at all.
_NOT_DETAILS: Final = frozenset(
    (
        "at",
        "id",
        "version",
        "environment",
        "instance",
        "status",
        "extra_metadata",
        "reason",
        "notes",
        "voids",
    )
)


def deployments_text(
    layout: TextLayout, found: Sequence[Deployment | Undeployment], *, total: int
) -> str:
    """Return deployments as a table; `total` is how many match the filters."""
    if not found:
        return "No deployments." if not total else f"None of {count(total, 'deployment')}."
    shown = count(total, "deployment")
    if total > len(found):
        shown = f"{len(found):,} of {shown}, newest first; --limit 0 shows all"
    return f"{deployment_table(layout, found)}\n\n{layout.paint(shown, 'dim')}"


def deployment_table(
    layout: TextLayout,
    found: Sequence[Deployment | Undeployment],
    *,
    product: bool = True,
    indent: str = "",
) -> str:
    """Return deployments as a table, with or without the column of their product."""
    columns = [
        Column("when (UTC)"),
        Column("product" if product else "", 9),
        Column("environment", 11),
        Column("version", 9),
        Column("status"),
        Column("by", 10, spare=True),
        Column("id"),
    ]
    rows: list[list[CellText]] = [
        [
            moment(each.at),
            each.product if product else "",
            place_text(each.environment, each.instance),
            Span(abbreviate(_version_of(each)), "struck" if each.void else ""),
            status_span(each),
            latest_value(each.events, "deployed_by"),
            Span(short_id(each.id), "dim"),
        ]
        for each in found
    ]
    return table(layout, columns, rows, indent=indent)


def _version_of(entry: Deployment | Undeployment) -> str:
    """Return the version of a row; an undeployment without one shows what it ended."""
    return entry.version or entry.previous or "-"


def deployment_text(layout: TextLayout, deployment: Deployment | Undeployment, *, age: str) -> str:
    """Return all details of one deployment."""
    place = place_text(deployment.environment, deployment.instance)
    what = f"{deployment.product} {deployment.version}".rstrip()
    head = f"{what} to {place}" if deployment.version else f"{what} in {place}"
    parts = [layout.heading(head), _labelled(layout, deployment, age)]
    parts += ["", layout.heading("Events"), _events_table(layout, deployment)]
    return "\n".join(parts)


def deployment_document(deployment: Deployment | Undeployment) -> dict[str, Any]:
    """Return a deployment as data, without its events; an unknown value is null."""
    void = deployment.void
    return {
        "id": deployment.id,
        "product": deployment.product,
        "environment": deployment.environment,
        **({"instance": deployment.instance} if deployment.instance else {}),
        "version": deployment.version or None,
        "status": deployment.status,
        "kind": deployment.kind,
        "previous": deployment.previous or None,
        "at": deployment.at,
        "changed_at": deployment.changed_at,
        "deployed_by": latest_value(deployment.events, "deployed_by") or None,
        "reason": latest_value(deployment.events, "reason") or None,
        "deploy_url": latest_value(deployment.events, "deploy_url") or None,
        "void": None
        if void is None
        else {"id": void["id"], "at": void["at"], "reason": void.get("reason")},
    }


def deployments_json(found: Iterable[Deployment | Undeployment]) -> Iterator[str]:
    """Yield the parts of a JSON array of deployments, as each deployment is read."""
    return json_array(deployment_document(each) for each in found)


def deployments_listing(found: Iterable[Deployment | Undeployment]) -> Listing:
    """Return deployments as rows of a table, each made when it is read."""
    return Listing(DEPLOYMENT_COLUMNS, (deployment_document(each) for each in found))


def deployment_json(deployment: Deployment | Undeployment, *, problems: int = 0) -> str:
    """Return one deployment as JSON, with the events it is folded from.

    `problems` is the number of errors in the files that were read.
    """
    struck = [{"event": event, "voided_by": by} for event, by in deployment.void_events]
    document = deployment_document(deployment)
    return as_json(
        {**document, "events": deployment.events, "void_events": struck, "problems": problems}
    )


def field_pairs(
    events: Sequence[Event], hidden: Collection[str] = ()
) -> list[tuple[str, CellText]]:
    """Return the latest value of each field that has no line of its own, and the metadata."""
    fields, metadata = event_details(events)
    pairs: list[tuple[str, CellText]] = [
        (EVENT_FIELDS[key].label, value_lines(_legible(key, value)))
        for key, value in fields.items()
        if key not in _NOT_DETAILS and key not in hidden
    ]
    return pairs + [(key, value_lines(value)) for key, value in metadata.items()]


def _legible(key: str, value: Any) -> Any:
    if key == "overrides":
        return "\n".join(f"{each['rule']}: {each['reason']}" for each in value)
    if key == "changes":
        return list_words(value)
    return "\n".join(artifact_lines(value)) if key == "artifacts" else value


def _labelled(layout: TextLayout, deployment: Deployment | Undeployment, age: str) -> str:
    void = deployment.void
    why = latest_value(deployment.events, "reason")
    pairs: list[tuple[str, CellText]] = [
        ("status", _status_lines(deployment)),
        ("void", _void_lines(void) if void is not None else ""),
        ("started", f"{moment(deployment.at)} UTC"),
        ("changed", f"{moment(deployment.changed_at)} UTC ({age})"),
        (
            "ended" if isinstance(deployment, Undeployment) else "previous version",
            deployment.previous,
        ),
        ("reason", paragraph(why)),
        *field_pairs(deployment.events),
        ("id", deployment.id),
    ]
    return labelled_list(layout, pairs)


def _status_lines(deployment: Deployment | Undeployment) -> list[Span]:
    kind = f" ({deployment.kind})" if deployment.kind != "deployment" else ""
    if isinstance(deployment, Undeployment):
        kind = "" if deployment.has_effect or deployment.void else " (it did not run there)"
    return [Span(deployment.status + kind, STATUS_STYLES[deployment.status])]


def _void_lines(void: Event) -> list[Span]:
    reason = f"{moment(void['at'])} UTC: {void.get('reason') or 'no reason given'}"
    return paragraph(reason, "bad")


def _events_table(layout: TextLayout, deployment: Deployment | Undeployment) -> str:
    standing = [(event, "") for event in deployment.events]
    struck = [(event, f"void: {by.get('reason', '')}") for event, by in deployment.void_events]
    rows: list[list[CellText]] = [
        [
            moment(event["at"]),
            Span(clean(str(event.get("status", ""))), "struck" if note else ""),
            str(event.get("deployed_by", "")),
            Span(event["id"], "dim"),
            note,
        ]
        for event, note in sorted([*standing, *struck], key=lambda pair: str(pair[0]["at"]))
    ]
    columns = [
        Column("when (UTC)"),
        Column("status"),
        Column("by", 8),
        Column("id", 12),
        Column("note", 12),
    ]
    return table(layout, columns, rows, indent="  ")
