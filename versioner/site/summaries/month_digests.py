"""The digests of the months of a product, by which a later build knows what is as it was."""

from __future__ import annotations

import hashlib
import marshal
from typing import TYPE_CHECKING, Any

from versioner.query.commits.words import count_words
from versioner.site.pagination import undeployments_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models import Version
    from versioner.query.commits.between import CommitDifference
    from versioner.query.commits.taken import TakenAway
    from versioner.registry.records import ProductRecord
    from versioner.site.pagination import HistoryPage

__all__ = ["month_digests"]


def month_digests(
    record: ProductRecord,
    pages: list[HistoryPage],
    stems: Mapping[str, str],
    words: tuple[Mapping[str, CommitDifference], Mapping[str, TakenAway]],
) -> dict[str, str]:
    """Return by month the digest of all that a product's own pages of it show of its rows."""
    # A table has one more column where any event names an instance.
    named = any(each.instance for each in record.deployments)
    named = named or any(each.instance for each in undeployments_of(record))
    common = [named, record.decision_events]
    found: dict[str, Any] = {}
    brought, taken = words
    for page in pages:
        if page.month not in found:
            found[page.month] = hashlib.blake2b(marshal.dumps(common, 2), digest_size=12)
        # Version 2 gives equal bytes for equal data, whether objects are shared or not.
        found[page.month].update(marshal.dumps(_shown(page, stems), 2))
        # The commits of another month's versions count in what a deployment brings.
        counts = [(row.id, count_words(brought[row.id])) for row in page.rows if row.id in brought]
        gone = [(*taken[row.id], stems.get(row.previous)) for row in page.rows if row.id in taken]
        if counts or gone:
            found[page.month].update(marshal.dumps((counts, gone), 2))
    return {month: digest.hexdigest() for month, digest in found.items()}


def _shown(page: HistoryPage, stems: Mapping[str, str]) -> list[Any]:
    rows = [
        (each.id, each.environment, each.instance, each.version, each.status, each.kind, each.at,
         each.changed_at, each.previous, each.events, each.void, each.void_events,
         stems.get(each.version or each.previous))
        for each in page.rows
    ]  # fmt: skip
    versions = [
        (each.name, each.at, each.status, each.scm_sha, each.builds, _arrivals(each))
        for each in page.versions
    ]
    return [page.part, rows, versions]


def _arrivals(version: Version) -> list[Any]:
    return [
        (each.environment, each.instance, each.at, each.status, each.void is None, each.events)
        for each in version.deployments
    ]
