"""Tools that answer about deployment requests: which there are, and what each still needs."""

from contextlib import AbstractContextManager
from typing import Any

from versioner.editing.requests import request_of_name
from versioner.errors import InvalidInput
from versioner.mcp.answers import Answer, page_of
from versioner.mcp.arguments import Cursor, Environment, Limit, RequestName, Since, Until
from versioner.mcp.scopes import rules_about
from versioner.mcp.source import ReadRegistry, RegistrySource
from versioner.models.governance import (
    RequestApprovalBlock,
    RequestTemplate,
    Rule,
    ScheduleBlock,
    VersionApprovalBlock,
)
from versioner.query.gate.proposals import propose_versions
from versioner.query.gate.requests import RequestDetail, list_requests, request_detail
from versioner.query.gate.rule_words import requirement_words
from versioner.query.times.text import parse_moment
from versioner.reporting.gate.requests import request_document
from versioner.rules.gate.requests import REQUEST_STATES

__all__ = ["RequestTools"]

# The hosted product's word for a request that is open.
_OTHER_STATES = {"in_progress": "open"}


class RequestTools:
    """The tools about deployment requests and what they need."""

    def __init__(self, source: RegistrySource) -> None:
        self._source = source

    def _reading(self) -> AbstractContextManager[ReadRegistry]:
        return self._source.reading()

    def get_deployment_requests(
        self,
        status: str = "",
        since: Since = "",
        until: Until = "",
        limit: Limit = 20,
        cursor: Cursor = "",
    ) -> Answer:
        """Return the deployment requests, those that need people first.

        `status` is draft, open, approved, rejected, completed, cancelled, or "all"; without it,
        those that are over are left out. `since` and `until` are about when a request was opened.
        """
        with self._reading() as read:
            found = _in_state(read, status)
            if since:
                start = parse_moment(since, read.now, field="since")
                found = [each for each in found if each.opened_at and each.opened_at >= start]
            if until:
                end = parse_moment(until, read.now, end=True, field="until")
                found = [each for each in found if each.opened_at and each.opened_at <= end]
            page = page_of(found, request_document, limit=limit, cursor=cursor)
            return read.answer({"total": len(found), "requests": page.items}, page)

    def get_deployment_request_detail(self, request: RequestName) -> Answer:
        """Return one request: versions, environments, window, approvals, steps, and what it lacks.

        `cells` is the progress of each product in each environment.
        """
        with self._reading() as read:
            return read.answer(request_document(_detail(read, request)))

    def get_approval_status(self, request: RequestName) -> Answer:
        """Return who approved a request and who still must, by type of approval."""
        with self._reading() as read:
            document = request_document(_detail(read, request))
            groups = read.registry.governance.groups
            for slot in document["approvals"]:
                members = groups.get(slot["type"])
                slot["who_may"] = list(members) if members is not None else "anybody"
            keys = ("name", "state", "approvals", "steps", "lacks", "content", "opened_at")
            return read.answer({key: document[key] for key in keys})

    def get_dr_requirements(self, environment: Environment) -> Answer:
        """Return what a deployment request for an environment needs: approvals, steps, windows.

        `approval_types` are those that rules about the environment ask for, with how many people;
        `restrictions` are the other rules about it, in words.
        """
        with self._reading() as read:
            registry = read.registry
            name = str(registry.environment(environment)["name"])
            rules = [
                each for each in rules_about(registry, "", name) if each.enforcement != "disabled"
            ]
            groups = registry.governance.groups
            needed = _needed(rules)
            result = {
                "environment": name,
                "needs_a_request": any(_asks_for_request(each) for each in rules),
                "approval_types": [
                    {
                        "type": each,
                        "people": needed[each],
                        "who_may": list(groups[each]) if each in groups else "anybody",
                    }
                    for each in sorted(needed)
                ],
                "step_types": ["before", "after"],
                "restrictions": [_restriction(each) for each in rules],
                "templates": [
                    each.name
                    for each in registry.governance.templates
                    if name in each.document.get("environments", (name,))
                ],
            }
            return read.answer(result)

    def list_dr_templates(self, limit: Limit = 20, cursor: Cursor = "") -> Answer:
        """Return the templates that a deployment request can start from."""
        with self._reading() as read:
            templates = read.registry.governance.templates
            page = page_of(templates, _template, limit=limit, cursor=cursor)
            return read.answer({"templates": page.items}, page)

    def get_pending_changes(
        self, source: Environment, target: Environment, limit: Limit = 50, cursor: Cursor = ""
    ) -> Answer:
        """Return what a request from one environment to another would hold, product by product.

        `left_out` is why a version would not be proposed; `is_older` is whether the target would
        go back to an older version.
        """
        with self._reading() as read:
            registry = read.registry
            names = (str(registry.environment(each)["name"]) for each in (source, target))
            found = propose_versions(registry, *names, now=read.now)
            page = page_of(found, lambda each: each._asdict(), limit=limit, cursor=cursor)
            return read.answer({"proposals": page.items}, page)


def _detail(read: ReadRegistry, name: str) -> RequestDetail:
    return request_detail(read.registry, request_of_name(read.registry, name), read.now)


def _in_state(read: ReadRegistry, status: str) -> list[RequestDetail]:
    word = status.strip().lower()
    word = _OTHER_STATES.get(word, word)
    if word in ("", "all"):
        return list_requests(read.registry, read.now, every=bool(word))
    if word not in REQUEST_STATES:
        raise InvalidInput(
            f'"{status[:40]}" is not a state of a request',
            field="status",
            hint=f"the states are {', '.join(REQUEST_STATES)}",
        )
    return list_requests(read.registry, read.now, states=[word])


def _asks_for_request(rule: Rule) -> bool:
    return isinstance(rule.block, RequestApprovalBlock) and rule.enforcement == "enabled"


def _needed(rules: list[Rule]) -> dict[str, int]:
    """Return how many people rules ask for, by type of approval: the largest number counts."""
    needed: dict[str, int] = {}
    for rule in rules:
        if isinstance(rule.block, RequestApprovalBlock | VersionApprovalBlock):
            for name, people in rule.block.types.items():
                needed[name] = max(people, needed.get(name, 0))
    return needed


def _restriction(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "type": rule.type,
        "enforcement": rule.enforcement,
        "requirement": requirement_words(rule.block),
        "reason": rule.reason or None,
        "time_zone": rule.block.time_zone if isinstance(rule.block, ScheduleBlock) else None,
    }


def _template(template: RequestTemplate) -> dict[str, Any]:
    return dict(template.document)
