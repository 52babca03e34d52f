"""Deployment requests as people ask for them: their state, what lacks, and what is where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from versioner.registry.governance.content import content_hash
from versioner.rules.gate.requests import (
    done_steps,
    is_completed_in,
    opened_at,
    request_state,
    slots_of,
    steps_of,
    waits_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models.governance import Decision, Request
    from versioner.registry.records import Registry
    from versioner.rules.gate.requests import RequestState, Slot

__all__ = [
    "RequestCell",
    "RequestDetail",
    "RequestStep",
    "list_requests",
    "request_detail",
]

# People ask for what needs them: what is over comes last.
_ORDER: tuple[RequestState, ...] = (
    "open", "rejected", "approved", "draft", "completed", "cancelled",
)  # fmt: skip
CellProgress = Literal["completed", "started", "waits", "missing"]


@dataclass(frozen=True, slots=True)
class RequestStep:
    """A step of a request; `done` is the decision that ticked it, None for an open one."""

    name: str
    text: str
    done: Decision | None = None


@dataclass(frozen=True, slots=True)
class RequestCell:
    """A product of a request in one of its environments.

    `running` are the versions that run there, `waits_for` the products of earlier stages that are
    not completed there.
    """

    product: str
    environment: str
    version: str
    progress: CellProgress
    running: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestDetail:
    """A request at a moment."""

    request: Request
    state: RequestState
    at: str
    content: str
    opened_at: str
    slots: tuple[Slot, ...] = ()
    before: tuple[RequestStep, ...] = ()
    after: tuple[RequestStep, ...] = ()
    cells: tuple[RequestCell, ...] = ()

    @property
    def window_state(self) -> Literal["", "before", "inside", "after"]:
        """Return whether the moment is before, inside or after the window, "" without one."""
        if self.request.window is None:
            return ""
        start, end = self.request.window
        if self.at < start:
            return "before"
        return "inside" if self.at < end else "after"

    @property
    def lacks(self) -> tuple[str, ...]:
        """Return what the request still needs before it allows its versions, in words."""
        if self.state in ("completed", "cancelled"):
            return ()
        found = ["to be opened"] if self.state == "draft" else []
        for slot in self.slots:
            if slot.rejected_by:
                found.append(f"{slot.approval_type} rejected by {', '.join(slot.rejected_by)}")
            elif not slot.is_filled:
                given = f"{len(slot.approved_by)} of {slot.needed}"
                found.append(f"{slot.approval_type} {given}")
        found += [f"step {each.name}" for each in self.before if each.done is None]
        if self.window_state == "before":
            found.append("its window")
        if self.window_state == "after":
            found.append("another window: it has ended")
        return tuple(found)


def list_requests(
    registry: Registry, at: str, *, states: Iterable[str] = (), every: bool = False
) -> list[RequestDetail]:
    """Return the requests, those that need people first; without `every`, not those that are over.

    `states` are those that are asked for.
    """
    wanted = set(states)
    found = [request_detail(registry, each, at) for each in registry.governance.requests]
    if wanted:
        found = [each for each in found if each.state in wanted]
    elif not every:
        found = [each for each in found if each.state not in ("completed", "cancelled")]
    return sorted(found, key=lambda each: (_ORDER.index(each.state), each.request.name))


def request_detail(registry: Registry, request: Request, at: str) -> RequestDetail:
    """Return a request as it is at a moment."""
    done = done_steps(request, at)
    before, after = (
        tuple(
            RequestStep(name, text, done.get(name))
            for name, text in zip(steps_of(request, where), texts, strict=True)
        )
        for where, texts in _lists(request)
    )
    return RequestDetail(
        request=request,
        state=request_state(registry, request, at),
        at=at,
        content=content_hash(request.document),
        opened_at=opened_at(request, at),
        slots=slots_of(request, registry.governance.groups, at),
        before=before,
        after=after,
        cells=tuple(
            _cell(registry, request, product, environment, at)
            for product in request.versions
            for environment in request.environments
        ),
    )


def _lists(
    request: Request,
) -> tuple[tuple[Literal["before", "after"], tuple[str, ...]], ...]:
    return ("before", request.before), ("after", request.after)


def _cell(
    registry: Registry, request: Request, product: str, environment: str, at: str
) -> RequestCell:
    version = request.versions[product]
    record = registry.products.get(registry.target_of(product))
    cell = None
    if record is not None:
        cell = record.cells_at(at).get(registry.environment_name(environment))
    waits = tuple(waits_for(registry, request, product, environment, at))
    progress: CellProgress = "waits" if waits else "missing"
    if is_completed_in(registry, request, product, environment, at):
        progress = "completed"
    elif cell is not None and any(each.version == version for each in cell.open):
        progress = "started"
    running = cell.versions if cell is not None else ()
    return RequestCell(product, environment, version, progress, running, waits)
