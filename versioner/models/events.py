"""The events in the logs, one on each line.

The key order of the two classes is the order of the schema and of a canonical line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from typing import NotRequired, TypedDict
else:
    # A TypedDict evaluates each annotation, which takes longer than all else in this module.
    TypedDict = dict

__all__ = [
    "BUILD_KEYS",
    "COLLECTED",
    "DECISION_KEYS",
    "DECISION_KINDS",
    "DEFAULT_ARTIFACT",
    "DEPLOYMENT_KEYS",
    "OBSERVATION_KEYS",
    "PRODUCT_LOGS",
    "REQUEST_DECISION_KEYS",
    "STATUSES",
    "UNDEPLOYED",
    "BuildEvent",
    "DecisionEvent",
    "DecisionKind",
    "DeploymentEvent",
    "Event",
    "EventKind",
    "EventStatus",
    "LogKind",
    "Observation",
    "RecordKind",
    "RecordedChanges",
    "RecordedCommit",
    "RequestDecisionEvent",
    "Status",
]

Status = Literal["pending", "started", "completed", "failed", "aborted"]
STATUSES: Final[tuple[Status, ...]] = ("pending", "started", "completed", "failed", "aborted")

# An undeployment is an event of its own: no build and no deployment has its status.
EventStatus = Status | Literal["undeployed"]
UNDEPLOYED: Final = "undeployed"

EventKind = Literal["build", "deployment"]
# Decisions about a version are in a log of its product, those about a request in its own.
DecisionKind = Literal["decision", "request-decision"]
DECISION_KINDS: Final[tuple[DecisionKind, ...]] = ("decision", "request-decision")
# The line of a commit's message for a decision that its author took from somebody else: a signature
# of the commit is none of who decided.
COLLECTED: Final = "Collected: "
# What one command records, in one line of a log.
RecordKind = EventKind | DecisionKind
# The kinds of logs: those of events that are recorded, and what was seen to run.
LogKind = RecordKind | Literal["observation"]
PRODUCT_LOGS: Final[tuple[LogKind, ...]] = ("build", "deployment", "observation", "decision")


# The name of an artifact that is given without one.
DEFAULT_ARTIFACT: Final = "artifact"


class RecordedCommit(TypedDict):
    """A commit of a version: its id, shortened, and what is recorded of its message.

    `author` is there where `people:` allows it. `keys` are the pull requests and tickets that the
    message names.
    """

    id: str
    subject: NotRequired[str]
    author: NotRequired[str]
    keys: NotRequired[list[str]]


class RecordedChanges(TypedDict):
    """The commits of a version that the version `since` does not have, newest first.

    `more` is the number of those that are not listed. `partial` says that others are not known;
    nothing is said then of a version before.
    """

    since: NotRequired[str]
    more: NotRequired[int]
    partial: NotRequired[Literal[True]]
    commits: list[RecordedCommit]


class BuildEvent(TypedDict):
    """An event of one build of a version."""

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
    artifacts: NotRequired[dict[str, str]]
    changes: NotRequired[RecordedChanges]
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


class Override(TypedDict):
    """A rule that a deployment overrides, and why."""

    rule: str
    reason: str


class DeploymentEvent(TypedDict):
    """An event of one deployment, an undeployment, or the declaration of a mistake (`voids`).

    An undeployment has the status "undeployed", and a version only where it ends that one alone.
    A declaration has `at`, `voids`, `reason`, perhaps a person, and `id`; it has no environment,
    version or status.
    """

    at: str
    environment: NotRequired[str]
    instance: NotRequired[str]
    version: NotRequired[str]
    status: NotRequired[EventStatus]
    deployed_by: NotRequired[str]
    deployed_by_email: NotRequired[str]
    deployed_by_name: NotRequired[str]
    scm_repository: NotRequired[str]
    scm_sha: NotRequired[str]
    scm_branch: NotRequired[str]
    artifacts: NotRequired[dict[str, str]]
    changes: NotRequired[RecordedChanges]
    build_number: NotRequired[str]
    build_url: NotRequired[str]
    source_system: NotRequired[str]
    source_server: NotRequired[str]
    invoke_id: NotRequired[str]
    attempt: NotRequired[str]
    job: NotRequired[str]
    deploy_url: NotRequired[str]
    reason: NotRequired[str]
    overrides: NotRequired[list[Override]]
    deployment: NotRequired[str]
    voids: NotRequired[str]
    redacted: NotRequired[list[str]]
    extra_metadata: NotRequired[dict[str, Any]]
    id: str


class Observation(TypedDict):
    """What was seen to run of a product in one environment, or in one instance of it.

    `version` is "" where no version ran, where several did (`versions`), and where the version of
    what ran is not known (`images`).
    """

    at: str
    environment: str
    instance: NotRequired[str]
    version: str
    versions: NotRequired[list[str]]
    images: NotRequired[list[str]]
    artifacts: NotRequired[dict[str, str]]
    source: str
    id: str


class DecisionEvent(TypedDict):
    """A decision about a version: an approval, a rejection, a block, or the end of one.

    `scm_sha` and `artifacts` are what the registry said of the version when it was decided.
    `event` is the deployment event whose overrides were reviewed.
    """

    at: str
    version: str
    decision: Literal[
        "approved", "rejected", "revoked", "blocked", "unblocked", "override-reviewed"
    ]
    approval_type: NotRequired[str]
    by: NotRequired[str]
    comment: NotRequired[str]
    scm_sha: NotRequired[str]
    artifacts: NotRequired[dict[str, str]]
    event: NotRequired[str]
    redacted: NotRequired[list[str]]
    id: str


class RequestDecisionEvent(TypedDict):
    """A decision about a deployment request: an approval, a rejection, a step, or its opening.

    `of` is the hash of the content that was decided on; `step` is "before.1" for the first step
    before, "after.2" for the second step after.
    """

    at: str
    decision: Literal["approved", "rejected", "done", "undone", "opened"]
    approval_type: NotRequired[str]
    of: NotRequired[str]
    step: NotRequired[str]
    by: NotRequired[str]
    comment: NotRequired[str]
    redacted: NotRequired[list[str]]
    id: str


# Code that reads logs uses all kinds as a mapping of the keys above.
Event = dict[str, Any]

BUILD_KEYS: Final[tuple[str, ...]] = tuple(BuildEvent.__annotations__)
DEPLOYMENT_KEYS: Final[tuple[str, ...]] = tuple(DeploymentEvent.__annotations__)
OBSERVATION_KEYS: Final[tuple[str, ...]] = tuple(Observation.__annotations__)
DECISION_KEYS: Final[tuple[str, ...]] = tuple(DecisionEvent.__annotations__)
REQUEST_DECISION_KEYS: Final[tuple[str, ...]] = tuple(RequestDecisionEvent.__annotations__)
