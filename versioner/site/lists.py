"""The files of a site that list its other files: the search index's names, and the sitemap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.site.digests import code_digest, hash_of
from versioner.site.exports.files import crawler_files
from versioner.site.exports.search_index import index_file
from versioner.site.summaries.product_summary import SEARCH
from versioner.site.units import Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from versioner.site.context import SiteContext
    from versioner.site.earlier_build import EarlierBuild

__all__ = ["lists_of"]


def lists_of(
    context: SiteContext,
    earlier: EarlierBuild,
    made: Mapping[str, Sequence[str]],
    unindexed: Collection[str],
) -> list[Unit]:
    """Return the units of the files that list others, to be made when all others are made.

    `made` has by unit the paths of the files that were made, then. `unindexed` are the pages that
    no search engine is to show.
    """
    _, names = index_file(context, ())
    key = hash_of(code_digest(), names.decode("utf-8", "replace"))
    pages = hash_of(code_digest(), context.base_url, sorted(unindexed))

    def search() -> Iterator[tuple[str, bytes]]:
        if not earlier.keep_list(found[0], made, SEARCH):
            own = (path for name, paths in made.items() if name.startswith(SEARCH)
                   for path in paths)  # fmt: skip
            yield index_file(context, [*earlier.paths(SEARCH), *own])

    def sitemap() -> Iterator[tuple[str, bytes]]:
        if not earlier.keep_list(found[1], made):
            paths = [*earlier.paths(), *(path for own in made.values() for path in own)]
            shown = [each for each in paths if each.endswith(".html") and each not in unindexed]
            yield from crawler_files(context.base_url, shown)

    found = [Unit("names", key, tuple, search), Unit("sitemap", pages, tuple, sitemap)]
    return found
