"""Problems between requests, templates, decisions and the rest of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.models import Problem
from versioner.models.governance import RequestApprovalBlock
from versioner.names import nearest
from versioner.registry.checks.positions import locate_event, position_in_document
from versioner.registry.governance.content import content_hash
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from versioner.git.snapshot import Snapshot
    from versioner.models.governance import Decision, Request, RequestTemplate
    from versioner.registry.records import Registry
    from versioner.validation.violations import Pointer

__all__ = ["check_deciders", "check_requests"]

_COUNTS_FOR_NOTHING: Final = "the decision counts for nothing"


def check_requests(registry: Registry, snapshot: Snapshot) -> Iterator[Problem]:
    """Yield the names that do not exist, and the decisions that count for nothing."""
    governance = registry.governance
    for template in governance.templates:
        yield from _check_names(registry, snapshot, template)
    for request in governance.requests:
        yield from _check_names(registry, snapshot, request)
        yield from _check_decisions(registry, snapshot, request)


def check_deciders(registry: Registry, snapshot: Snapshot) -> Iterator[Problem]:
    """Yield a warning for each person outside the group of a type who decided on versions."""
    groups = registry.governance.groups
    for record in registry.products.values() if groups else ():
        for decider in record.deciders:
            problem = _outside(groups, decider.approval_type, decider.by)
            if problem:
                event = {"at": decider.at, "id": decider.id}
                place = locate_event(snapshot.read, record.name, "decision", event, "by")
                yield _warning(*place, problem, _MEMBERS.format(type=decider.approval_type))


_MEMBERS: Final = "add the person to groups.{type} in registry.yaml, if that was meant"


def _outside(groups: Mapping[str, Iterable[str]], approval_type: str, by: str) -> str:
    """Return what is wrong with the author of a decision of a type, "" for nothing."""
    if approval_type not in groups or by in groups[approval_type]:
        return ""
    if not by:
        return f'{_COUNTS_FOR_NOTHING}: it names nobody, and "{approval_type}" has a group'
    return f'{_COUNTS_FOR_NOTHING}: "{by}" is not in the group "{approval_type}"'


def _check_names(
    registry: Registry, snapshot: Snapshot, file: Request | RequestTemplate
) -> Iterator[Problem]:
    document = file.document
    for index, name in enumerate(document.get("environments", ())):
        if registry.environment_name(name) not in registry.environments:
            yield _in_file(
                snapshot,
                file.path,
                ("environments", index),
                codes.ENVIRONMENT,
                f'there is no environment "{name}"',
                _remedy("environment", name, registry.environments),
            )
    products: list[tuple[Pointer, str]] = [
        *((("versions", name), name) for name in document.get("versions", ())),
        *((("products", at), name) for at, name in enumerate(document.get("products", ()))),
    ]
    for pointer, name in products:
        target = registry.target_of(name)
        if target not in registry.products:
            # Those who read an old request must know what it shipped, so that it may stay.
            is_deleted = target in registry.deleted
            message = f'the product "{name}" was deleted' if is_deleted else ""
            yield _in_file(
                snapshot,
                file.path,
                pointer,
                codes.PRODUCT,
                message or f'there is no product "{name}"',
                _remedy("product", name, registry.products),
                is_error=not is_deleted,
            )
    template = document.get("template")
    if template and template not in {each.name for each in registry.governance.templates}:
        message = f'there is no template "{template}" any more'
        hint = "remove the key, or restore the template"
        yield _in_file(
            snapshot, file.path, ("template",), codes.REQUEST, message, hint, is_error=False
        )


def _remedy(kind: str, name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    meant = f"did you mean {' or '.join(near)}? otherwise " if near else ""
    return f"{meant}remove it, or run `versioner {kind} create {name}`"


def _check_decisions(registry: Registry, snapshot: Snapshot, request: Request) -> Iterator[Problem]:
    path = layout.request_decisions_path(request.name)
    for decision in request.decisions:
        found = _doubt(registry, request, decision)
        if found is not None:
            key, message, hint = found
            event = {"at": decision.at, "id": decision.id}
            _, line, column = locate_event(
                snapshot.read, request.name, "request-decision", event, key
            )
            yield _warning(path, line, column, message, hint)


def _doubt(registry: Registry, request: Request, decision: Decision) -> tuple[str, str, str] | None:
    """Return the field, the message and the hint of a decision that counts for nothing."""
    if decision.step:
        where, _, number = decision.step.partition(".")
        count = len(request.before if where == "before" else request.after)
        if int(number) > count:
            steps = f"{count} step{'s' * (count != 1)} {where}"
            message = f'there is no step "{decision.step}": the request has {steps}'
            return "step", message, "record the step under its present number"
        return None
    if decision.decision not in ("approved", "rejected"):
        return None
    if decision.of == content_hash(request.document) and decision.approval_type not in {
        *request.approvals,
        *_types_of_rules(registry),
    }:
        message = f'{_COUNTS_FOR_NOTHING}: no slot has the type "{decision.approval_type}"'
        slots = ", ".join(request.approvals) or "none"
        return "approval_type", message, f"the types of the request are: {slots}"
    outside = _outside(registry.governance.groups, decision.approval_type, decision.by)
    if outside:
        return "by" if decision.by else "id", outside, _MEMBERS.format(type=decision.approval_type)
    return None


def _types_of_rules(registry: Registry) -> Iterator[str]:
    for rule in registry.governance.rules:
        if isinstance(rule.block, RequestApprovalBlock):
            yield from rule.block.types


def _in_file(
    snapshot: Snapshot,
    path: str,
    pointer: Pointer,
    code: str,
    message: str,
    hint: str,
    *,
    is_error: bool = True,
) -> Problem:
    line, column = position_in_document(snapshot.read(path) or b"", pointer)
    return Problem(path, line, column, code, message, hint, "error" if is_error else "warning")


def _warning(path: str, line: int, column: int, message: str, hint: str) -> Problem:
    return Problem(path, line, column, codes.DECISION, message, hint, "warning")
