"""The commits of versions and deployments in the API's documents; nothing where none are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.query.commits.between import total_of
from versioner.query.commits.words import brought_by
from versioner.site.views.parts.commits import links_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models import Deployment, Version
    from versioner.models.events import RecordedChanges
    from versioner.site.context import SiteContext

__all__ = ["brought_of", "changes_of"]


def changes_of(context: SiteContext, version: Version) -> dict[str, Any]:
    """Return the commits of a version since the one before it, as a part of its document."""
    changes = version.changes
    if changes is None or "changes" in context.hidden:
        return {}
    links, author = links_of(context, version), "deployed_by" not in context.hidden
    return {
        "changes": {
            "since": changes.get("since"),
            "count": total_of(changes),
            "partial": "partial" in changes,
            "commits": [links.document(each, author=author) for each in changes["commits"]],
        }
    }


def brought_of(changes: Mapping[str, RecordedChanges], deployment: Deployment) -> dict[str, Any]:
    """Return how many commits a deployment brought and took away, as a part of its document."""
    found = brought_by(changes, deployment)
    if found is None:
        return {}
    return {"commits": {"added": found.added.count, "removed": found.removed.count}}
