"""The document of what was received and is not recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.site.urls import product_page

if TYPE_CHECKING:
    from versioner.site.api.deployments import Document
    from versioner.site.context import Atlas
    from versioner.site.inbox import Unrecorded

__all__ = ["inbox"]


def inbox(atlas: Atlas) -> Document:
    """Return the events that wait and those that were refused."""
    found = atlas.unrecorded
    return {
        "waiting": [_event(each) for each in found.waiting],
        "more_waiting": found.more_waiting,
        "refused": [
            {**_event(each), "code": each.code, "message": each.message, "hint": each.hint}
            for each in found.refused
        ],
        "more_refused": found.more_refused,
    }


def _event(event: Unrecorded) -> Document:
    return {
        "ref": event.ref,
        "at": event.at,
        "kind": event.kind,
        "product": event.product,
        "environment": event.environment,
        "version": event.version,
        "status": event.status,
        "page": product_page(event.product) if event.is_known else "",
    }
