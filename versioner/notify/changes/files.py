"""The notices of changes that people made: products, environments, rules and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.models.governance import ScheduleBlock
from versioner.notify.notices import Notice
from versioner.query.compare.registries import changes_between

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models.governance import Rule
    from versioner.query.compare.governance import FileChange
    from versioner.query.compare.registries import EnvironmentChange, ProductChange
    from versioner.registry.records import Registry

__all__ = ["file_notices"]

_KINDS: Final = {
    "added": "created",
    "removed": "deleted",
    "renamed": "renamed",
    "restored": "restored",
    "merged": "merged",
    "changed": "changed",
}
# What is no news to people: the settings of the notifications themselves.
_SILENT: Final = ("schema_version",)


def file_notices(old: Registry, new: Registry) -> Iterator[Notice]:
    """Yield the notices in an order that makes sense: what was created comes first."""
    change = changes_between(old, new)
    revision = (new.revision or "")[:12]
    at = new.commit_time or ""
    # A merge edits the environment that it leads to.
    targets = {each.into for each in change.environments if each.into}
    for each in change.environments:
        if not (each.kind == "changed" and each.environment in targets):
            yield _environment(each, revision, at)
    moved = any(each.kind not in ("added", "changed") for each in change.products)
    for product in change.products:
        if product.kind != "changed" or _is_edited(product, moved):
            yield _product(old, new, product, revision, at)
    for file in change.governance:
        if file.what == "rule":
            yield _rule(old, new, file, revision, at)
    words = tuple(
        dict.fromkeys(
            each.field.partition(".")[0] for each in change.config if each.field not in _SILENT
        )
    )
    if words:
        yield Notice(f"registry.changed-{revision}", "registry.changed", at, words=words)


def _is_edited(change: ProductChange, moved: bool) -> bool:
    """Return whether a product was edited for itself: a move of another one edits `depends_on`."""
    fields = {each.field for each in change.fields}
    return bool(fields - {"depends_on"} if moved else fields)


def _environment(change: EnvironmentChange, revision: str, at: str) -> Notice:
    kind = f"environment.{_KINDS[change.kind]}"
    return Notice(
        f"{kind}-{change.environment}-{revision}",
        kind,
        at,
        environments=(change.into or change.environment,),
        name=change.environment,
        old_name=change.environment if change.into else change.old_name,
        words=tuple(each.field for each in change.fields) if change.kind == "changed" else (),
    )


def _product(old: Registry, new: Registry, change: ProductChange, revision: str, at: str) -> Notice:
    kind = f"product.{_KINDS[change.kind]}"
    name, old_name = change.product, change.old_name
    target = new.target_of(name)
    if change.kind == "removed" and target != name and name in new.aliases:
        # Its name leads to another product, which has its events now.
        kind, name, old_name = "product.merged", target, change.product
    return Notice(
        f"{kind}-{change.product}-{revision}",
        kind,
        at,
        products=(name,),
        name=change.product,
        old_name=old_name,
        words=tuple(each.field for each in change.fields) if change.kind == "changed" else (),
        count=change.removed if change.kind == "removed" else 0,
    )


def _rule(old: Registry, new: Registry, change: FileChange, revision: str, at: str) -> Notice:
    before = next((each for each in old.governance.rules if each.name == change.name), None)
    after = next((each for each in new.governance.rules if each.name == change.name), None)
    rule = after or before
    kind = f"rule.{_KINDS[change.kind]}"
    if before is None and after is not None and _is_freeze(after):
        kind = "freeze.started"
    elif before is not None and after is not None and _ended(before, after):
        kind = "freeze.ended"
    scope = rule.applies_to if rule is not None else None
    return Notice(
        f"{kind}-{change.name}-{revision}",
        kind,
        at,
        products=scope.products if scope is not None else None,
        environments=scope.environments if scope is not None else None,
        name=change.name,
        words=(change.detail,) if change.detail else (),
    )


def _is_freeze(rule: Rule) -> bool:
    """Return whether a rule is what `versioner freeze` writes: one window, once, is blocked."""
    block = rule.block
    return (
        isinstance(block, ScheduleBlock)
        and block.is_blocked
        and len(block.windows) == 1
        and hasattr(block.windows[0], "end_day") is False
        and isinstance(getattr(block.windows[0], "start", None), str)
        and not hasattr(block.windows[0], "rule")
        and rule.enforcement == "enabled"
    )


def _ended(before: Rule, after: Rule) -> bool:
    """Return whether a freeze ends earlier than it did."""
    return (
        _is_freeze(before)
        and _is_freeze(after)
        and isinstance(before.block, ScheduleBlock)
        and isinstance(after.block, ScheduleBlock)
        and str(getattr(after.block.windows[0], "end", ""))
        < str(getattr(before.block.windows[0], "end", ""))
    )
