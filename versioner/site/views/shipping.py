"""Whether a version may ship to an environment, and the buttons that deploy it.

A page of a product stays as it is while the product does, so what depends on the reader's time
stands as times or as a link to the calendar, and what depends on other products as a link to the
request. The rules of the version itself are asked at the product's latest event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.models.governance import (
    ConcurrencyBlock,
    RequestApprovalBlock,
    ScheduleBlock,
)
from versioner.query.rule_words import requirement_words
from versioner.registry.buttons import Target, buttons_of
from versioner.registry.event_order import seconds_of
from versioner.rules.gate.evaluate import find_reason, rules_in_scope
from versioner.rules.gate.facts import RegistryFacts
from versioner.rules.gate.finding import moment_text as until_text
from versioner.rules.gate.question import Question
from versioner.rules.gate.requests import versions_in
from versioner.site.urls import CALENDAR, REQUESTS, RULES, request_page
from versioner.site.views.rules import rule_anchor
from versioner.site.wording import moment_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models.governance import Rule
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext
    from versioner.site.views.layout import View

__all__ = ["buttons", "governance_of", "shipping"]

# What changes without the product: by the time of the reader, or by other products.
_ELSEWHERE = (ScheduleBlock, ConcurrencyBlock, RequestApprovalBlock)


def governance_of(context: SiteContext, product: str) -> list[Any]:
    """Return what the pages of a product show of rules and requests."""
    governance = context.registry.governance
    requests = [
        [each.name, each.title, each.state, each.versions[name]]
        for each in governance.requests
        for name in each.versions
        if context.registry.target_of(name) == product
    ]
    groups = sorted(governance.groups.items())
    return [list(map(repr, governance.rules)), groups, requests]


def shipping(
    context: SiteContext, page: str, record: ProductRecord, version: str, environment: str
) -> View:
    """Return what rules and requests say of a version in an environment, and its buttons."""
    registry = context.registry
    at = max(record.latest_at, *(each.at for each in record.decisions), "1970-01-01T00:00:00Z")
    question = Question(record.name, version, environment, "", at)
    facts = RegistryFacts(context.registry_with(record), at)
    found = [
        *_blocked(facts, question),
        *(
            _rule(context, page, facts, question, each)
            for each in rules_in_scope(registry, question)
        ),
        *_requests(context, page, question),
    ]
    may_ship = not any(each["status_class"] == "status-failed" for each in found)
    return {
        "environment": context.environment_title(environment),
        "version": version,
        "verdicts": found,
        "buttons": buttons(context, record, version, environment, may_ship=may_ship),
    }


def buttons(
    context: SiteContext,
    record: ProductRecord,
    version: str,
    environment: str,
    *,
    may_ship: bool = True,
) -> list[View]:
    """Return the links that deploy a version; one that is blocked says so in place of a link."""
    known = record.versions.get(version)
    events = known.builds if known is not None else []
    numbers = [each["build_number"] for each in events if each.get("build_number")]
    target = Target(
        record.name,
        version,
        environment,
        numbers[-1] if numbers else "",
        (known.scm_sha if known is not None else "") or "",
    )
    return [
        {"title": each.title, "href": href if may_ship or not each.only_when_allowed else ""}
        for each in buttons_of(context.registry, record.document)
        if not each.environments or environment in each.environments
        if (href := each.url(target))
    ]


def _blocked(facts: RegistryFacts, question: Question) -> Iterator[View]:
    latest = max(
        (
            each
            for each in facts.decisions(question.product, question.version)
            if each.decision in ("blocked", "unblocked")
        ),
        key=lambda each: (each.at, each.position),
        default=None,
    )
    if latest is not None and latest.decision == "blocked":
        text = f"blocked by {latest.by}" if latest.by else "blocked"
        yield _view("status-failed", "Version", "", f"{text}: {latest.comment}".rstrip(": "))


def _rule(
    context: SiteContext, page: str, facts: RegistryFacts, question: Question, rule: Rule
) -> View:
    title, href = rule.title or rule.name, f"{context.link(page, RULES)}#{rule_anchor(rule.name)}"
    words = requirement_words(rule.block)
    if isinstance(rule.block, _ELSEWHERE):
        if isinstance(rule.block, ScheduleBlock):
            href = context.link(page, CALENDAR)
        return _view("status-unknown", title, href, words)
    finding = find_reason(rule, facts, question, seconds_of(question.at))
    if finding is None:
        return _view("status-completed", title, href, words)
    until = until_text(finding.until)
    text = f"{words}: from {moment_text(until)} UTC on" if until else finding.message
    enforced = rule.enforcement == "enabled" and not until
    return _view("status-failed" if enforced else "status-pending", title, href, text, until)


def _requests(context: SiteContext, page: str, question: Question) -> Iterator[View]:
    for request in context.registry.governance.requests:
        versions = versions_in(context.registry, request)
        places = map(context.registry.environment_name, request.environments)
        if (
            REQUESTS in context.sections
            and request.state == "open"
            and versions.get(question.product) == question.version
            and question.environment in places
        ):
            href = context.link(page, request_page(request.name))
            yield _view(
                "status-unknown", request.title or request.name, href, "part of this request"
            )


def _view(status_class: str, title: str, href: str, text: str, until: str = "") -> View:
    return {
        "status_class": status_class, "title": title, "href": href, "text": text, "until": until,
    }  # fmt: skip
