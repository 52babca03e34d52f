"""The search index: classic scripts that a page loads when a reader begins to search.

One file names products, teams, environments and people. Versions, commits and digests are in shards
by their first characters; each shard is small, so that a search loads few bytes however many
versions exist. The files are scripts, not JSON, because a page opened from a folder can load no
JSON.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.serialization.compact_json import ascii_json
from versioner.site.summaries.people import people_of
from versioner.site.summaries.search_entries import AUTHOR_OF_CHANGE, ID_OF_CHANGE, KEY
from versioner.site.urls import environment_page
from versioner.site.views.products import team_of, title_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from versioner.site.context import SiteContext

__all__ = ["INDEX", "LIMIT", "index_file", "search_files", "shard_files"]

INDEX: Final = "assets/search/index.js"
# The most characters of a shard, unless all of its entries begin the same.
LIMIT: Final = 24_000


class _Entry(NamedTuple):
    key: str
    at: str
    line: str


def search_files(context: SiteContext) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the search index."""
    shards: dict[str, bytes] = {}
    for prefix in context.catalogue.prefixes:
        shards.update(shard_files(context, prefix))
    yield index_file(context, shards)
    yield from shards.items()


def index_file(context: SiteContext, shards: Iterable[str]) -> tuple[str, bytes]:
    """Return the file with the names, and those of the shards, which have these paths."""
    stems = (path.rpartition("/")[2].removesuffix(".js") for path in shards)
    prefixes = sorted(bytes.fromhex(stem).decode("utf-8") for stem in stems)
    return INDEX, _script("", {**_names(context), "shards": prefixes})


def shard_files(context: SiteContext, first: str) -> Iterator[tuple[str, bytes]]:
    """Yield the shards of the entries with the same first characters."""
    hidden = context.hidden
    if not hidden.isdisjoint(("changes", "scm_sha")):
        hidden |= {ID_OF_CHANGE}
    if not hidden.isdisjoint(("changes", "deployed_by")):
        hidden |= {AUTHOR_OF_CHANGE}
    entries = [
        _Entry(key, at, line)
        for key, at, line, fields in context.catalogue.search_entries(first)
        if not hidden.issuperset(fields)
    ]
    entries.sort(key=lambda each: (each.key, each.line))
    for prefix, own in sorted(_cut(first, entries)):
        newest = sorted(own, key=lambda each: each.at, reverse=True)
        name = prefix.encode("utf-8").hex()
        yield f"assets/search/{name}.js", _script(prefix, "\n".join(e.line for e in newest))


def _names(context: SiteContext) -> dict[str, list[Any]]:
    former: dict[str, list[str]] = {}
    for alias, name in sorted(context.registry.environment_aliases.items()):
        former.setdefault(name, []).append(alias)
    return {
        "products": [
            [
                name,
                title_of(context, name),
                team_of(context, name),
                *context.former_names.get(name, ()),
            ]
            for name in sorted(context.registry.products)
        ],
        "environments": [
            [context.environment_title(name), environment_page(name), *former.get(name, ())]
            for name in context.environments
        ],
        # The slug of most people is their name.
        "people": [
            [name] if slug == name else [name, slug]
            for slug, name in people_of(context).by_slug.items()
        ],
    }


def _cut(prefix: str, entries: list[_Entry]) -> Iterator[tuple[str, list[_Entry]]]:
    """Yield sorted entries in shards by their prefix, which is as short as LIMIT allows."""
    size = sum(len(each.line) + 1 for each in entries)
    if size <= LIMIT or not entries:
        yield from ((prefix, entries),) if entries else ()
        return
    deeper: dict[str, list[_Entry]] = {}
    for each in entries:
        deeper.setdefault(each.key[: len(prefix) + 1], []).append(each)
    for longer, own in deeper.items():
        if longer == prefix or len(longer) >= KEY:
            yield longer, own
        else:
            yield from _cut(longer, own)


def _script(name: str, data: object) -> bytes:
    # ASCII only, so that neither a line separator nor the encoding can change the script.
    value = ascii_json(data)
    return f"versionerFound({json.dumps(name)},{value});\n".encode("ascii")
