"""The wire of the hosted product: its event endpoints, its read endpoints, its links."""

from __future__ import annotations

from fastapi import APIRouter

from versioner.server.wire import events, links, reads

__all__ = ["router"]

router = APIRouter()
router.include_router(events.router)
router.include_router(reads.router)
router.include_router(links.router)
