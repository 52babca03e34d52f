"""The units of a site: files that are made from the same few facts, and kept while these stay.

A unit is a product (its pages, documents, feed, badges and tables), a month of all deployments,
a month of an environment, or the search index. Its key is the hash of all that its files depend
on. Where the key is that of the last build, and the files in the folder have the sizes and times
that this build left, nothing of the unit is computed, read or written.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import versioner
from versioner.git.event_commits import EventCommits
from versioner.site.exports.feeds import origin_of
from versioner.site.exports.files import files_of_product
from versioner.site.exports.search_index import shard_files
from versioner.site.facts.product_facts import SEARCH
from versioner.site.pages import environment_pages, month_pages, product_pages
from versioner.site.urls import product_page
from versioner.site.views.cells import cell_view
from versioner.site.views.products import title_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from versioner.site.context import SiteContext
    from versioner.site.pages import Page
    from versioner.site.pagination import PageLink
    from versioner.site.render import Templates

__all__ = ["Unit", "code_digest", "hash_of", "units_of"]

_TEMPLATES = ("product.html", "month.html", "deployments.html", "environment_month.html")


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Unit:
    """Pages and other files with a common key; one without a key is made in each build.

    `done` is called when all of them are made. Units of one group that follow each other are made
    by one process, because they show the same rows.
    """

    name: str
    key: str
    pages: Callable[[], Iterable[Page]]
    files: Callable[[], Iterable[tuple[str, bytes]]] = tuple
    done: Callable[[], None] = _nothing
    group: str = ""


def units_of(
    context: SiteContext, templates: Templates, keys: Mapping[str, str], tool_version: str
) -> list[Unit]:
    """Return the units of a site; `keys` has, by product, the key of its facts."""
    common = hash_of(
        tool_version,
        code_digest(),
        [templates.fingerprint(name).hex() for name in _TEMPLATES],
        context.registry.config,
        list(context.environments.items()),
        sorted(context.registry.environment_aliases.items()),
        [context.base_url, context.base_path, *context.forge],
        list(context.sections),
        list(context.columns),
        context.has_commits,
        sorted(context.ambiguous),
        origin_of(context),
    )
    products = [
        Unit(
            f"product:{name}",
            _product_key(context, common, name, keys.get(name, ""), bool(templates.changed)),
            partial(product_pages, context, name),
            partial(files_of_product, context, name),
            partial(context.release, name),
        )
        for name in context.registry.products
    ]
    return [*products, *_months(context, common), *_shards(context, common)]


def code_digest() -> str:
    """Return a hash of the code that makes pages: the sizes and times of its modules."""
    top = Path(versioner.__file__).parent
    found = [version(name) for name in ("jinja2", "markupsafe")]
    for folder, _, names in sorted(os.walk(top)):
        for name in sorted(names):
            if name.endswith((".py", ".json")):
                status = os.stat(f"{folder}/{name}")  # noqa: PTH116 -- hundreds of times
                found.append(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}")
    return hash_of(*found)


def _product_key(
    context: SiteContext, common: str, name: str, key: str, is_overridden: bool
) -> str:
    recorded = context.recorded
    if not key or (recorded and not isinstance(recorded, EventCommits)):
        return ""
    record = context.registry.products[name]
    states = [context.state(name, environment) for environment in context.environments]
    inbox = [
        each
        for found in (context.inbox.waiting, context.inbox.refused)
        for each in found
        if each.product == name
    ]
    ages: list[Any] = [context.now] if inbox else []
    if is_overridden:
        # A template of the registry may show an age.
        page = product_page(name)
        ages += [cell_view(context, page, record, each) for each in context.environments]
    known = context.registry.products
    return hash_of(
        common,
        key,
        recorded.state_of(name) if isinstance(recorded, EventCommits) else "",
        name in context.drifting,
        [state.status for state in states],
        [[other, title_of(context, other)] for other in context.dependents[name]],
        [
            [other, title_of(context, other) if other in known else None]
            for other in sorted(record.document.get("depends_on") or ())
        ],
        context.former_names.get(name, []),
        inbox,
        ages,
    )


def _months(context: SiteContext, common: str) -> Iterator[Unit]:
    groups = {"": context.deployment_links, **context.environment_links}
    pages = {environment: _by_month(links) for environment, links in groups.items()}
    for month in context.catalogue.months:
        for environment, links in groups.items():
            own = pages[environment].get(month)
            if own is None:
                continue
            digest = f"{context.catalogue.total(month, environment).digest:x}"
            key = hash_of(common, environment, month, digest, _around(links, own))
            make = (
                partial(environment_pages, context, environment, own)
                if environment
                else partial(month_pages, context, own)
            )
            yield Unit(f"month:{environment}:{month}", key, make, group=month)


def _shards(context: SiteContext, common: str) -> Iterator[Unit]:
    for prefix, own in context.catalogue.prefixes.items():
        key = hash_of(common, f"{own.digest:x}")
        yield Unit(f"{SEARCH}{prefix}", key, tuple, partial(shard_files, context, prefix))


def _by_month(links: Sequence[PageLink]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, link in enumerate(links):
        found.setdefault(link.month, []).append(index)
    return found


def _around(links: Sequence[PageLink], own: Sequence[int]) -> list[str]:
    """Return the pages to which those of a month lead: the one before and the one after."""
    return [links[index].path for index in (own[0] - 1, own[-1] + 1) if 0 <= index < len(links)]


def hash_of(*parts: object) -> str:
    """Return a hash of JSON data."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()
