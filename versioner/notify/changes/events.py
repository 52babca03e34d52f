"""The notices of events that are new in the logs of products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.notify.notices import Notice

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from versioner.models import Deployment, Event
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["event_notices"]


def event_notices(old: Registry, new: Registry, added: Collection[str]) -> Iterator[Notice]:
    """Yield a notice of each added event, by time, and of each value that was redacted."""
    found = [notice for record in new.products.values() for notice in _of_product(record, added)]
    yield from sorted(found, key=lambda each: (each.at, each.type == "deployment.voided"))
    yield from _redactions(old, new)


def _of_product(record: ProductRecord, added: Collection[str]) -> Iterator[Notice]:
    for event in record.builds:
        if event["id"] in added:
            yield Notice(
                event["id"],
                f"build.{event['status']}",
                event["at"],
                products=(record.name,),
                version=event["version"],
                event=event["id"],
            )
    events = [each for each in record.deployment_events if each["id"] in added]
    if events:
        deployments = _deployments(record)
        for event in events:
            yield _deployment(record, event, deployments)
    for event in record.decision_events:
        if event["id"] in added:
            yield _decision(record, event)


def _deployments(record: ProductRecord) -> dict[str, Deployment]:
    """Return the deployment of each event, also of those that are void."""
    found = {}
    for each in record.deployments:
        events = [*each.events, *(event for event, _ in each.void_events)]
        found.update({event["id"]: each for event in events})
    return found


def _deployment(record: ProductRecord, event: Event, deployments: dict[str, Deployment]) -> Notice:
    if "voids" in event:
        return _void(record, event, deployments)
    deployment = deployments.get(event["id"])
    status = event["status"]
    fields: dict[str, Any] = {
        "environments": (event["environment"],),
        "version": event.get("version", ""),
        "instance": event.get("instance", ""),
        "deployment": deployment.id if deployment is not None else event["id"],
    }
    also = ["deployment.override"] if event.get("overrides") else []
    if status == "completed" and deployment is not None:
        fields["previous"] = deployment.previous
        also += [f"deployment.{deployment.kind}"] if deployment.kind != "deployment" else []
    return Notice(
        event["id"],
        f"deployment.{status}",
        event["at"],
        also=tuple(also),
        products=(record.name,),
        event=event["id"],
        **fields,
    )


def _void(record: ProductRecord, event: Event, deployments: dict[str, Deployment]) -> Notice:
    voided = next((e for e in record.deployment_events if e["id"] == event["voids"]), {})
    deployment = deployments.get(event["voids"])
    return Notice(
        event["id"],
        "deployment.voided",
        event["at"],
        products=(record.name,),
        environments=(voided["environment"],) if "environment" in voided else (),
        version=voided.get("version", ""),
        instance=voided.get("instance", ""),
        event=event["id"],
        deployment=deployment.id if deployment is not None else event["voids"],
        previous=event["voids"],
    )


def _decision(record: ProductRecord, event: Event) -> Notice:
    word = event["decision"]
    kind = "override.reviewed" if word == "override-reviewed" else f"version.{word}"
    return Notice(
        event["id"],
        kind,
        event["at"],
        products=(record.name,),
        version=event["version"],
        event=event["id"],
        name=event.get("approval_type", ""),
    )


def _redactions(old: Registry, new: Registry) -> Iterator[Notice]:
    """Yield what was redacted of events that were there before."""
    before = {
        event["id"]: event.get("redacted", ())
        for record in old.products.values()
        for event in _events(record)
    }
    for record in new.products.values():
        for event in _events(record):
            words = set(event.get("redacted", ())) - set(before.get(event["id"], ()))
            if words and event["id"] in before:
                names = tuple(sorted(words))
                yield Notice(
                    f"redacted-{event['id']}-{'-'.join(names)}",
                    "event.redacted",
                    new.commit_time or event["at"],
                    products=(record.name,),
                    environments=(event["environment"],) if "environment" in event else (),
                    version=event.get("version", ""),
                    event=event["id"],
                    words=names,
                )


def _events(record: ProductRecord) -> Iterator[Event]:
    yield from record.builds
    yield from record.deployment_events
    yield from record.decision_events
