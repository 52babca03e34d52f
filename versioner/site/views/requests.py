"""The pages of deployment requests: the list, and each one with its grid, approvals and steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from versioner.rules.gate.requests import (
    done_steps,
    is_completed_in,
    request_state,
    slots_of,
    steps_of,
    waits_for,
)
from versioner.site.urls import REQUESTS, outward, request_page
from versioner.site.views.layout import View, crumb, frame
from versioner.site.views.products import title_of
from versioner.site.wording import count, day_text, moment_text, version_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models.governance import Decision, Request
    from versioner.registry.records import Registry
    from versioner.site.context import SiteContext

__all__ = ["registry_of_request", "request_view", "requests_view"]

_CLASSES: Final = {
    "draft": "status-unknown",
    "open": "status-pending",
    "approved": "status-completed",
    "rejected": "status-failed",
    "completed": "status-completed",
    "cancelled": "status-aborted",
}
# The lists of the page of requests: title and the states in it.
_LISTS: Final = (
    ("Open", ("open", "approved", "rejected")),
    ("Drafts", ("draft",)),
    ("Done", ("completed", "cancelled")),
)


def requests_view(context: SiteContext) -> View:
    """Return the view of the list of requests: open ones, those to come, and done ones."""
    requests = context.registry.governance.requests
    rows = [_row(context, each) for each in requests]
    return {
        "frame": frame(
            context,
            REQUESTS,
            "Requests",
            section=REQUESTS,
            script="lists",
            description="What is to ship together, and what it waits for.",
            current=True,
        ),
        "summary": count(len(requests), "deployment request"),
        "lists": [
            {"title": title, "rows": [row for row in rows if row["state"] in states]}
            for title, states in _LISTS
            if any(row["state"] in states for row in rows)
        ],
    }


def _row(context: SiteContext, request: Request) -> View:
    state = request_state(registry_of_request(context, request), request, context.now)
    return {
        "name": request.name,
        "title": request.title or request.name,
        "href": context.link(REQUESTS, request_page(request.name)),
        "state": state,
        "status_class": _CLASSES[state],
        "environments": ", ".join(
            context.environment_title(_environment(context, each)) for each in request.environments
        ),
        "products": count(len(request.versions), "product"),
        "window": _window(request, context.now),
    }


def request_view(context: SiteContext, name: str) -> View:
    """Return the view of one request."""
    request = next(each for each in context.registry.governance.requests if each.name == name)
    page = request_page(name)
    registry = registry_of_request(context, request)
    state = request_state(registry, request, context.now)
    title = request.title or name
    return {
        "frame": frame(
            context,
            page,
            title,
            section=REQUESTS,
            script="lists",
            description=request.description,
            crumbs=[crumb("Requests", context.link(page, REQUESTS))],
            current=True,
        ),
        "name": name,
        "title": title,
        "named": bool(request.title),
        "description": request.description,
        "state": state,
        "status_class": _CLASSES[state],
        "window": _window(request, context.now),
        "links": [
            {"text": str(link["title"]), "url": str(link["url"]), "href": outward(str(link["url"]))}
            for link in request.links
        ],
        "environments": [
            context.environment_title(_environment(context, each)) for each in request.environments
        ],
        "stages": _stages(context, page, registry, request),
        "slots": _slots(context, request),
        "steps": [
            {"title": "Before", "rows": _steps(request, "before", context.now)},
            {"title": "After", "rows": _steps(request, "after", context.now)},
        ],
        "decisions": [_decision(each) for each in reversed(request.decisions)],
        "template": request.template,
        "edit": context.forge.edit(request.path),
    }


def registry_of_request(context: SiteContext, request: Request) -> Registry:
    """Return the registry with the whole records of the products of a request alone."""
    names = {context.registry.target_of(name) for name in request.versions}
    known = {name: context.record(name) for name in names if name in context.registry.products}
    return replace(context.registry, products=known)


def _environment(context: SiteContext, name: str) -> str:
    return context.registry.environment_name(name)


def _window(request: Request, now: str) -> View:
    """Return the window of a request: its times, and whether it is to come, open or over."""
    if request.window is None:
        return {}
    start, end = request.window
    state = "coming" if now < start else "over" if now >= end else "open"
    return {
        "start": start, "start_text": moment_text(start), "end": end, "end_text": moment_text(end),
        "state": state,
    }  # fmt: skip


def _stages(context: SiteContext, page: str, registry: Registry, request: Request) -> list[View]:
    """Return the grid of products by environments, stage by stage."""
    resolve = registry.target_of
    ordered = [[*stage] for stage in request.order]
    named = {resolve(each) for stage in ordered for each in stage}
    others = [each for each in request.versions if resolve(each) not in named]
    stages = [*ordered, *([others] if others else [])]
    return [
        {
            "title": f"Stage {number}" if number <= len(ordered) and len(ordered) > 1 else "",
            "rows": [_product(context, page, registry, request, each) for each in stage],
        }
        for number, stage in enumerate(stages, 1)
    ]


def _product(
    context: SiteContext, page: str, registry: Registry, request: Request, given: str
) -> View:
    name = registry.target_of(given)
    version = next(v for each, v in request.versions.items() if registry.target_of(each) == name)
    is_known = name in context.registry.products
    return {
        "product": title_of(context, name) if is_known else given,
        "href": context.product(page, name) if is_known else "",
        "version": version_text(version),
        "version_full": version,
        "version_href": context.version(page, name, version) if is_known else "",
        "cells": [
            _cell(context, registry, request, given, environment)
            for environment in request.environments
        ],
    }


def _cell(
    context: SiteContext, registry: Registry, request: Request, given: str, environment: str
) -> View:
    name = _environment(context, environment)
    product = registry.target_of(given)
    record = registry.products.get(product)
    own = next(each for each in request.versions if registry.target_of(each) == product)
    if is_completed_in(registry, request, own, name, context.now):
        return {"status_class": "status-completed", "text": "there", "note": ""}
    waiting = waits_for(registry, request, own, name, context.now)
    running = record.cell(name).versions if record is not None else ()
    note = f"now {', '.join(map(version_text, running))}" if running else "nothing runs there"
    if waiting:
        names = ", ".join(dict.fromkeys(registry.target_of(each) for each in waiting))
        return {"status_class": "status-unknown", "text": f"after {names}", "note": note}
    return {"status_class": "status-pending", "text": "to come", "note": note}


def _slots(context: SiteContext, request: Request) -> list[View]:
    groups = context.registry.governance.groups
    return [
        {
            "type": slot.approval_type,
            "text": f"{min(len(slot.approved_by), slot.needed)} of {slot.needed}",
            "approved_by": ", ".join(slot.approved_by),
            "rejected_by": ", ".join(slot.rejected_by),
            "status_class": "status-failed" if slot.rejected_by
            else "status-completed" if slot.is_filled else "status-pending",
            "word": "rejected" if slot.rejected_by
            else "approved" if slot.is_filled else "waits",
            "people": ", ".join(groups[slot.approval_type])
            if slot.approval_type in groups else "",
            "command": f"versioner request approve {request.name} --type {slot.approval_type}",
        }
        for slot in slots_of(request, groups, context.now)
    ]  # fmt: skip


def _steps(request: Request, where: Any, now: str) -> list[View]:
    done = done_steps(request, now)
    texts: Sequence[str] = request.before if where == "before" else request.after
    return [
        {
            "text": text,
            "done": step in done,
            "by": done[step].by if step in done else "",
            "at": done[step].at if step in done else "",
            "when": day_text(done[step].at[:10]) if step in done else "",
        }
        for step, text in zip(steps_of(request, where), texts, strict=True)
    ]


def _decision(decision: Decision) -> View:
    what = decision.approval_type or decision.step
    return {
        "at": decision.at,
        "when": moment_text(decision.at),
        "by": decision.by,
        "text": f"{decision.decision} {what}".rstrip(),
        "comment": decision.comment,
    }
