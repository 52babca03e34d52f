"""A decision about a deployment request: an approval, a rejection, or a step that was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner import layout
from versioner.errors import Blocked, InvalidInput, quoted
from versioner.git.objects import reading, tip_view
from versioner.names import check_name, nearest
from versioner.recording.context import TipFiles
from versioner.recording.decision_checks import Decided, check_decision, recorded_decision
from versioner.rules.visible import VisibleLogs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.git.repository import Repository
    from versioner.models import Event, RegistryConfig
    from versioner.recording.context import EventDraft

__all__ = ["content_in", "decide_on_request"]


def decide_on_request(
    tip: TipFiles, draft: EventDraft, event: Event, config: RegistryConfig
) -> Decided:
    """Check a decision about a request at the tip; raise InvalidInput and Blocked."""
    name = check_name(draft.product, "request")
    document = request_at(tip, name)
    path = layout.request_decisions_path(name)
    data = tip.read(path) if tip.has(path) else None
    check_decision(draft, event, config)
    visible = VisibleLogs({("request-decision", ""): data} if data is not None else {})
    recorded = recorded_decision(visible, ("request-decision",), event)
    if recorded is not None:
        return Decided(name, recorded, path, None, already=True)
    _check_request(tip, name, document, event)
    before = [each for each in visible.events("request-decision") if each["at"] <= event["at"]]
    if "step" in event:
        own = sorted(
            (each for each in before if each.get("step") == event["step"]),
            key=lambda each: str(each["at"]),
        )
        if own and own[-1]["decision"] == event["decision"]:
            return Decided(name, own[-1], path, None, already=True)
    return Decided(name, event, path, data)


def content_in(repository: Repository, name: str) -> str:
    """Return the hash of a request's content at the tip."""
    from versioner.registry.governance.content import content_hash

    with reading(repository) as reader:
        tip = TipFiles(reader, tip_view(repository, reader), {})
        return content_hash(request_at(tip, check_name(name, "request")))


def request_at(tip: TipFiles, name: str) -> dict[str, Any]:
    """Return a request's document; raise InvalidInput if there is none, Blocked for errors."""
    path = layout.request_path(name)
    if not tip.has(path):
        near = nearest(name, tip.names(f"{layout.ROOT}/requests"))
        hint = f"did you mean {' or '.join(near)}?" if near else "`versioner request list`"
        raise InvalidInput(f'there is no request "{name}"', field="request", hint=hint)
    from versioner.validation.documents import validate_document

    document, problems = validate_document("request", tip.read(path), path)
    if document is None:
        first = problems[0]
        raise Blocked(
            f"{path}:{first.line} has an error: {first.message}",
            hint="fix the file first: `versioner validate` lists its errors",
        )
    return document


def _check_request(tip: TipFiles, name: str, document: Mapping[str, Any], event: Event) -> None:
    """Raise where a decision about a request would count for nothing."""
    from versioner.registry.governance.content import content_hash

    state, word = document["state"], event["decision"]
    if word == "opened":
        raise InvalidInput("a request is opened with `versioner request open`", field="decision")
    if state != "open":
        hint = f"`versioner request open {name}` opens it" if state == "draft" else ""
        is_what = "a draft" if state == "draft" else "cancelled"
        raise Blocked(f'the request "{name}" is {is_what}', hint=hint)
    if "step" in event:
        _check_step(document, event["step"])
        return
    if event["of"] != content_hash(document):
        raise Blocked(
            f'the content of the request "{name}" is not the one that was decided on',
            hint=f"`versioner request show {name}` shows it as it is now; decide again",
        )
    approval_type = event["approval_type"]
    slots = document.get("approvals", {})
    if approval_type not in slots and not _may_be_of_rule(tip, approval_type):
        raise InvalidInput(
            f'the request "{name}" has no slot of the type "{approval_type}"',
            field="approval_type",
            hint=f"its types: {', '.join(slots) or 'none'}",
        )


def _may_be_of_rule(tip: TipFiles, approval_type: str) -> bool:
    """Return whether a rule may ask for a type of approval that a request itself lacks."""
    return any(approval_type.encode() in data for data in tip.files_in(f"{layout.ROOT}/rules"))


def _check_step(document: Mapping[str, Any], step: str) -> None:
    where, _, number = str(step).partition(".")
    steps = document.get("steps", {}).get(where, ())
    if (
        where not in ("before", "after")
        or not number.isdigit()
        or not 0 < int(number) <= len(steps)
    ):
        known = [
            f"{each}.{at}"
            for each in ("before", "after")
            for at in range(1, len(document.get("steps", {}).get(each, ())) + 1)
        ]
        raise InvalidInput(
            f"the request has no step {quoted(str(step))}",
            field="step",
            hint=f"its steps: {', '.join(known) or 'none'}",
        )
