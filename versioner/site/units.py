"""The units of a site: files that are made from the same few facts, and kept while these stay.

A unit is a product (its pages, documents, feed, badges and tables), a month of all deployments,
a month of an environment, a person, or the search index. Its key is the hash of all that its files
depend on. Where the key is that of the last build, and the files in the folder have the sizes and
times that this build left, nothing of the unit is computed, read or written.
"""

from __future__ import annotations

import hashlib
import marshal
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.errors import OperationFailed
from versioner.git.event_commits import EventCommits
from versioner.recorder.archive import CHECKSUM, RECORDER, made_recorder
from versioner.recorder.contents import bundled_versions
from versioner.resources import docs_dir
from versioner.site.digests import code_digest, hash_of
from versioner.site.exports.feeds import origin_of
from versioner.site.exports.files import files_of_product, past_file, people_file
from versioner.site.exports.search_index import shard_files
from versioner.site.incident_months import changes_file, key_of_changes, months_of_changes
from versioner.site.pages import (
    Page,
    environment_pages,
    month_end_pages,
    month_pages,
    people_pages,
    product_pages,
)
from versioner.site.summaries.product_summary import SEARCH
from versioner.site.urls import API, RECORD, month_page, product_page
from versioner.site.views.parts.cells import cell_view
from versioner.site.views.parts.may_ship import governance_of
from versioner.site.views.people import keys_of_people
from versioner.site.views.products import title_of
from versioner.site.views.record import record_view

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from versioner.site.context import SiteContext
    from versioner.site.pagination import PageLink
    from versioner.site.rendering.render import Templates

__all__ = ["RECORDER_UNIT", "Parts", "Unit", "units_of"]

RECORDER_UNIT: Final = "recorder"

_MONTH: Final = re.compile(r"\d{4}-\d{2}(?=[-.])")
_WITH_MONTHS: Final = ("products/", f"{API}products/", "tables/")
_TEMPLATES = (
    *("product.html", "month.html", "deployments.html", "environment_month.html"),
    *("record.html", "as_it_was_month.html", "people.html", "person.html"),
)


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Unit:
    """Pages and other files with a common key; one without a key is made in each build.

    `done` is called when all of them are made. Units of one group that follow each other are made
    by one process, because they show the same rows. `parts` are those of which some may stay as
    they are where the key is another one.
    """

    name: str
    key: str
    pages: Callable[[], Iterable[Page]]
    files: Callable[[], Iterable[tuple[str, bytes]]] = tuple
    done: Callable[[], None] = _nothing
    group: str = ""
    parts: Parts | None = None


class Parts(NamedTuple):
    """The parts of a unit, with keys of their own.

    `keys` returns the key of each part that may be kept. `of` returns the part that a path belongs
    to, "" for none. `without` returns the unit without some parts.
    """

    keys: Callable[[], dict[str, str]]
    of: Callable[[str], str]
    without: Callable[[Collection[str]], Unit]


def units_of(
    context: SiteContext,
    templates: Templates,
    keys: Mapping[str, str],
    tool_version: str,
    committed: Callable[[], Mapping[str, str | None]],
) -> list[Unit]:
    """Return the units of a site; `keys` has, by product, the key of its summary.

    `committed` returns the tree ids of the products in the commit of the registry.
    """
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
        _product(
            context,
            name,
            _product_key(context, common, name, keys.get(name, ""), bool(templates.changed)),
            partial(_keys_of_months, context, common, name, committed),
        )
        for name in context.registry.products
    ]
    return [
        *products,
        *_months(context, common),
        *_shards(context, common),
        *_past(context, common),
        *_people(context, common),
        *_recorder(context, common),
    ]


def _recorder(context: SiteContext, common: str) -> Iterator[Unit]:
    """Yield the unit of the recorder and its page; none where one of its packages is missing."""
    with suppress(OperationFailed):
        snippets = (docs_dir() / "recording.md").read_text(encoding="utf-8")
        key = hash_of(common, sorted(bundled_versions().items()), snippets)

        def page() -> list[Page]:
            return [Page(RECORD, "record.html", lambda: record_view(context, made_recorder()))]

        def files() -> list[tuple[str, bytes]]:
            made = made_recorder()
            return [(RECORDER, made.data), (CHECKSUM, made.checksum())]

        yield Unit(RECORDER_UNIT, key, page, files)


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
        for found in (context.inbox.waiting, context.inbox.refused, context.inbox.unsent)
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
        governance_of(context, name),
        inbox,
        ages,
    )


def _product(
    context: SiteContext,
    name: str,
    key: str,
    keys: Callable[[], dict[str, str]],
    less: Collection[str] = (),
) -> Unit:
    """Return the unit of a product, without some of its months."""
    return Unit(
        f"product:{name}",
        key,
        partial(product_pages, context, name, less),
        partial(files_of_product, context, name, less),
        partial(context.release, name),
        parts=Parts(keys, _month_of_file, partial(_product, context, name, key, keys)),
    )


def _month_of_file(path: str) -> str:
    """Return the month of a file of a product, "" for one of no month."""
    folder, _, name = path.rpartition("/")
    found = _MONTH.match(name) if folder.startswith(_WITH_MONTHS) else None
    return found[0] if found else ""


def _keys_of_months(
    context: SiteContext,
    common: str,
    name: str,
    committed: Callable[[], Mapping[str, str | None]],
) -> dict[str, str]:
    """Return by month the key of a product's files of it.

    While events are not committed, no month is kept: it would not tell their commits later.
    """
    recorded = context.recorded
    origin = recorded.origin if isinstance(recorded, EventCommits) else ""
    if (recorded and not origin) or committed().get(name) != context.record(name).tree:
        return {}
    history = context.catalogue.history(name)
    pages = [month_page(name, page.month, page.part) for page in history.pages]
    months: dict[str, list[int]] = {}
    for index, page in enumerate(history.pages):
        months.setdefault(page.month, []).append(index)
    document = context.registry.products[name].document
    return {
        month: hash_of(common, document, origin, history.whole[month], _around(pages, own))
        for month, own in months.items()
    }


def _months(context: SiteContext, common: str) -> Iterator[Unit]:
    groups = {"": context.deployment_links, **context.environment_links}
    pages = {environment: _by_month(links) for environment, links in groups.items()}
    paths = {environment: [link.path for link in links] for environment, links in groups.items()}
    for month in context.catalogue.months:
        for environment in groups:
            own = pages[environment].get(month)
            if own is None:
                continue
            digest = f"{context.catalogue.total(month, environment).digest:x}"
            around = _around(paths[environment], own)
            key = hash_of(common, environment, month, digest, around)
            # The last month may still grow, and the first event of another one adds a link to it.
            is_recent = month in context.catalogue.months[-2:]
            keys = partial(_keys_of_pages, context, common, environment, own) if is_recent else dict
            yield _month(context, environment, month, key, own, keys)
    for month in months_of_changes(context):
        key = hash_of(common, key_of_changes(context, month))
        files = partial(changes_file, context, month)
        yield Unit(f"changes:{month}", key, tuple, files, group=month)


def _month(
    context: SiteContext,
    environment: str,
    month: str,
    key: str,
    own: Sequence[int],
    keys: Callable[[], dict[str, str]],
    less: Collection[str] = (),
) -> Unit:
    """Return the unit of a month of all deployments or of an environment, without some pages."""
    links = context.environment_links[environment] if environment else context.deployment_links
    left = [index for index in own if links[index].path not in less]
    make = (
        partial(environment_pages, context, environment, left)
        if environment
        else partial(month_pages, context, left)
    )
    parts = Parts(keys, str, partial(_month, context, environment, month, key, own, keys))
    return Unit(f"month:{environment}:{month}", key, make, group=month, parts=parts)


def _keys_of_pages(
    context: SiteContext, common: str, environment: str, own: Sequence[int]
) -> dict[str, str]:
    """Return by path the keys of the pages of a month."""
    links = context.environment_links[environment] if environment else context.deployment_links
    found = {}
    for index in own:
        rows = context.listed_rows(links[index], environment)
        digest = hashlib.blake2b(marshal.dumps([[*row.data] for row in rows], 2), digest_size=16)
        titles = [title_of(context, row.product) for row in rows]
        names = [row.product for row in rows]
        around = _around([link.path for link in links[index - 1 if index else 0 : index + 2]],
                         [min(index, 1)])  # fmt: skip
        found[links[index].path] = hash_of(
            common, environment, digest.hexdigest(), names, titles, around
        )
    return found


def _shards(context: SiteContext, common: str) -> Iterator[Unit]:
    for prefix, own in context.catalogue.prefixes.items():
        key = hash_of(common, f"{own.digest:x}")
        yield Unit(f"{SEARCH}{prefix}", key, tuple, partial(shard_files, context, prefix))


def _past(context: SiteContext, common: str) -> Iterator[Unit]:
    """Yield the units of what ran in each month; those of a late event change from then on."""
    titles = hash_of([[name, title_of(context, name)] for name in context.registry.products])
    for month in context.catalogue.past_months:
        pages = [*month_end_pages(context, month)]
        key = hash_of(common, context.catalogue.past_key(month), titles if pages else "")
        # One process makes them all: the state at the end of a month begins the next one.
        yield Unit(
            f"past:{month}",
            key,
            partial(tuple, pages),
            partial(past_file, context, month),
            group="past",
        )


def _people(context: SiteContext, common: str) -> Iterator[Unit]:
    for slug, key in keys_of_people(context).items():
        make = partial(people_pages, context, slug), partial(people_file, context, slug)
        yield Unit(f"person:{slug}", hash_of(common, key), *make)


def _by_month(links: Sequence[PageLink]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, link in enumerate(links):
        found.setdefault(link.month, []).append(index)
    return found


def _around(pages: Sequence[str], own: Sequence[int]) -> list[str]:
    """Return the pages to which those of a month lead: the one before and the one after."""
    return [pages[index] for index in (own[0] - 1, own[-1] + 1) if 0 <= index < len(pages)]
