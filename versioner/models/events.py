"""Events: what the logs hold, one a line.

The key order of the two classes is the order of the schema and of a canonical line.
"""

# Annotations are not put off here, as they are elsewhere: a TypedDict would compile each of
# them from text, which takes longer than all else in this module.
from typing import Any, Final, Literal, NotRequired, TypedDict

__all__ = [
    "BUILD_KEYS",
    "DEPLOYMENT_KEYS",
    "STATUSES",
    "STATUS_WORDS",
    "BuildEvent",
    "DeploymentEvent",
    "Event",
    "EventKind",
    "Status",
]

Status = Literal["pending", "started", "completed", "failed", "aborted"]
STATUSES: Final[tuple[Status, ...]] = ("pending", "started", "completed", "failed", "aborted")

EventKind = Literal["build", "deployment"]


# What pipelines call the statuses.
_COMMON_WORDS: Final[dict[str, Status]] = {
    **dict.fromkeys(("pending", "queued", "scheduled"), "pending"),
    **dict.fromkeys(("started", "in_progress", "init"), "started"),
    **dict.fromkeys(("completed", "success", "complete", "finished"), "completed"),
    **dict.fromkeys(("failed", "fail", "failure", "error"), "failed"),
    **dict.fromkeys(("aborted", "abort", "cancelled", "canceled", "cancel", "skipped"), "aborted"),
}

STATUS_WORDS: Final[dict[EventKind, dict[str, Status]]] = {
    "build": {**_COMMON_WORDS, "building": "started", "built": "completed"},
    "deployment": {**_COMMON_WORDS, "deploying": "started", "deployed": "completed"},
}


class BuildEvent(TypedDict):
    """Tell what happened to one build of a version."""

    at: str
    version: str
    status: Status
    started_at: NotRequired[str]
    completed_at: NotRequired[str]
    built_by: NotRequired[str]
    built_by_email: NotRequired[str]
    built_by_name: NotRequired[str]
    scm_repository: NotRequired[str]
    scm_sha: NotRequired[str]
    scm_branch: NotRequired[str]
    build_number: NotRequired[str]
    build_url: NotRequired[str]
    source_system: NotRequired[str]
    source_server: NotRequired[str]
    invoke_id: NotRequired[str]
    attempt: NotRequired[str]
    job: NotRequired[str]
    notes: NotRequired[str]
    redacted: NotRequired[list[str]]
    extra_metadata: NotRequired[dict[str, Any]]
    id: str


class DeploymentEvent(TypedDict):
    """Tell what happened to one deployment, or (with `voids`) that an event was a mistake.

    A void event has `at`, `voids`, `reason`, perhaps who, and `id`; it has no environment,
    version or status of its own.
    """

    at: str
    environment: NotRequired[str]
    version: NotRequired[str]
    status: NotRequired[Status]
    deployed_by: NotRequired[str]
    deployed_by_email: NotRequired[str]
    deployed_by_name: NotRequired[str]
    scm_repository: NotRequired[str]
    scm_sha: NotRequired[str]
    scm_branch: NotRequired[str]
    build_number: NotRequired[str]
    build_url: NotRequired[str]
    source_system: NotRequired[str]
    source_server: NotRequired[str]
    invoke_id: NotRequired[str]
    attempt: NotRequired[str]
    job: NotRequired[str]
    deploy_url: NotRequired[str]
    reason: NotRequired[str]
    deployment: NotRequired[str]
    voids: NotRequired[str]
    redacted: NotRequired[list[str]]
    extra_metadata: NotRequired[dict[str, Any]]
    id: str


# What reads logs treats both kinds alike: a mapping of the keys above.
Event = dict[str, Any]

BUILD_KEYS: Final[tuple[str, ...]] = tuple(BuildEvent.__annotations__)
DEPLOYMENT_KEYS: Final[tuple[str, ...]] = tuple(DeploymentEvent.__annotations__)
