"""The notices of deployment requests: what was decided on them, and what state they reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.notify.notices import Notice
from versioner.registry.governance.content import content_hash
from versioner.rules.gate.requests import request_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models.governance import Decision, Request
    from versioner.registry.records import Registry

__all__ = ["request_notices"]

_DECISIONS: Final = {
    "approved": "dr.approved",
    "rejected": "dr.rejected",
    "done": "dr.step",
    "undone": "dr.step",
    "opened": "dr.activated",
}


def request_notices(old: Registry, new: Registry, now: str) -> Iterator[Notice]:
    """Yield what happened to each request, by name."""
    before = {each.name: each for each in old.governance.requests}
    after = {each.name: each for each in new.governance.requests}
    # A file that cannot be read any more is not gone.
    unread = {each.path for each in (*old.governance.unreadable, *new.governance.unreadable)}
    for name in sorted({*before, *after}):
        request = after.get(name) or before[name]
        if request.path not in unread:
            yield from _of_request(old, new, before.get(name), after.get(name), now)


def _of_request(
    old: Registry, new: Registry, before: Request | None, after: Request | None, now: str
) -> Iterator[Notice]:
    revision, at = (new.revision or "")[:12], new.commit_time or now
    if after is None:
        if before is not None:
            yield _notice(new, before, "dr.deleted", f"dr.deleted-{before.name}-{revision}", at)
        return
    if before is None:
        yield _notice(new, after, "dr.created", f"dr.created-{after.name}-{revision}", at)
    known = {each.id for each in before.decisions} if before is not None else set()
    decisions = [each for each in after.decisions if each.id not in known]
    yield from (_decision(new, after, each) for each in decisions)
    was = before.state if before is not None else "draft"
    moved = {"cancelled": "dr.cancelled", "draft": "dr.deactivated", "open": "dr.activated"}
    opened = any(each.decision == "opened" for each in decisions)
    if after.state != was and not (after.state == "open" and opened):
        kind = moved[after.state]
        yield _notice(new, after, kind, f"{kind}-{after.name}-{revision}", at)
    elif before is not None and after.state != "cancelled" and _content(before) != _content(after):
        yield _notice(new, after, "dr.changed", f"dr.changed-{after.name}-{revision}", at)
    if _is_completed(new, after, now) and not (
        before is not None and _is_completed(old, before, now)
    ):
        key = f"dr.completed-{after.name}-{_content(after)[:12]}-{revision}"
        yield _notice(new, after, "dr.completed", key, at)


def _content(request: Request) -> str:
    return content_hash(request.document)


def _is_completed(registry: Registry, request: Request, now: str) -> bool:
    return request_state(registry, request, now) == "completed"


def _decision(registry: Registry, request: Request, decision: Decision) -> Notice:
    kind = _DECISIONS.get(decision.decision, "dr.changed")
    words = (decision.step, decision.decision) if decision.step else (decision.approval_type,)
    return _notice(registry, request, kind, decision.id, decision.at, words, decision.id)


def _notice(
    registry: Registry,
    request: Request,
    kind: str,
    key: str,
    at: str,
    words: tuple[str, ...] = (),
    event: str = "",
) -> Notice:
    return Notice(
        key,
        kind,
        at,
        products=tuple(sorted({registry.target_of(each) for each in request.versions})),
        environments=tuple(registry.environment_name(each) for each in request.environments),
        name=request.name,
        words=tuple(filter(None, words)),
        event=event,
    )
