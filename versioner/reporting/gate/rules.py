"""Reports of rules: a list, and one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.query.gate.rule_activity import DAYS
from versioner.query.gate.rule_words import requirement_words, scope_words
from versioner.reporting.delimited import Listing
from versioner.reporting.tables import Column, labelled_list, table
from versioner.reporting.terminal import as_json, clean, empty_as_null
from versioner.reporting.text import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models.governance import Rule, UnreadableFile
    from versioner.query.gate.rule_activity import RuleActivity
    from versioner.reporting.text import TextLayout

__all__ = [
    "rule_document",
    "rule_json",
    "rule_text",
    "rules_json",
    "rules_listing",
    "rules_text",
    "unread_text",
]

_COLUMNS: Final = (
    *("name", "title", "type", "enforcement", "scope", "requirement", "rollbacks", "override"),
    *("reason", "path"),
)


_COUNTS: Final = ("violations", "overrides", "reports", "counted_since")


def rules_text(
    layout: TextLayout, rules: Sequence[Rule], activity: RuleActivity | None = None
) -> str:
    """Return the rules as a table, with what happened to each where that was counted."""
    if not rules:
        return "there are no rules; `versioner rule create` makes one"
    columns = [Column("rule"), Column("mode"), Column("applies to"), Column("what it asks for")]
    rows = [
        [
            rule.name,
            rule.enforcement,
            clean(scope_words(rule)),
            clean(requirement_words(rule.block)),
        ]
        for rule in rules
    ]
    if activity is not None:
        columns.append(Column(f"last {DAYS} days"))
        rows = [[*row, _counts_text(rule, activity)] for row, rule in zip(rows, rules, strict=True)]
    return table(layout, columns, rows)


def _counts_text(rule: Rule, activity: RuleActivity) -> str:
    counts = activity.of(rule.name)
    found = (
        (counts.violations, "violation"),
        (counts.overrides, "override"),
        (counts.reports, "report"),
    )
    return ", ".join(count(number, noun) for number, noun in found if number) or "none"


def rules_json(rules: Sequence[Rule], activity: RuleActivity | None = None) -> str:
    """Return the rules as a JSON array."""
    return as_json([rule_document(rule, activity) for rule in rules])


def rules_listing(rules: Sequence[Rule], activity: RuleActivity | None = None) -> Listing:
    """Return the rules as rows of a table."""
    columns = _COLUMNS if activity is None else (*_COLUMNS, *_COUNTS)
    return Listing(columns, [rule_document(rule, activity) for rule in rules])


def rule_text(layout: TextLayout, rule: Rule, activity: RuleActivity | None = None) -> str:
    """Return one rule for people."""
    heading = layout.heading(rule.name) + (f"  {clean(rule.title)}" if rule.title else "")
    pairs = [
        ("what", clean(requirement_words(rule.block))),
        ("where", clean(scope_words(rule))),
        ("why", clean(" ".join(rule.reason.split()))),
        ("mode", rule.enforcement),
        ("rollbacks", rule.rollbacks),
        ("override", rule.override),
        ("file", rule.path),
    ]
    if activity is not None:
        pairs.append((f"last {DAYS} days", _counts_text(rule, activity)))
    return "\n".join(
        [heading, labelled_list(layout, [(key, value) for key, value in pairs if value])]
    )


def rule_json(rule: Rule, activity: RuleActivity | None = None) -> str:
    """Return one rule as JSON."""
    return as_json(rule_document(rule, activity))


def rule_document(rule: Rule, activity: RuleActivity | None = None) -> dict[str, Any]:
    """Return one rule as data, with its scope and requirement in words."""
    return empty_as_null(
        {
            "name": rule.name,
            "title": rule.title,
            "type": rule.type,
            "enforcement": rule.enforcement,
            "scope": scope_words(rule),
            "requirement": requirement_words(rule.block),
            "rollbacks": rule.rollbacks,
            "override": rule.override,
            "reason": rule.reason,
            "path": rule.path,
            **({} if activity is None else _counts(rule, activity)),
        }
    )


def _counts(rule: Rule, activity: RuleActivity) -> dict[str, Any]:
    counts = activity.of(rule.name)
    numbers = (counts.violations, counts.overrides, counts.reports)
    return dict(zip(_COUNTS, (*numbers, activity.since), strict=True))


def unread_text(files: Sequence[UnreadableFile]) -> str:
    """Return a warning for each file that cannot be read."""
    return "\n".join(
        clean(
            f"warning: {each.text}; every question that it may be about is answered with exit "
            "code 1"
        )
        for each in files
    )
