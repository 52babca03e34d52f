"""The page of rules: where each applies, what it asks for, and how strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.query.gate.rule_activity import DAYS
from versioner.query.gate.rule_words import requirement_words, scope_words
from versioner.site.urls import CALENDAR, RULES
from versioner.site.views.parts.attention import spite_of_rules
from versioner.site.views.parts.closed_times import closed_notices, schedules_of
from versioner.site.views.parts.layout import View, frame
from versioner.site.wording import count, moment_text

if TYPE_CHECKING:
    from versioner.models.governance import Rule, UnreadableFile
    from versioner.site.context import SiteContext

__all__ = ["rule_anchor", "rules_view"]

# So many deployments in spite of rules are listed.
_MOST: Final = 50
# What a rule is about, by its type.
_KINDS: Final = {
    "schedule": "times",
    "flow": "order of environments",
    "version-approval": "approvals of the version",
    "request-approval": "approved request",
    "requirement": "facts of the version",
    "concurrency": "deployments at once",
}
_MODES: Final = {
    "enabled": ("status-completed", "enabled"),
    "report-only": ("status-started", "report only"),
    "disabled": ("status-unknown", "disabled"),
}


def rules_view(context: SiteContext) -> View:
    """Return the view of the list of rules, by name, with what is closed now."""
    governance = context.registry.governance
    schedules = schedules_of(context)
    return {
        "frame": frame(
            context,
            RULES,
            "Rules",
            section=RULES,
            script="environment",
            description="What a deployment must meet, and when nothing ships.",
            current=True,
            dated=False,
        ),
        "summary": count(len(governance.rules), "rule"),
        "closed": closed_notices(context, schedules),
        "calendar": context.link(RULES, CALENDAR) if schedules else "",
        "attention": spite_of_rules(context, RULES, _MOST),
        "days": DAYS,
        "counted_since": ""
        if not context.activity.is_partial
        else moment_text(context.activity.since),
        "rules": [_rule(context, rule) for rule in governance.rules],
        "unreadable": [_unreadable(context, each) for each in governance.unreadable],
        "groups": [
            {"name": name, "people": ", ".join(people)}
            for name, people in sorted(governance.groups.items())
        ],
    }


def rule_anchor(name: str) -> str:
    """Return the anchor of a rule on the page of rules."""
    return f"r-{name}"


def _counts(context: SiteContext, rule: Rule) -> list[View]:
    """Return what happened to a rule in the last days, in words; [] for nothing."""
    counts = context.activity.of(rule.name)
    found = (
        (counts.violations, "violation", "status-failed"),
        (counts.overrides, "override", "status-pending"),
        (counts.reports, "report", "status-started"),
    )
    return [{"text": count(number, noun), "class": name} for number, noun, name in found if number]


def _rule(context: SiteContext, rule: Rule) -> View:
    status_class, mode = _MODES[rule.enforcement]
    return {
        "name": rule.name,
        "anchor": rule_anchor(rule.name),
        "title": rule.title or rule.name,
        "named": bool(rule.title),
        "reason": rule.reason,
        "kind": _KINDS[rule.type],
        "scope": scope_words(rule),
        "words": requirement_words(rule.block),
        "status_class": status_class,
        "mode": mode,
        "counts": _counts(context, rule),
        "number": context.activity.of(rule.name).total,
        "notes": [
            *(["rollbacks are exempt"] if rule.rollbacks == "exempt" else []),
            *(["no override"] if rule.override == "never" else []),
        ],
        "edit": context.forge.edit(rule.path),
    }


def _unreadable(context: SiteContext, file: UnreadableFile) -> View:
    place = f"{file.path}:{file.line}" if file.line else file.path
    return {"place": place, "message": file.message, "edit": context.forge.edit(file.path)}
