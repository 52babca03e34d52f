"""Rules, requests and closed times as the API's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.query.rule_words import requirement_words, scope_words
from versioner.registry.governance.content import content_hash
from versioner.rules.gate.finding import moment_text
from versioner.rules.gate.requests import (
    done_steps,
    is_completed_in,
    request_state,
    slots_of,
    steps_of,
    waits_for,
)
from versioner.site.urls import RULES, data_of, request_page
from versioner.site.views.requests import registry_of_request
from versioner.site.views.rules import rule_anchor
from versioner.site.views.schedules import schedules_of

if TYPE_CHECKING:
    from versioner.models.governance import Decision, Request, Rule, Scope
    from versioner.registry.records import Registry
    from versioner.site.api.deployments import Document
    from versioner.site.context import SiteContext

__all__ = ["calendar", "request", "requests", "rules"]


def rules(context: SiteContext) -> Document:
    """Return the document of all rules and of the groups of people who approve."""
    governance = context.registry.governance
    return {
        "rules": [_rule(each) for each in governance.rules],
        "groups": [
            {"name": name, "people": list(people)}
            for name, people in sorted(governance.groups.items())
        ],
    }


def _rule(rule: Rule) -> Document:
    return {
        "name": rule.name,
        "title": rule.title or rule.name,
        "reason": rule.reason,
        "type": rule.type,
        "enforcement": rule.enforcement,
        "rollbacks": rule.rollbacks,
        "override": rule.override,
        "applies_to": _scope(rule.applies_to),
        "except": [] if rule.excepted is None else _scope(rule.excepted),
        "scope_text": scope_words(rule),
        "text": requirement_words(rule.block),
        "page": f"{RULES}#{rule_anchor(rule.name)}",
    }


def _scope(scope: Scope) -> list[Document]:
    given = {
        "products": scope.products,
        "teams": scope.teams,
        "environments": scope.environments,
        "environment_types": scope.environment_types,
    }
    return [{"key": key, "names": list(names)} for key, names in given.items() if names is not None]


def calendar(context: SiteContext) -> Document:
    """Return the document of the times in which rules of windows block, from now on."""
    return {
        "closed": [
            {
                "rule": schedule.rule.name,
                "title": schedule.title,
                "enforcement": schedule.rule.enforcement,
                "environments": list(schedule.environments),
                "from": moment_text(time.start),
                "to": moment_text(time.end),
                "time_zone": schedule.zone,
            }
            for schedule in schedules_of(context)
            for time in schedule.times
        ]
    }


def requests(context: SiteContext) -> Document:
    """Return the document of all requests in short, by name."""
    return {
        "requests": [
            _head(registry_of_request(context, each), each, context.now)
            for each in context.registry.governance.requests
        ]
    }


def request(context: SiteContext, given: Request) -> Document:
    """Return the document of one request."""
    registry, now = registry_of_request(context, given), context.now
    return {
        **_head(registry, given, now),
        "description": given.description,
        "content": content_hash(given.document),
        "order": [list(stage) for stage in given.order],
        "approvals": [
            {
                "type": slot.approval_type,
                "needed": slot.needed,
                "approved_by": list(slot.approved_by),
                "rejected_by": list(slot.rejected_by),
            }
            for slot in slots_of(given, registry.governance.groups, now)
        ],
        "steps": _steps(given, now),
        "deployments": _deployments(registry, given, now),
        "links": [{"title": str(each["title"]), "url": str(each["url"])} for each in given.links],
        "decisions": [_decision(each) for each in given.decisions],
        "template": given.template,
    }


def _head(registry: Registry, given: Request, now: str) -> Document:
    window = given.window or ("", "")
    return {
        "name": given.name,
        "title": given.title or given.name,
        "state": request_state(registry, given, now),
        "environments": list(map(registry.environment_name, given.environments)),
        "versions": [
            {"product": registry.target_of(name), "version": version}
            for name, version in given.versions.items()
        ],
        "window_from": window[0],
        "window_to": window[1],
        "page": request_page(given.name),
        "data": data_of(request_page(given.name)),
    }


def _steps(given: Request, now: str) -> list[Document]:
    done = done_steps(given, now)
    texts = {
        **dict(zip(steps_of(given, "before"), given.before, strict=True)),
        **dict(zip(steps_of(given, "after"), given.after, strict=True)),
    }
    return [
        {
            "step": step,
            "text": text,
            "done": step in done,
            "by": done[step].by if step in done else "",
            "at": done[step].at if step in done else "",
        }
        for step, text in texts.items()
    ]


def _deployments(registry: Registry, given: Request, now: str) -> list[Document]:
    found: list[dict[str, Any]] = []
    for product, version in given.versions.items():
        name = registry.target_of(product)
        record = registry.products.get(name)
        for environment in map(registry.environment_name, given.environments):
            running = record.cell(environment).versions if record is not None else ()
            found.append(
                {
                    "product": name,
                    "environment": environment,
                    "version": version,
                    "completed": is_completed_in(registry, given, product, environment, now),
                    "waits_for": list(
                        dict.fromkeys(
                            map(
                                registry.target_of,
                                waits_for(registry, given, product, environment, now),
                            )
                        )
                    ),
                    "running": list(running),
                }
            )
    return found


def _decision(decision: Decision) -> Document:
    return {
        "id": decision.id,
        "at": decision.at,
        "by": decision.by,
        "decision": decision.decision,
        "approval_type": decision.approval_type,
        "step": decision.step,
        "content": decision.of,
        "comment": decision.comment,
    }
