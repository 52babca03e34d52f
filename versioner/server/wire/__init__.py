"""The wire of the hosted product: its event endpoints, its read endpoints, its links."""

from __future__ import annotations

from fastapi import APIRouter

__all__ = ["router"]

router = APIRouter()
