"""The pages of deployment requests: the list, and each one with its grid, approvals and steps."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from versioner.query.gate.requests import request_detail
from versioner.site.summaries.people import person_link
from versioner.site.urls import REQUESTS, outward, request_page
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.products import title_of
from versioner.site.wording import count, day_text, moment_text, version_text

if TYPE_CHECKING:
    from versioner.models.governance import Decision, Request
    from versioner.query.gate.requests import RequestCell, RequestDetail, RequestStep
    from versioner.site.context import SiteContext

__all__ = ["details_of_requests", "request_view", "requests_view"]

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
    details = details_of_requests(context).values()
    rows = [_row(context, each) for each in details]
    return {
        "frame": frame(
            context,
            REQUESTS,
            "Requests",
            section=REQUESTS,
            script="lists",
            description="What is to ship together, and what it waits for.",
            current=True,
            dated=False,
        ),
        "summary": count(len(rows), "deployment request"),
        "lists": [
            {"title": title, "rows": [row for row in rows if row["state"] in states]}
            for title, states in _LISTS
            if any(row["state"] in states for row in rows)
        ],
    }


@lru_cache(maxsize=1)
def details_of_requests(context: SiteContext) -> dict[str, RequestDetail]:
    """Return the requests as they are at the last commit, by name.

    They are computed once: the list, the page and the documents of a request show them. Of each,
    the products that it holds are read, and no others.
    """
    found = {}
    for request in context.registry.governance.requests:
        names = {context.registry.target_of(name) for name in request.versions}
        known = {name: context.record(name) for name in names if name in context.registry.products}
        registry = replace(context.registry, products=known)
        found[request.name] = request_detail(registry, request, context.now)
    return found


def _row(context: SiteContext, detail: RequestDetail) -> View:
    request, state = detail.request, detail.state
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
    detail = details_of_requests(context)[name]
    request, state = detail.request, detail.state
    page = request_page(name)
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
            dated=False,
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
        "stages": _stages(context, page, detail),
        "slots": _slots(context, detail),
        "steps": [
            {"title": title, "rows": [_step(context, page, each) for each in steps]}
            for title, steps in (("Before", detail.before), ("After", detail.after))
        ],
        "decisions": [_decision(context, page, each) for each in reversed(request.decisions)],
        "template": request.template,
        "edit": context.forge.edit(request.path),
    }


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


def _stages(context: SiteContext, page: str, detail: RequestDetail) -> list[View]:
    """Return the grid of products by environments, stage by stage."""
    request, resolve = detail.request, context.registry.target_of
    ordered = [[*stage] for stage in request.order]
    named = {resolve(each) for stage in ordered for each in stage}
    others = [each for each in request.versions if resolve(each) not in named]
    stages = [*ordered, *([others] if others else [])]
    return [
        {
            "title": f"Stage {number}" if number <= len(ordered) and len(ordered) > 1 else "",
            "rows": [_product(context, page, detail, each) for each in stage],
        }
        for number, stage in enumerate(stages, 1)
    ]


def _product(context: SiteContext, page: str, detail: RequestDetail, given: str) -> View:
    resolve = context.registry.target_of
    name = resolve(given)
    cells = [each for each in detail.cells if resolve(each.product) == name]
    version = cells[0].version
    is_known = name in context.registry.products
    return {
        "product": title_of(context, name) if is_known else given,
        "href": context.product(page, name) if is_known else "",
        "version": version_text(version),
        "version_full": version,
        "version_href": context.version(page, name, version) if is_known else "",
        "cells": [_cell(context, each) for each in cells],
    }


def _cell(context: SiteContext, cell: RequestCell) -> View:
    if cell.progress == "completed":
        return {"status_class": "status-completed", "text": "there", "note": ""}
    running = ", ".join(map(version_text, cell.running))
    note = f"now {running}" if running else "nothing runs there"
    if cell.waits_for:
        names = ", ".join(dict.fromkeys(map(context.registry.target_of, cell.waits_for)))
        return {"status_class": "status-unknown", "text": f"after {names}", "note": note}
    return {"status_class": "status-pending", "text": "to come", "note": note}


def _slots(context: SiteContext, detail: RequestDetail) -> list[View]:
    groups, approve = context.registry.governance.groups, "versioner request approve"
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
            "command": f"{approve} {detail.request.name} --type {slot.approval_type}",
        }
        for slot in detail.slots
    ]  # fmt: skip


def _step(context: SiteContext, page: str, step: RequestStep) -> View:
    done = step.done
    by = done.by if done is not None else ""
    return {
        "text": step.text,
        "done": done is not None,
        "by": by,
        "by_href": person_link(context, page, by),
        "at": done.at if done is not None else "",
        "when": day_text(done.at[:10]) if done is not None else "",
    }


def _decision(context: SiteContext, page: str, decision: Decision) -> View:
    what = decision.approval_type or decision.step
    return {
        "at": decision.at,
        "when": moment_text(decision.at),
        "by": decision.by,
        "by_href": person_link(context, page, decision.by),
        "text": f"{decision.decision} {what}".rstrip(),
        "comment": decision.comment,
    }
