"""The wire of the hosted product: its event endpoints, its read endpoints, its links."""

from __future__ import annotations

from fastapi import APIRouter

from versioner.server.wire.events import EventDoor
from versioner.server.wire.events import router as events
from versioner.server.wire.links import router as links
from versioner.server.wire.reads import router as reads

__all__ = ["EventDoor", "router"]

router = APIRouter()
router.include_router(events)
router.include_router(reads)
router.include_router(links)
