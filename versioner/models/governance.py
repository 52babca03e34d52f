"""What may ship: rules, requests, their templates, and decisions of people.

`Governance` has what the files say, and which of them cannot be read. The questions and answers of
the judge are in `versioner.rules.gate`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "EVERYWHERE",
    "RULE_TYPES",
    "ConcurrencyBlock",
    "DailyWindow",
    "Decision",
    "DecisionWord",
    "Enforcement",
    "FlowBlock",
    "Governance",
    "MonthlyWindow",
    "OnceWindow",
    "RecurringWindow",
    "Request",
    "RequestApprovalBlock",
    "RequestTemplate",
    "RequirementBlock",
    "Rule",
    "RuleBlock",
    "RuleType",
    "ScheduleBlock",
    "Scope",
    "UnreadableFile",
    "VersionApprovalBlock",
    "WeeklySpan",
    "WeeklyWindow",
    "Window",
]

RuleType = Literal[
    "schedule", "flow", "version-approval", "request-approval", "requirement", "concurrency"
]
RULE_TYPES: Final[tuple[RuleType, ...]] = (
    "schedule", "flow", "version-approval", "request-approval", "requirement", "concurrency",
)  # fmt: skip

Enforcement = Literal["enabled", "report-only", "disabled"]

DecisionWord = Literal[
    "approved", "rejected", "revoked", "blocked", "unblocked", "done", "undone", "opened",
    "override-reviewed",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """The places that a rule is about: every key that is there must match.

    A key that is absent is None; an empty one matches nothing. Products and environments are names
    or globs with `*` and `?`; teams are those of `extra_metadata.team`.
    """

    products: tuple[str, ...] | None = None
    teams: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None
    environment_types: tuple[str, ...] | None = None


EVERYWHERE: Final = Scope()


@dataclass(frozen=True, slots=True)
class OnceWindow:
    """One span of local time, `2026-12-19T18:00` to `2027-01-04T09:00`."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """A part of each day, in minutes after midnight; an end up to the start is of the next day."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """The same, of the days of the week on which it begins (Monday is 0)."""

    days: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class WeeklySpan:
    """A part of each week, from a time of one day to the next such time of another."""

    start_day: int
    start: int
    end_day: int
    end: int


@dataclass(frozen=True, slots=True)
class MonthlyWindow:
    """A part of some days of each month; negative days count from the end (-1 is the last)."""

    days: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RecurringWindow:
    """Windows by a recurrence rule of RFC 5545, each `duration` seconds of elapsed time long."""

    rule: str
    start: str
    duration: int


Window = OnceWindow | DailyWindow | WeeklyWindow | WeeklySpan | MonthlyWindow | RecurringWindow


@dataclass(frozen=True, slots=True)
class ScheduleBlock:
    """When nothing may ship: inside the windows (`is_blocked`), or outside them."""

    windows: tuple[Window, ...]
    is_blocked: bool
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class FlowBlock:
    """The environments that a version must have passed through; `soak` is in seconds."""

    through: tuple[str, ...]
    in_order: bool = False
    soak: Mapping[str, int] = field(default_factory=dict)
    still_there: bool = False


@dataclass(frozen=True, slots=True)
class VersionApprovalBlock:
    """How many people must approve a version, by type of approval.

    `expires_after` is in seconds, None for never; `after` is an environment, "" for none.
    """

    types: Mapping[str, int]
    expires_after: int | None = None
    after: str = ""
    not_by: tuple[Literal["deployer", "builder"], ...] = ()
    signed: bool = False


@dataclass(frozen=True, slots=True)
class RequestApprovalBlock:
    """That an approved request holds the version; `types` are slots beside those it has."""

    types: Mapping[str, int] = field(default_factory=dict)
    signed: bool = False


@dataclass(frozen=True, slots=True)
class RequirementBlock:
    """What the events of a version must say, by dotted key; `*` is any value."""

    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConcurrencyBlock:
    """How many deployments may be open at once, of an environment or of a product."""

    limit: int
    per: Literal["environment", "product"]


RuleBlock = (
    ScheduleBlock
    | FlowBlock
    | VersionApprovalBlock
    | RequestApprovalBlock
    | RequirementBlock
    | ConcurrencyBlock
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule (`rules/<name>.yaml`); `excepted` is None where the file has no `except`."""

    name: str
    path: str
    type: RuleType
    block: RuleBlock
    title: str = ""
    reason: str = ""
    enforcement: Enforcement = "enabled"
    applies_to: Scope = EVERYWHERE
    excepted: Scope | None = None
    rollbacks: Literal["judged", "exempt"] = "judged"
    override: Literal["with-reason", "never"] = "with-reason"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of a person: a line of a log of decisions.

    Of a version, `version`, and what the decision was made on: `scm_sha` and `artifacts`. Of a
    request, `of`, the hash of its content, or `step` ("before.1"). `event` is the deployment event
    whose overrides were reviewed. `position` is the place in the log, months in order. `signed_by`
    are the principals of whom the commit that added the line has a good signature, None where
    signatures were not looked at.
    """

    id: str
    at: str
    by: str
    decision: DecisionWord
    approval_type: str = ""
    version: str = ""
    scm_sha: str = ""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    of: str = ""
    step: str = ""
    event: str = ""
    comment: str = ""
    position: int = 0
    signed_by: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One deployment request (`requests/<name>/request.yaml`), with its log of decisions.

    `document` is the file as it was read: its content is hashed from it. `window` is the moments
    from which on and until which it allows (UTC).
    """

    name: str
    path: str
    document: Mapping[str, Any]
    state: Literal["draft", "open", "cancelled"] = "draft"
    environments: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    window: tuple[str, str] | None = None
    order: tuple[tuple[str, ...], ...] = ()
    approvals: Mapping[str, int] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    title: str = ""
    description: str = ""
    template: str = ""
    links: tuple[Mapping[str, str], ...] = ()
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """What a request starts from (`templates/<name>.yaml`)."""

    name: str
    path: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file of what may ship that has errors: no question that it may be about is answered.

    `line` is that of the first error, 0 for the file as a whole. `scope` and `excepted` are what of
    the file's scope could be read: a key that could not is None, and excludes nothing.
    """

    path: str
    line: int
    message: str
    scope: Scope = EVERYWHERE
    excepted: Scope | None = None

    @property
    def text(self) -> str:
        """Return where the error is, and what it is: `path:line: message`."""
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Governance:
    """All that the files say about what may ship; each list is in order of name."""

    rules: tuple[Rule, ...] = ()
    requests: tuple[Request, ...] = ()
    templates: tuple[RequestTemplate, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unreadable: tuple[UnreadableFile, ...] = ()
