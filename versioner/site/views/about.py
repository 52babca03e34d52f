"""The About page: what the site was built from, and by what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.resources import schemas_dir
from versioner.site.urls import ABOUT, EVERYTHING, OPENAPI, REFERENCE
from versioner.site.views.layout import View, frame
from versioner.site.views.rows import STATUS_CLASSES
from versioner.site.wording import moment_text

if TYPE_CHECKING:
    from versioner.site.context import SiteContext

__all__ = ["about_view", "counts"]

_MEANINGS = (
    ("completed", "it runs, or ran, there"),
    ("started", "on its way; no result yet"),
    ("pending", "waiting to start"),
    ("failed", "it did not get there; the version before it still runs"),
    ("aborted", "somebody stopped it"),
)

_MACHINES = (
    ("API reference", REFERENCE, "every address, with examples"),
    ("OpenAPI document", OPENAPI, "the same, for programs"),
    ("Atom feed", EVERYTHING, "the latest deployments; each product and environment has its own"),
)


def about_view(atlas: SiteContext, tool_version: str) -> View:
    """Return the page about the site."""
    registry = atlas.registry
    return {
        "frame": frame(atlas, ABOUT, "About", section=ABOUT),
        "title": atlas.title,
        "description": str(registry.config.get("description", "")),
        "revision": registry.revision or "",
        "at": atlas.now,
        "when": moment_text(atlas.now),
        "tool_version": tool_version,
        "machines": [
            {"text": text, "href": atlas.link(ABOUT, path), "note": note}
            for text, path, note in _MACHINES
        ],
        "schemas": [
            {"text": path.name, "href": atlas.link(ABOUT, f"schemas/{path.name}")}
            for path in sorted(schemas_dir().glob("*.schema.json"))
        ],
        "counts": [{"text": text, "number": f"{n:,}"} for text, n in counts(atlas).items()],
        "legend": [
            {"status": status, "status_class": STATUS_CLASSES[status], "meaning": meaning}
            for status, meaning in _MEANINGS
        ],
    }


def counts(atlas: SiteContext) -> dict[str, int]:
    """Return how much of everything the registry holds."""
    records = atlas.registry.products.values()
    return {
        "products": len(atlas.registry.products),
        "environments": len(atlas.environments),
        "versions": sum(len(record.versions) for record in records),
        "deployments": sum(len(record.deployments) for record in records),
    }
