"""The commits of versions, what a deployment brought, and what would ship."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from versioner.query.commits.between import total_of
from versioner.query.commits.links import CommitLinks
from versioner.query.commits.taken import TakenAway, taken_away
from versioner.query.commits.words import brought_by, count_words
from versioner.query.source_links import source_of
from versioner.site.urls import outward
from versioner.site.wording import count, version_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from versioner.models import Deployment, Undeployment, Version
    from versioner.models.events import RecordedChanges, RecordedCommit
    from versioner.query.commits.between import CommitDifference
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = [
    "brought_view",
    "changes_of_product",
    "commits_view",
    "difference_view",
    "links_of",
    "shown_of_each",
    "taken_by_rollbacks",
]

# The most commits of a page of a month, and of one version there or on a product's page.
_MOST_OF_PAGE: Final = 600
_MOST: Final = 50
_FEWEST: Final = 3


def changes_of_product(context: SiteContext, product: str) -> Mapping[str, RecordedChanges]:
    """Return the commits of the versions of a product; none where the site hides them."""
    return {} if "changes" in context.hidden else context.record(product).recorded_changes


def shown_of_each(context: SiteContext, versions: Collection[Version]) -> int:
    """Return how many commits a page shows of each of its versions."""
    known = sum(1 for each in versions if each.changes is not None)
    return max(_FEWEST, min(_MOST, _MOST_OF_PAGE // max(1, known)))


def commits_view(context: SiteContext, version: Version, shown: int = _MOST) -> View:
    """Return the commits of a version since the one before, as a list with a summary; or none."""
    changes = version.changes
    if changes is None or "changes" in context.hidden:
        return {}
    number = total_of(changes)
    since = f" since {version_text(changes['since'])}" if "since" in changes else ""
    text = f"{'at least ' if 'partial' in changes else ''}{count(number, 'commit')}{since}"
    return {"text": text, **_list(context, version, changes["commits"], number, shown)}


def difference_view(
    context: SiteContext, found: CommitDifference, version: Version, shown: int = _MOST
) -> View:
    """Return what a version would bring, and take away, as a list with a summary."""
    commits = found.added if found.added.count else found.removed
    view = _list(context, version, commits.commits, commits.count, shown)
    return {"text": count_words(found), **view}


def brought_view(
    changes: Mapping[str, RecordedChanges], deployment: Deployment | Undeployment
) -> str:
    """Return how many commits a deployment brought or took away, "" where that is not known."""
    found = brought_by(changes, deployment)
    return count_words(found) if found is not None else ""


@lru_cache(maxsize=2)
def taken_by_rollbacks(context: SiteContext, product: str) -> Mapping[str, TakenAway]:
    """Return what each rollback of a product took away, by its id."""
    changes = changes_of_product(context, product)
    return taken_away(context.record(product), changes, version=version_text)


def _list(
    context: SiteContext,
    version: Version,
    commits: Sequence[RecordedCommit],
    number: int,
    shown: int,
) -> View:
    links = links_of(context, version)
    kept = [_commit(context, each, links) for each in commits[:shown]]
    named = [each for each in kept if each["subject"] or each["keys"]]
    # Some commits of a long list have only an id: one line shows all of these.
    bare = [each for each in kept if each["id"] and not (each["subject"] or each["keys"])]
    if len(bare) == 1 or not named:
        named, bare = kept, []
    return {"commits": named, "bare": bare, "more": number - len(named) - len(bare)}


def links_of(context: SiteContext, version: Version) -> CommitLinks:
    """Return the addresses of the commits of a version, as far as the site shows its source."""
    record = context.registry.products[version.product]
    is_hidden = {"scm_sha", "scm_repository"} & context.hidden
    source = None if is_hidden else source_of(context.registry, record, version)
    return CommitLinks(context.registry.config, source)


def _commit(context: SiteContext, commit: RecordedCommit, links: CommitLinks) -> dict[str, Any]:
    subject = commit.get("subject", "")
    keys = [{"text": key, "href": outward(links.key(key))} for key in commit.get("keys", ())]
    return {
        "id": "" if "scm_sha" in context.hidden else commit["id"],
        "href": outward(links.commit(commit["id"])),
        "subject": subject,
        # The subject has the others already.
        "keys": [each for each in keys if each["href"] or each["text"] not in subject],
        "author": "" if "deployed_by" in context.hidden else commit.get("author", ""),
    }
