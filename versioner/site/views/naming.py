"""What a product is called, and what it says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from versioner.site.context import Atlas

__all__ = ["document_of", "title_of"]


def document_of(atlas: Atlas, name: str) -> dict[str, Any]:
    """Return a product's description; empty where its file is not valid."""
    return dict(atlas.registry.products[name].document or {})


def title_of(atlas: Atlas, name: str) -> str:
    """Return what a product is called."""
    return str((atlas.registry.products[name].document or {}).get("title") or name)
