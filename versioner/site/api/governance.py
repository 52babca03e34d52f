"""Rules, requests and closed times as the API's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.query.gate.request_documents import request_document
from versioner.query.gate.rule_words import requirement_words, scope_words
from versioner.rules.gate.finding import moment_text
from versioner.site.urls import RULES, data_of, request_page
from versioner.site.views.parts.closed_times import schedules_of
from versioner.site.views.requests import details_of_requests
from versioner.site.views.rules import rule_anchor

if TYPE_CHECKING:
    from versioner.models.governance import Decision, Rule, Scope
    from versioner.query.gate.requests import RequestCell, RequestDetail
    from versioner.query.gate.rule_activity import RuleCounts
    from versioner.rules.gate.breaches import Breach
    from versioner.site.api.deployments import Document
    from versioner.site.context import SiteContext

__all__ = ["calendar", "request", "requests", "rules"]

# So many deployments that broke a rule are listed.
_MOST: Final = 100


def rules(context: SiteContext) -> Document:
    """Return the document of all rules and of the groups of people who approve."""
    governance = context.registry.governance
    activity = context.activity
    return {
        "rules": [_rule(each, activity.of(each.name)) for each in governance.rules],
        "groups": [
            {"name": name, "people": list(people)}
            for name, people in sorted(governance.groups.items())
        ],
        "counted_since": activity.since,
        "violations": [_breach(context, each) for each in activity.violations[:_MOST]],
    }


def _breach(context: SiteContext, breach: Breach) -> Document:
    return {
        "rule": breach.rule,
        "code": breach.code,
        "product": breach.product,
        "environment": breach.environment,
        "instance": breach.instance,
        "version": breach.version,
        "at": breach.at,
        "deployment": breach.deployment,
        "event": breach.event,
        # From a page in the root, the link to another page is its path.
        "page": context.row("", breach.product, breach.deployment, breach.at),
    }


def _rule(rule: Rule, counts: RuleCounts) -> Document:
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
        "violations": counts.violations,
        "overrides": counts.overrides,
        "reports": counts.reports,
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
    return {"requests": [_head(context, each) for each in details_of_requests(context).values()]}


def request(context: SiteContext, name: str) -> Document:
    """Return the document of one request."""
    detail = details_of_requests(context)[name]
    given, whole = detail.request, request_document(detail)
    return {
        **_head(context, detail),
        **{key: whole[key] for key in ("description", "content", "order", "approvals", "steps")},
        "deployments": [_deployment(context, each) for each in detail.cells],
        "links": [{"title": str(each["title"]), "url": str(each["url"])} for each in given.links],
        "decisions": [_decision(each) for each in given.decisions],
        "template": given.template,
    }


def _head(context: SiteContext, detail: RequestDetail) -> Document:
    given, registry = detail.request, context.registry
    window = given.window or ("", "")
    return {
        "name": given.name,
        "title": given.title or given.name,
        "state": detail.state,
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


def _deployment(context: SiteContext, cell: RequestCell) -> Document:
    registry = context.registry
    return {
        "product": registry.target_of(cell.product),
        "environment": registry.environment_name(cell.environment),
        "version": cell.version,
        "completed": cell.progress == "completed",
        "waits_for": list(dict.fromkeys(map(registry.target_of, cell.waits_for))),
        "running": list(cell.running),
    }


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
