"""Which rules of a registry are not as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from versioner.models.governance import Rule
    from versioner.registry.records import Registry

__all__ = ["changed_rules"]


def changed_rules(before: Registry, after: Registry) -> list[Rule]:
    """Return the rules that were added or changed, without those that are disabled."""
    old = {rule.name: rule for rule in before.governance.rules}
    return [
        rule
        for rule in after.governance.rules
        if rule != old.get(rule.name) and rule.enforcement != "disabled"
    ]
