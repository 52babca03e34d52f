"""Warnings about rules that are legal, and perhaps not what was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from versioner.models import BUILD_KEYS, DEPLOYMENT_KEYS, Problem
from versioner.models.governance import (
    FlowBlock,
    RequestApprovalBlock,
    RequirementBlock,
    VersionApprovalBlock,
)
from versioner.names import nearest
from versioner.registry.checks.positions import position_in_document
from versioner.registry.governance.scopes import is_match, site_of
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from versioner.git.snapshot import Snapshot
    from versioner.models.governance import Rule
    from versioner.registry.records import Registry
    from versioner.validation.violations import Pointer

__all__ = ["check_governance"]


class _Doubt(NamedTuple):
    pointer: Pointer
    code: str
    message: str
    hint: str


def check_governance(registry: Registry, snapshot: Snapshot) -> list[Problem]:
    """Return the problems of what may ship, those of each file and those between files."""
    if registry.load_governance is None:
        return []
    problems = list(registry.load_governance().problems)
    for rule in registry.governance.rules:
        for doubt in _doubts(registry, rule):
            line, column = position_in_document(snapshot.read(rule.path) or b"", doubt.pointer)
            problems.append(
                Problem(rule.path, line, column, doubt.code, doubt.message, doubt.hint, "warning")
            )
    return problems


def _doubts(registry: Registry, rule: Rule) -> Iterator[_Doubt]:
    if rule.enforcement == "disabled":
        return
    yield from _scope_doubts(registry, rule)
    block = rule.block
    if isinstance(block, FlowBlock):
        for number, name in enumerate(block.through):
            yield from _environment_doubts(registry, ("flow", "through", number), name)
    elif isinstance(block, VersionApprovalBlock):
        yield from _group_doubts(registry, rule, block.types)
        if block.after:
            yield from _environment_doubts(registry, (rule.type, "after"), block.after)
    elif isinstance(block, RequestApprovalBlock):
        yield from _group_doubts(registry, rule, block.types)
    elif isinstance(block, RequirementBlock):
        yield from _field_doubts(block)


def _scope_doubts(registry: Registry, rule: Rule) -> Iterator[_Doubt]:
    """Yield the warning of a rule that no product in no environment can meet."""
    if not registry.products or not registry.environments:
        return
    sites = (
        site_of(registry, product, environment)
        for environment in registry.environments
        for product in registry.products
    )
    excepted = rule.excepted
    for site in sites:
        if is_match(rule.applies_to, site, registry) and not (
            excepted is not None and is_match(excepted, site, registry)
        ):
            return
    message = "the rule applies to no product in any environment there is"
    hint = "correct applies_to and except, or delete the rule"
    yield _Doubt(("applies_to",), codes.SCOPE, message, hint)


def _environment_doubts(registry: Registry, pointer: Pointer, name: str) -> Iterator[_Doubt]:
    if registry.environment_name(name) not in registry.environments:
        message = f'there is no environment "{name}", so no version can pass'
        near = nearest(name, registry.environments)
        hint = f"did you mean {' or '.join(near)}?" if near else "write the name of an environment"
        yield _Doubt(pointer, codes.ENVIRONMENT, message, hint)


def _group_doubts(registry: Registry, rule: Rule, types: Iterable[str]) -> Iterator[_Doubt]:
    groups = registry.governance.groups
    for name in types if groups else ():
        if name not in groups:
            message = f'there is no group "{name}", so anybody may give this approval'
            near = nearest(name, groups)
            meant = f"did you mean {' or '.join(near)}? otherwise " if near else ""
            hint = f"{meant}add {name} to groups in registry.yaml"
            yield _Doubt((rule.type, "types", name), codes.GROUP, message, hint)


def _field_doubts(block: RequirementBlock) -> Iterator[_Doubt]:
    known = dict.fromkeys((*BUILD_KEYS, *DEPLOYMENT_KEYS))
    for key in block.values:
        field = key.partition(".")[0]
        if field not in known:
            message = f'events have no field "{field}", so no version can meet this'
            near = nearest(field, known)
            hint = f"did you mean {' or '.join(near)}?" if near else f"write extra_metadata.{key}"
            yield _Doubt(("requirement", key), codes.UNKNOWN_KEY, message, hint)
