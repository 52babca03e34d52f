"""Whether a version may ship to an environment, and the buttons that deploy it.

A page of a product stays as it is while the product and its requests do. What depends on the
reader's time stands as times, which a script compares with the clock, and the deployments of other
products that are in progress stand as the words of the rule: each of them would change the pages of
all products. The other rules are asked at the product's latest event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.models.governance import (
    ConcurrencyBlock,
    RequestApprovalBlock,
    ScheduleBlock,
)
from versioner.query.gate.rule_words import requirement_words
from versioner.registry.buttons import Target, buttons_of
from versioner.registry.event_order import seconds_of
from versioner.rules.gate.evaluate import find_reason, rules_in_scope, verdict_of
from versioner.rules.gate.facts import RegistryFacts
from versioner.rules.gate.finding import Finding
from versioner.rules.gate.finding import moment_text as until_text
from versioner.rules.gate.question import Question
from versioner.rules.gate.requests import versions_in
from versioner.site.urls import CALENDAR, REQUESTS, RULES, request_page
from versioner.site.views.parts.closed_times import closed_rules
from versioner.site.views.requests import details_of_requests
from versioner.site.views.rules import rule_anchor
from versioner.site.wording import moment_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.models.governance import Rule
    from versioner.query.gate.requests import RequestCell, RequestDetail
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = ["governance_of", "rollback", "shipping"]

# What changes without the product: by the time of the reader, or by other products.
_ELSEWHERE = (ScheduleBlock, ConcurrencyBlock)


def governance_of(context: SiteContext, product: str) -> list[Any]:
    """Return what the pages of a product show of rules and requests."""
    governance = context.registry.governance
    details = details_of_requests(context).values()
    requests = [
        [
            *(each.request.name, each.request.title, each.state, list(each.lacks)),
            *(each.request.window, each.request.versions[name]),
            [[cell.environment, cell.waits_for] for cell in each.cells if cell.product == name],
        ]
        for each in details
        for name in each.request.versions
        if context.registry.target_of(name) == product
    ]
    groups = sorted(governance.groups.items())
    closed = [each.rule.name for each in closed_rules(context)]
    return [list(map(repr, governance.rules)), groups, requests, closed]


def shipping(
    context: SiteContext, page: str, record: ProductRecord, version: str, environment: str
) -> View:
    """Return what rules and requests say of a version in an environment, and its buttons."""
    found = _verdicts(context, page, record, version, environment)
    return {
        "environment": context.environment_title(environment),
        "version": version,
        "verdicts": found,
        "buttons": _buttons(context, record, version, environment, found),
    }


def rollback(context: SiteContext, page: str, record: ProductRecord, environment: str) -> View:
    """Return the buttons that lead an environment back to the version before, {} for none.

    There are none where nothing runs or ran before, where instances differ, and after a rollback:
    the version before is then the one that was taken away.
    """
    if not any(
        not each.environments or environment in each.environments
        for each in buttons_of(context.registry, record.document)
    ):
        return {}
    state = context.state(record.name, environment)
    current = None if state.mixed else state.deployment
    if current is None or current.kind == "rollback" or not current.previous:
        return {}
    version = current.previous
    if version == current.version or version not in record.versions:
        return {}
    found = _verdicts(context, page, record, version, environment)
    return {
        "version": version_text(version),
        "buttons": _buttons(context, record, version, environment, found),
    }


def _verdicts(
    context: SiteContext, page: str, record: ProductRecord, version: str, environment: str
) -> list[View]:
    registry = context.registry
    at = max(record.latest_at, *(each.at for each in record.decisions), "1970-01-01T00:00:00Z")
    question = Question(record.name, version, environment, "", at)
    facts = RegistryFacts(context.registry_with(record), at)
    return [
        *_blocked(facts, question),
        *(
            _rule(context, page, facts, question, each)
            for each in rules_in_scope(registry, question)
        ),
        *_requests(context, page, question),
    ]


def _buttons(
    context: SiteContext,
    record: ProductRecord,
    version: str,
    environment: str,
    verdicts: Sequence[View],
) -> list[View]:
    """Return the links that deploy a version; one that is blocked says why in place of a link.

    `held_by` are the rules of windows that hold a link while they block, by the reader's clock.
    """
    failed = [each["title"] for each in verdicts if each["status_class"] == "status-failed"]
    why = list(dict.fromkeys(failed))
    held_by = [each["rule"] for each in verdicts if each["holds"]]
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
        {
            "title": each.title,
            "href": "" if why and each.only_when_allowed else href,
            "why": ", ".join(why),
            "held_by": " ".join(held_by) if each.only_when_allowed else "",
        }
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
    if isinstance(rule.block, RequestApprovalBlock):
        if _is_exempt(rule, facts, question):
            return _view("status-completed", title, href, f"{words}: rollbacks are exempt")
        return _request_rule(context, question, rule, title, href)
    if isinstance(rule.block, _ELSEWHERE):
        if isinstance(rule.block, ScheduleBlock):
            href = context.link(page, CALENDAR)
        closes = isinstance(rule.block, ScheduleBlock) and rule.enforcement == "enabled"
        holds = closes and not _is_exempt(rule, facts, question)
        return {**_view("status-unknown", title, href, words), "rule": rule.name, "holds": holds}
    finding = find_reason(rule, facts, question, seconds_of(question.at))
    if finding is None:
        return _view("status-completed", title, href, words)
    if _is_exempt(rule, facts, question):
        return _view("status-completed", title, href, f"{words}: rollbacks are exempt")
    until = until_text(finding.until)
    text = f"{words}: from {moment_text(until)} UTC on" if until else finding.message
    enforced = rule.enforcement == "enabled" and not until
    return _view("status-failed" if enforced else "status-pending", title, href, text, until)


def _is_exempt(rule: Rule, facts: RegistryFacts, question: Question) -> bool:
    """Return whether a rule does not hold for a question, because it is about a rollback."""
    refusal = Finding("FLOW_VIOLATION", "")
    return verdict_of(rule, refusal, facts, question).outcome == "exempt"


def _request_rule(
    context: SiteContext, question: Question, rule: Rule, title: str, href: str
) -> View:
    """Return what a rule says that asks for an approved request."""
    words = requirement_words(rule.block)
    asks_more = isinstance(rule.block, RequestApprovalBlock) and (
        rule.block.types or rule.block.signed
    )
    holding = _holding(context, question)
    if asks_more and holding:
        # The slots of the rule itself, and signatures, are shown by the request and by `check`.
        return _view("status-unknown", title, href, words)
    if any(each.state in ("approved", "completed") for each in holding):
        return _view("status-completed", title, href, words)
    is_enforced = rule.enforcement == "enabled"
    name = "status-failed" if is_enforced else "status-pending"
    lacking = f"{words}: no approved request has {question.version}"
    return _view(name, title, href, lacking)


def _requests(context: SiteContext, page: str, question: Question) -> Iterator[View]:
    if REQUESTS not in context.sections:
        return
    for detail in _holding(context, question):
        request = detail.request
        href = context.link(page, request_page(request.name))
        title = request.title or request.name
        waits = [name for each in _cells(context, detail, question) for name in each.waits_for]
        if waits:
            yield _view("status-failed", title, href, f"comes after {', '.join(waits)}")
        if detail.state == "approved":
            yield _view("status-completed", title, href, f"approved{_window_words(detail)}")
        elif detail.state == "completed":
            yield _view("status-completed", title, href, "completed")
        else:
            lacks = [each for each in detail.lacks if "window" not in each]
            text = f"not approved: {', '.join(lacks)}" if lacks else "not approved"
            yield _view("status-failed", title, href, text + _window_words(detail))


def _window_words(detail: RequestDetail) -> str:
    if detail.request.window is None:
        return ""
    start, end = map(moment_text, detail.request.window)
    return f"; its window is from {start} to {end} UTC"


def _holding(context: SiteContext, question: Question) -> list[RequestDetail]:
    """Return the open requests that have the version and the environment."""
    return [
        each
        for each in details_of_requests(context).values()
        if each.request.state == "open"
        and versions_in(context.registry, each.request).get(question.product) == question.version
        and question.environment
        in map(context.registry.environment_name, each.request.environments)
    ]


def _cells(
    context: SiteContext, detail: RequestDetail, question: Question
) -> Iterator[RequestCell]:
    for each in detail.cells:
        is_own = context.registry.target_of(each.product) == question.product
        if is_own and context.registry.environment_name(each.environment) == question.environment:
            yield each


def _view(status_class: str, title: str, href: str, text: str, until: str = "") -> View:
    return {
        "status_class": status_class, "title": title, "href": href, "text": text, "until": until,
        "rule": "", "holds": False,
    }  # fmt: skip
