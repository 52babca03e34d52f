"""A registry with what an export can meet: instances, mistakes, rollbacks, odd texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.builders import build, deployment, product, registry, undeployment, void
from versioner.models.governance import Decision, Governance
from versioner.registry.governance.requests import request_of

if TYPE_CHECKING:
    from versioner.models import Event
    from versioner.registry.records import Registry

__all__ = ["eventful"]

DIGEST = "sha256:" + "ab" * 32
ODD = "=cmd|' /C calc'!A0\r\n\"quoted\", ünïcode \U0001f680"


def eventful() -> Registry:
    """Return a registry of four products, one of them without events."""
    wrong = deployment("1.1.0", environment="production", at="2026-10-04T10:00:00Z")
    failed = deployment(
        "1.2.0", "failed", environment="staging", at="2026-10-05T09:30:00Z", id="x2"
    )
    shop = product(
        "shop",
        [
            deployment("1.0.0", environment="staging", at="2026-09-01T10:00:00Z"),
            deployment(
                "1.0.0", "started", environment="production", at="2026-09-30T23:59:00Z",
                deployed_by="jane", invoke_id="7", source_system="github", id="p1",
            ),
            deployment(
                "1.0.0", environment="production", at="2026-10-01T00:04:00Z", invoke_id="7",
                source_system="github", deploy_url="https://ci.example.test/7", id="p2",
                extra_metadata={"region": "eu", "deep": {"a": [1, None, 2.5]}},
            ),
            wrong,
            deployment("1.1.0", environment="staging", at="2026-10-03T10:00:00Z"),
            deployment("1.2.0", "started", environment="staging", at="2026-10-05T09:00:00Z"),
            failed,
            deployment("1.2.0", environment="production", at="2026-10-05T10:00:00Z", reason=ODD),
            deployment(
                "1.0.0", environment="production", at="2026-10-06T10:00:00Z",
                artifacts={"image": DIGEST}, deployed_by="@omar",
            ),
            void(wrong, at="2026-11-01T10:00:00Z", reason="wrong place"),
            void(failed, at="2026-11-01T10:00:01Z", reason="not ours"),
        ],
        [
            build("1.0.0", "started", at="2026-08-31T09:00:00Z"),
            build(
                "1.0.0", at="2026-08-31T09:10:00Z", scm_sha="c" * 40, notes="- first",
                started_at="2026-08-31T09:00:00Z", artifacts={"image": DIGEST},
            ),
            build("2.0.0", "failed", at="2026-11-02T09:10:00Z"),
        ],
        title="Shop", depends_on=["123"], extra_metadata={"team": "web"},
        links=[{"title": "Runbook", "url": "https://example.test"}],
    )  # fmt: skip
    shop.decision_events = [
        {
            "at": "2026-10-02T10:00:00Z", "version": "1.0.0", "decision": "approved",
            "approval_type": "qa", "by": "jane", "comment": ODD, "scm_sha": "c" * 40,
            "artifacts": {"image": DIGEST}, "id": "d1",
        },
        {
            "at": "2026-10-03T10:00:00Z", "version": "1.1.0", "decision": "blocked",
            "redacted": ["comment"], "id": "d2",
        },
    ]  # fmt: skip
    numbers = product(
        "123",
        [
            deployment("7", environment="production", instance="eu", at="2026-10-01T10:00:00Z"),
            deployment("8", environment="production", instance="us", at="2026-10-02T10:00:00Z"),
            undeployment(environment="production", instance="us", at="2026-10-03T10:00:00Z"),
            undeployment("6", environment="production", at="2026-10-04T10:00:00Z"),
            deployment("8", environment="elsewhere", at="2026-10-02T10:00:00Z"),
        ],
    )
    dates = product("2026-01-01", [deployment("1", environment="test", at="2026-10-01T10:00:00Z")])
    whole = registry(
        shop, numbers, dates, product("idle"),
        environments={
            "test": {}, "staging": {"retired": True, "metadata": {"zone": "b"}},
            "production": {"instances": ["eu", "us"], "aliases": ["prod"]},
        },
        aliases={"store": "shop"},
    )  # fmt: skip
    opened = Decision("q1", "2026-10-01T10:00:00Z", "jane", "opened")
    approved = Decision("q2", opened.at, "omar", "approved", "qa", of="ab" * 32, comment=ODD)
    document = {"name": "r1", "state": "open", "environments": [], "versions": {}}
    whole.governance = Governance(requests=(request_of(document, "", (opened, approved)),))
    for number, record in enumerate(whole.products.values()):
        record.tree = f"{number:040x}"
        renumber(number, [*record.builds, *record.deployment_events])
    return whole


def renumber(product_number: int, events: list[Event]) -> None:
    """Give events ids that are the same in each process and at each call."""
    ids = {event["id"]: f"{product_number:02x}{number:030x}" for number, event in enumerate(events)}
    ids["p1"] = "p1"
    for event in events:
        event["id"] = ids[event["id"]]
        if "voids" in event:
            event["voids"] = ids[event["voids"]]
