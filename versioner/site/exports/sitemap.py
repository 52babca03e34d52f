"""The files for search engines: robots.txt, and a sitemap where the site's address is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.site.exports.xml import markup

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["LIMIT", "crawler_files"]

# The protocol allows 50,000 addresses in a file.
LIMIT: Final = 45_000
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"


def crawler_files(
    base_url: str, pages: Sequence[str], limit: int = LIMIT
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
        yield "sitemap.xml", _file("urlset", "url", base_url, ordered)
        return
    parts = [ordered[start : start + limit] for start in range(0, len(ordered), limit)]
    names = [f"sitemap-{number}.xml" for number in range(1, len(parts) + 1)]
    yield "sitemap.xml", _file("sitemapindex", "sitemap", base_url, names)
    for name, part in zip(names, parts, strict=True):
        yield name, _file("urlset", "url", base_url, part)


def _file(root: str, element: str, base_url: str, paths: Sequence[str]) -> bytes:
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<{root} xmlns="{_NAMESPACE}">',
        *(f"<{element}><loc>{markup(base_url + path)}</loc></{element}>" for path in paths),
        f"</{root}>\n",
    ]
    return "\n".join(lines).encode("utf-8")
