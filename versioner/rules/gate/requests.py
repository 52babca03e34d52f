"""The state of a deployment request at a moment: what was decided on it, and what was deployed.

Pure functions of the registry: the judge, the commands and the pages ask them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from versioner.registry.fold.cell import result_at
from versioner.registry.governance.content import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from versioner.models import Cell, Deployment
    from versioner.models.governance import Decision, Request
    from versioner.registry.records import Registry

__all__ = [
    "REQUEST_STATES",
    "RequestState",
    "Slot",
    "done_steps",
    "is_completed",
    "is_completed_in",
    "opened_at",
    "request_state",
    "slots_of",
    "steps_of",
    "versions_in",
    "waits_for",
]

RequestState = Literal["cancelled", "draft", "rejected", "completed", "approved", "open"]
REQUEST_STATES: Final[tuple[RequestState, ...]] = (
    "draft", "open", "approved", "rejected", "completed", "cancelled",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slot:
    """A type of approval of a request: how many people must give it, and who gave or refused it."""

    approval_type: str
    needed: int
    approved_by: tuple[str, ...] = ()
    rejected_by: tuple[str, ...] = ()

    @property
    def is_filled(self) -> bool:
        """Return whether enough people approved, and nobody rejected."""
        return not self.rejected_by and len(self.approved_by) >= self.needed


def request_state(registry: Registry, request: Request, at: str) -> RequestState:
    """Return the state of a request at a moment, the first that fits."""
    if request.state != "open":
        return request.state
    slots = slots_of(request, registry.governance.groups, at)
    if any(slot.rejected_by for slot in slots):
        return "rejected"
    if is_completed(registry, request, at):
        return "completed"
    done = done_steps(request, at)
    is_ready = all(step in done for step in steps_of(request, "before"))
    return "approved" if is_ready and all(slot.is_filled for slot in slots) else "open"


def slots_of(
    request: Request,
    groups: Mapping[str, Sequence[str]],
    at: str,
    *,
    types: Mapping[str, int] | None = None,
    signed: bool = False,
) -> tuple[Slot, ...]:
    """Return the slots of a request at a moment, in order of type.

    `types` are slots that a rule asks for beside those of the request. With `signed`, an approval
    counts only where its line is signed by the one who gave it.
    """
    needed = dict(request.approvals)
    for name, count in (types or {}).items():
        needed[name] = max(count, needed.get(name, 0))
    latest = current_decisions(request, groups, at, signed=signed)
    return tuple(
        Slot(
            name,
            needed[name],
            _people(latest, name, "approved"),
            _people(latest, name, "rejected"),
        )
        for name in sorted(needed)
    )


def current_decisions(
    request: Request, groups: Mapping[str, Sequence[str]], at: str, *, signed: bool = False
) -> list[Decision]:
    """Return the approvals and rejections of the content as it is, the latest of each person.

    What others than the members of a type's group decided counts for nothing.
    """
    content = content_hash(request.document)
    latest: dict[tuple[str, str], Decision] = {}
    for each in sorted(request.decisions, key=lambda one: (one.at, one.position)):
        is_counted = each.decision == "rejected" or not signed or each.by in (each.signed_by or ())
        if (
            each.decision in ("approved", "rejected")
            and each.of == content
            and each.at <= at
            and is_counted
            and may_decide(each, groups)
        ):
            latest[each.approval_type, each.by] = each
    return list(latest.values())


def may_decide(decision: Decision, groups: Mapping[str, Sequence[str]]) -> bool:
    """Return whether the one who decided is a member of the type's group, if it has one."""
    group = groups.get(decision.approval_type)
    return bool(decision.by) and (group is None or decision.by in group)


def _people(decisions: Iterable[Decision], approval_type: str, word: str) -> tuple[str, ...]:
    return tuple(
        each.by
        for each in decisions
        if each.approval_type == approval_type and each.decision == word
    )


def steps_of(request: Request, where: Literal["before", "after"]) -> list[str]:
    """Return the names of the steps of one list: before.1, before.2 ..."""
    steps = request.before if where == "before" else request.after
    return [f"{where}.{number}" for number in range(1, len(steps) + 1)]


def done_steps(request: Request, at: str) -> dict[str, Decision]:
    """Return the decisions by which steps are done at a moment, by step."""
    latest: dict[str, Decision] = {}
    for each in sorted(request.decisions, key=lambda one: (one.at, one.position)):
        if each.step and each.at <= at:
            latest[each.step] = each
    return {step: each for step, each in latest.items() if each.decision == "done"}


def opened_at(request: Request, at: str) -> str:
    """Return when a request was first opened, up to a moment; "" for never."""
    times = [each.at for each in request.decisions if each.decision == "opened" and each.at <= at]
    return min(times, default="")


def versions_in(registry: Registry, request: Request) -> dict[str, str]:
    """Return the versions of a request by product; a former name leads to the product."""
    return {registry.target_of(name): version for name, version in request.versions.items()}


def is_completed(registry: Registry, request: Request, at: str) -> bool:
    """Return whether each version is deployed in each environment, and every step after is done."""
    done = done_steps(request, at)
    return all(step in done for step in steps_of(request, "after")) and all(
        is_completed_in(registry, request, product, environment, at)
        for product in request.versions
        for environment in request.environments
    )


def is_completed_in(
    registry: Registry, request: Request, product: str, environment: str, at: str
) -> bool:
    """Return whether the request's version of a product is deployed in an environment.

    It is if it runs there, or completed there at or after the request was first opened; in an
    environment with instances, on each where something runs.
    """
    version = request.versions[product]
    record = registry.products.get(registry.target_of(product))
    cell = None
    if record is not None:
        cell = record.cells_at(at).get(registry.environment_name(environment))
    if cell is None:
        return False
    opened = opened_at(request, at)
    since = [each for each in cell.completed if opened and each.version == version]
    since = [each for each in since if result_at(each) >= opened]
    return _is_everywhere(cell, version, since)


def _is_everywhere(cell: Cell, version: str, since: Sequence[Deployment]) -> bool:
    if any(not each.instance for each in since):
        return True
    if not cell.instances:
        return cell.versions == (version,)
    completed = {each.instance for each in since}
    running = [each for each in cell.instances if each.version]
    are_done = all(each.version == version or each.name in completed for each in running)
    return are_done and bool(running or completed)


def waits_for(
    registry: Registry, request: Request, product: str, environment: str, at: str
) -> list[str]:
    """Return the products of earlier stages that are not completed in an environment."""
    resolve = registry.target_of
    waiting: list[str] = []
    for stage in request.order:
        if resolve(product) in map(resolve, stage):
            return waiting
        waiting += [
            each for each in stage if not is_completed_in(registry, request, each, environment, at)
        ]
    return []
