"""Which rules of a registry are not as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from versioner.models.governance import Rule
    from versioner.registry.records import Registry

__all__ = ["changed_rules", "rule_pairs"]


def changed_rules(before: Registry, after: Registry) -> list[Rule]:
    """Return the rules that were added or changed, without those that are disabled."""
    old = {rule.name: rule for rule in before.governance.rules}
    return [
        rule
        for rule in after.governance.rules
        if rule != old.get(rule.name) and rule.enforcement != "disabled"
    ]


def rule_pairs(before: Registry, after: Registry) -> list[tuple[Rule | None, Rule | None]]:
    """Return the rules that differ, by name, each as it was and as it is (None: no rule).

    A file that cannot be read is no removed rule, and is left out.
    """
    old = {rule.name: rule for rule in before.governance.rules}
    new = {rule.name: rule for rule in after.governance.rules}
    unread = {each.path for each in (*before.governance.unreadable, *after.governance.unreadable)}
    pairs = [(old.get(name), new.get(name)) for name in sorted({*old, *new})]
    return [
        pair
        for pair in pairs
        if pair[0] != pair[1] and not any(each and each.path in unread for each in pair)
    ]
