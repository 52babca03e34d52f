"""The About page: commit, time, counts and tool version of the build; files for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.resources import schemas_dir
from versioner.site.urls import ABOUT, EVERYTHING, OPENAPI, RECORD, REFERENCE
from versioner.site.views.parts.instances import MIXED, UNDEPLOYED
from versioner.site.views.parts.layout import View, frame
from versioner.site.views.parts.observed import DIFFERS
from versioner.site.views.parts.rows import KIND_CLASSES, STATUS_CLASSES
from versioner.site.wording import moment_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.site.context import SiteContext

__all__ = ["about_view", "counts"]

_MEANINGS = (
    ("completed", "the version was deployed"),
    ("started", "the deployment is in progress"),
    ("pending", "the deployment has not started yet"),
    ("failed", "the version was not deployed; the earlier version still runs"),
    ("aborted", "the deployment was stopped"),
)

# The marks that only some registries have: a legend lists those that the pages can show.
_INSTANCES = (MIXED, "mixed", "the instances of an environment run several versions")
_REMOVED = (UNDEPLOYED, "undeployed", "nothing runs there any more")
_RETURNED = (
    KIND_CLASSES["return"],
    "return",
    "a version that was rolled back from was deployed again",
)
_OBSERVED = (DIFFERS, "observed", "something else was seen to run than is recorded")

_FOR_PROGRAMS = (
    ("API reference", REFERENCE, "every endpoint, with examples"),
    ("Record from a job", RECORD, "the tool in one file, and how a job records with it"),
    ("OpenAPI document", OPENAPI, "the API reference for programs"),
    (
        "Atom feed",
        EVERYTHING,
        "the latest deployments; each product and environment has a feed too",
    ),
)


def about_view(context: SiteContext, tool_version: str) -> View:
    """Return the view of the About page."""
    registry = context.registry
    return {
        "frame": frame(context, ABOUT, "About", section=ABOUT),
        "title": context.title,
        "description": str(registry.config.get("description", "")),
        "revision": registry.revision or "",
        "at": context.now,
        "when": moment_text(context.now),
        "tool_version": tool_version,
        "machines": [
            {"text": text, "href": context.link(ABOUT, path), "note": note}
            for text, path, note in _FOR_PROGRAMS
        ],
        "schemas": [
            {"text": path.name, "href": context.link(ABOUT, f"schemas/{path.name}")}
            for path in sorted(schemas_dir().glob("*.schema.json"))
        ],
        "counts": [{"text": text, "number": f"{n:,}"} for text, n in counts(context).items()],
        "legend": [
            {"status": status, "status_class": STATUS_CLASSES[status], "meaning": meaning}
            for status, meaning in _MEANINGS
        ],
        "more_marks": [
            {"status_class": status_class, "status": status, "meaning": meaning}
            for status_class, status, meaning in _more_marks(context)
        ],
    }


def _more_marks(context: SiteContext) -> Iterator[tuple[str, str, str]]:
    records = context.registry.products.values()
    if any(cell.instances for record in records for cell in record.cells.values()):
        yield _INSTANCES
    if any(each.undeployments for each in context.catalogue):
        yield _REMOVED
    if any(each.has_returns for each in context.catalogue):
        yield _RETURNED
    if any(record.observations for record in records):
        yield _OBSERVED


def counts(context: SiteContext) -> dict[str, int]:
    """Return the numbers of products, environments, versions and deployments."""
    return {
        "products": len(context.registry.products),
        "environments": len(context.environments),
        "versions": sum(each.versions for each in context.catalogue),
        "deployments": sum(each.deployments for each in context.catalogue),
    }
