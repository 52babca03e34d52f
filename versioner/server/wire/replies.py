"""What the event endpoints answer: the event as it is recorded, and the ids around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.registry.event_order import OPENING
from versioner.registry.fold.product import fold_product
from versioner.server.wire.refusals import verdict_document

if TYPE_CHECKING:
    from versioner.models import Event
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult
    from versioner.server.wire.body import Body
    from versioner.server.wire.drafts import PostedEvent
    from versioner.server.writer import GateAnswer, Judged

__all__ = ["BuildReview", "DeploymentReview", "build_reply", "deployment_reply", "version_id"]


def version_id(product: str, version: str) -> str:
    """Return the id of a version: no product has an @ in its name."""
    return f"{product}@{version}"


class DeploymentReview:
    """What the product's events say of a deployment event before it is recorded.

    `deployment_id` is the id of the deployment's first event, `began_at` its moment.
    """

    def __init__(self, posted: PostedEvent) -> None:
        self._posted = posted
        self.deployment_id = ""
        self.began_at = ""

    def __call__(self, judged: Judged) -> EventDraft | None:
        """Find the deployment of an event; return its draft at another moment, if its own lies.

        A deployment that ended before it started did not: then the moment is that of the request.
        """
        event = judged.recorded.event
        self.deployment_id, self.began_at = event["id"], event["at"]
        visible = judged.visible("deployment")
        named = visible.find("deployment", "version", event["version"])
        same = [each for each in named if _is_beside(each, event)]
        later = self._posted.at_request
        if later is not None and event["at"] != later.fields["at"]:
            openings = [each for each in same if each["status"] in OPENING]
            if any(each["at"] > event["at"] and _is_same_run(each, event) for each in openings):
                return later
        ids = {each["id"] for each in same}
        if ids == {event["id"]}:
            return None
        voids = [
            each
            for name in ids
            for each in visible.find("deployment", "voids", name)
            if each["id"] not in ids
        ]
        for each in fold_product(judged.recorded.product, [*same, *voids])[0]:
            if any(own["id"] == event["id"] for own in each.events):
                self.deployment_id, self.began_at = each.id, each.at
        return None


class BuildReview:
    """What the product's events say of a build event: the first id and start of the same build."""

    def __init__(self) -> None:
        self.build_id = ""
        self.started_at: str | None = None

    def __call__(self, judged: Judged) -> None:
        """Find the events of the same build."""
        event = judged.recorded.event
        same = judged.visible("build").find("build", "version", event["version"])
        same = [each for each in same if each["version"] == event["version"]]
        if event.get("invoke_id"):
            same = [each for each in same if _is_same_run(each, event)]
        self.build_id = same[0]["id"] if same and event.get("invoke_id") else event["id"]
        self.started_at = next((x["started_at"] for x in same if x.get("started_at")), None)


def _is_beside(other: Event, event: Event) -> bool:
    return (
        all(other.get(key) == event.get(key) for key in ("environment", "instance", "version"))
        and "status" in other
    )


def _is_same_run(one: Event, other: Event) -> bool:
    runs = {one.get("invoke_id", ""), other.get("invoke_id", "")} - {""}
    return len(runs) < 2


def _preflight(gate: GateAnswer | None) -> dict[str, Any]:
    if gate is None:
        return {"status": "skipped", "rules_evaluated": []}
    verdicts = [verdict_document(each, gate.rules) for each in gate.answer.verdicts]
    return {"status": "passed", "rules_evaluated": verdicts}


def _shared(body: Body, recorded: RecordResult) -> dict[str, Any]:
    event = recorded.event
    return {
        "product_id": recorded.product,
        "product_name": body.values["product"],
        "version_id": version_id(recorded.product, event["version"]),
        "version": event["version"],
        "status": event["status"],
        "event_id": event["id"],
        "created_at": event["at"],
        **{
            key: event.get(key)
            for key in (
                "source_system",
                "build_number",
                "build_url",
                "scm_repository",
                "scm_sha",
                "scm_branch",
                "invoke_id",
            )
        },
    }


def deployment_reply(
    body: Body, recorded: RecordResult, review: DeploymentReview, gate: GateAnswer | None
) -> dict[str, Any]:
    """Return the reply to a deployment event that is on the branch."""
    event = recorded.event
    is_over = event["status"] not in OPENING
    metadata = {**event.get("extra_metadata", {}), "preflight_status": _preflight(gate)}
    return {
        "id": review.deployment_id,
        "deployment_id": review.deployment_id,
        **_shared(body, recorded),
        "environment_id": event["environment"],
        "environment_name": body.values["environment"],
        "deployed_at": review.began_at,
        "completed_at": event["at"] if is_over else None,
        "deployed_by": event.get("deployed_by"),
        "deployed_by_name": event.get("deployed_by_name"),
        "deployed_by_email": event.get("deployed_by_email"),
        "deploy_url": event.get("deploy_url") or event.get("build_url"),
        "soak_time_hours": None,
        "extra_metadata": metadata,
    }


def build_reply(body: Body, recorded: RecordResult, review: BuildReview) -> dict[str, Any]:
    """Return the reply to a build event that is on the branch."""
    event = recorded.event
    is_over = event["status"] not in OPENING
    return {
        "id": review.build_id,
        **_shared(body, recorded),
        "started_at": review.started_at,
        "completed_at": (event.get("completed_at") or event["at"]) if is_over else None,
        "built_by": event.get("built_by"),
        "built_by_name": event.get("built_by_name"),
        "built_by_email": event.get("built_by_email"),
        "extra_metadata": event.get("extra_metadata", {}),
    }
