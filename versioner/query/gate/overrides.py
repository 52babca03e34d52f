"""Deployments that started in spite of a rule, until somebody has reviewed that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from versioner.registry.records import ProductRecord

__all__ = ["OverriddenStart", "unreviewed_overrides"]


class OverriddenStart(NamedTuple):
    """A start that overrides rules, with the deployment that it began or went on with.

    `began` is the time of the deployment.
    """

    event: str
    deployment: str
    began: str
    at: str
    environment: str
    instance: str
    version: str
    rules: list[str]
    reason: str


def unreviewed_overrides(record: ProductRecord) -> list[OverriddenStart]:
    """Return the starts of a product that override rules and that no decision has reviewed.

    Void ones are left out; the oldest comes first.
    """
    if not any("overrides" in event for event in record.deployment_events):
        return []
    reviewed = {each.event for each in record.decisions if each.decision == "override-reviewed"}
    return [
        OverriddenStart(
            event["id"],
            deployment.id,
            deployment.at,
            event["at"],
            deployment.environment,
            deployment.instance,
            deployment.version,
            [each["rule"] for each in event["overrides"]],
            event["overrides"][0]["reason"],
        )
        for deployment in record.deployments
        if deployment.void is None
        for event in deployment.events
        if event.get("overrides") and event["id"] not in reviewed
    ]
