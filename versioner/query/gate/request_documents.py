"""Deployment requests as JSON data: for the command line, the server, agents and the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from versioner.query.gate.requests import RequestDetail, RequestStep

__all__ = ["request_document"]


def request_document(detail: RequestDetail) -> dict[str, Any]:
    """Return a request as a document; what there is nothing of is empty."""
    request = detail.request
    window = request.window
    return {
        "name": request.name,
        "title": request.title,
        "description": request.description,
        "state": detail.state,
        "environments": list(request.environments),
        "versions": dict(request.versions),
        "window": {"from": window[0], "to": window[1]} if window is not None else None,
        "order": [list(stage) for stage in request.order],
        "approvals": [
            {
                "type": slot.approval_type,
                "needed": slot.needed,
                "approved_by": list(slot.approved_by),
                "rejected_by": list(slot.rejected_by),
            }
            for slot in detail.slots
        ],
        "steps": [_step(each) for each in (*detail.before, *detail.after)],
        "lacks": list(detail.lacks),
        "content": detail.content,
        "opened_at": detail.opened_at,
        "template": request.template,
        "links": [dict(each) for each in request.links],
        "cells": [
            {
                "product": each.product,
                "environment": each.environment,
                "version": each.version,
                "state": each.progress,
                "running": list(each.running),
                "waits_for": list(each.waits_for),
            }
            for each in detail.cells
        ],
    }


def _step(step: RequestStep) -> dict[str, Any]:
    done = step.done
    return {
        "step": step.name,
        "text": step.text,
        "done": done is not None,
        "by": done.by if done is not None else "",
        "at": done.at if done is not None else "",
    }
