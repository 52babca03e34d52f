"""The list of the site's files that are not pages, and the files for search engines among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.resources import schemas_dir
from versioner.site.api.documents import documents_of, documents_of_product, json_bytes
from versioner.site.api.openapi import openapi
from versioner.site.api.past import month_of_past
from versioner.site.api.people import people_document
from versioner.site.exports.badges import badges_of
from versioner.site.exports.csv import tables_of
from versioner.site.exports.days_feed import days_feed
from versioner.site.exports.feeds import feeds_of, feeds_of_product
from versioner.site.exports.freezes import freezes_file
from versioner.site.exports.openmetrics import METRICS, metrics_file
from versioner.site.exports.xml import markup
from versioner.site.urls import CALENDAR, FREEZES, OPENAPI, TODAY_FEED, as_it_was_data, table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from versioner.site.context import SiteContext

__all__ = ["crawler_files", "files_of_product", "machine_files", "past_file", "people_file"]

# The protocol allows 50,000 addresses in a file.
SITEMAP_LIMIT: Final = 45_000
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"


def machine_files(context: SiteContext) -> Iterator[tuple[str, bytes]]:
    """Yield the API's documents, feeds and schemas of the whole registry, each with its path."""
    for path, document in documents_of(context):
        yield path, json_bytes(document)
    yield OPENAPI, json_bytes(openapi(context.title), indent=2)
    yield from feeds_of(context)
    yield TODAY_FEED, days_feed(context)
    if CALENDAR in context.sections:
        yield FREEZES, freezes_file(context)
    yield METRICS, metrics_file(context)
    for schema in sorted(schemas_dir().glob("*.schema.json")):
        yield f"schemas/{schema.name}", schema.read_bytes()


def files_of_product(
    context: SiteContext, name: str, less: Collection[str] = ()
) -> Iterator[tuple[str, bytes]]:
    """Yield a product's documents of the API, its feed, badges and tables, each with its path.

    The documents and tables of some months are left out.
    """
    for path, document in documents_of_product(context, name, less):
        yield path, json_bytes(document)
    yield from feeds_of_product(context, name)
    yield from badges_of(context, name)
    for month, content in tables_of(context, context.record(name), less):
        yield table(name, month), content


def past_file(context: SiteContext, month: str) -> Iterator[tuple[str, bytes]]:
    """Yield the document of what ran in a month, with its path."""
    yield as_it_was_data(month), json_bytes(month_of_past(context, month))


def people_file(context: SiteContext, slug: str) -> Iterator[tuple[str, bytes]]:
    """Yield the document of a person or, without a slug, of all people, with its path."""
    path, document = people_document(context, slug)
    yield path, json_bytes(document)


def crawler_files(
    base_url: str, pages: Sequence[str], limit: int = SITEMAP_LIMIT
) -> Iterator[tuple[str, bytes]]:
    """Yield robots.txt and, with a base URL, the sitemap of some pages.

    A sitemap has absolute addresses only, so there is none without a base URL. For more pages
    than `limit` it is an index of several files.
    """
    robots = "User-agent: *\nAllow: /\n"
    if not base_url:
        yield "robots.txt", robots.encode()
        return
    yield "robots.txt", f"{robots}\nSitemap: {base_url}sitemap.xml\n".encode()
    ordered = sorted(pages)
    if len(ordered) <= limit:
        yield "sitemap.xml", _sitemap("urlset", "url", base_url, ordered)
        return
    parts = [ordered[start : start + limit] for start in range(0, len(ordered), limit)]
    names = [f"sitemap-{number}.xml" for number in range(1, len(parts) + 1)]
    yield "sitemap.xml", _sitemap("sitemapindex", "sitemap", base_url, names)
    for name, part in zip(names, parts, strict=True):
        yield name, _sitemap("urlset", "url", base_url, part)


def _sitemap(root: str, element: str, base_url: str, paths: Sequence[str]) -> bytes:
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<{root} xmlns="{_NAMESPACE}">',
        *(f"<{element}><loc>{markup(base_url + path)}</loc></{element}>" for path in paths),
        f"</{root}>\n",
    ]
    return "\n".join(lines).encode("utf-8")
