"""Atom feeds (RFC 4287) of the latest deployments: all, by product, by environment, by team.

Ids are made of event ids alone, so they stay the same when the site moves. Links are absolute
where the address of the site is known, else relative to the feed, which RFC 4287 allows.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from versioner.query.commits.taken import TakenAway, taken_away
from versioner.query.commits.words import brought_by, difference_words
from versioner.query.derived.running_versions import place_text
from versioner.site.api.deployments import deployment_page, head_of
from versioner.site.api.documents import newest
from versioner.site.exports.former_names import environment_names, product_names
from versioner.site.exports.xml import attribute, markup
from versioner.site.pagination import undeployments_of
from versioner.site.summaries.codec import BROUGHT, TAKEN
from versioner.site.urls import (
    EVERYTHING,
    OVERVIEW,
    PRODUCTS,
    environment_feed,
    environment_page,
    product_feed,
    product_page,
    relative,
    team_feed,
)
from versioner.site.views.parts.rows import row_version
from versioner.site.views.products import team_slugs, teams_of, title_of
from versioner.site.wording import moment_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from versioner.models import Deployment, Undeployment
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext

__all__ = ["ENTRIES", "atom_feed", "entry_id", "feeds_of", "feeds_of_product", "origin_of"]

ENTRIES: Final = 50
# The namespace of the UUIDs (version 5) of feeds and entries.
_NAMESPACE: Final = uuid.UUID("5b0f8c0e-6c57-5d0a-9f3c-3d1f4ad5c1b7")
# An empty feed needs a date too, and must keep it until there is a deployment.
_NEVER: Final = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class _Feed:
    path: str
    title: str
    page: str
    rows: list[Deployment | Undeployment]
    # What deployments brought and took away, in words; rows in short have their own.
    brought: Mapping[str, str] = field(default_factory=dict)
    taken: Mapping[str, TakenAway] = field(default_factory=dict)


def feeds_of(context: SiteContext) -> Iterator[tuple[str, bytes]]:
    """Yield the feeds of several products, each with its path.

    A feed has at most the latest 50 deployments and undeployments.
    """
    origin = origin_of(context)
    for feed in _feeds(context):
        yield feed.path, _feed(context, feed, origin).encode("utf-8")


def feeds_of_product(context: SiteContext, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the feed of a product with its path, under each name that it has or had.

    Under a former name, the feed has the id that it had then, so that readers go on with it.
    """
    title = f"{title_of(context, name)}: deployments"
    record = context.record(name)
    rows = newest(_rows(record), ENTRIES)
    changes = record.recorded_changes
    found = {each.id: brought_by(changes, each) for each in rows if changes}
    words = {key: difference_words(each) for key, each in found.items() if each is not None}
    taken = taken_away(record, {}, version=version_text)
    origin = origin_of(context)
    for each in product_names(context, name):
        feed = _Feed(product_feed(each), title, product_page(name), rows, words, taken)
        yield feed.path, _feed(context, feed, origin).encode("utf-8")


def _feeds(context: SiteContext) -> Iterator[_Feed]:
    latest = partial(context.catalogue.latest, ENTRIES)
    yield _Feed(EVERYTHING, f"{context.title}: deployments", OVERVIEW, latest())
    for name in context.environments:
        title = f"Deployments to {context.environment_title(name)}"
        for each in environment_names(context, name):
            yield _Feed(environment_feed(each), title, environment_page(name), latest(name))
    teams = teams_of(context)
    slugs = team_slugs(teams)
    for team, names in teams.items():
        own = latest(products=names)
        yield _Feed(team_feed(slugs[team]), f"Deployments of {team}", PRODUCTS, own)


def _rows(record: ProductRecord) -> Iterator[Deployment | Undeployment]:
    yield from record.deployments
    yield from undeployments_of(record)


def origin_of(context: SiteContext) -> str:
    """Return the id of the first event, which no other registry has."""
    firsts = [each.first for each in context.catalogue if each.first is not None]
    return min(firsts, default=("", ""))[1]


def _feed(context: SiteContext, feed: _Feed, origin: str) -> str:
    updated = max((_updated(each) for each in feed.rows), default=_NEVER)
    entries = [_entry(context, feed, each) for each in feed.rows]
    key = entry_id("feed", origin, feed.path)
    return atom_feed(context, feed.path, feed.title, feed.page, updated, entries, key)


def atom_feed(
    context: SiteContext,
    path: str,
    title: str,
    page: str,
    updated: str,
    entries: Iterable[str],
    key: str = "",
) -> str:
    """Return a feed with entries, which are XML; `key` is its id, "" for that of its path."""
    own = f'<link rel="self" type="application/atom+xml" href="{attribute(context.base_url)}'
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<id>{key or entry_id('feed', origin_of(context), path)}</id>",
        f"<title>{markup(title)}</title>",
        f"<updated>{updated}</updated>",
        f"<author><name>{markup(context.title.strip() or 'versioner')}</name></author>",
        "<generator>versioner</generator>",
        _alternate(context, path, page),
        # A reader needs an absolute link to subscribe by.
        *([f'{own}{path}"/>'] if context.base_url else []),
        *entries,
        "</feed>\n",
    ]
    return "\n".join(lines)


def _entry(context: SiteContext, feed: _Feed, deployment: Deployment | Undeployment) -> str:
    head = head_of(deployment, context.hidden)
    summary = markup(_summary(context, feed, deployment, head))
    by = f"<author><name>{markup(head['deployed_by'])}</name></author>"
    return "".join(
        (
            f"<entry><id>{entry_id(deployment.product, deployment.id)}</id>",
            f"<title>{markup(_title(context, deployment))}</title>",
            f"<published>{deployment.at}</published>",
            f"<updated>{_updated(deployment)}</updated>",
            by if head["deployed_by"].strip() else "",
            f'<category term="{attribute(head["status"])}"/>',
            _alternate(context, feed.path, deployment_page(context, deployment)),
            f'<summary type="text">{summary}</summary></entry>',
        )
    )


def _title(context: SiteContext, deployment: Deployment | Undeployment) -> str:
    title = context.environment_title(deployment.environment)
    environment = place_text(title, deployment.instance)
    removed = deployment.kind == "undeployment"
    what = f"{title_of(context, deployment.product)} {row_version(deployment)}"
    what += f" from {environment}" if removed else f" to {environment}"
    if deployment.void is not None:
        return f"{what}: void"
    is_plain = removed or deployment.kind == "deployment"
    kind = "" if is_plain else f", {deployment.kind}"
    return f"{what}: {deployment.status}{kind}"


def _summary(
    context: SiteContext,
    feed: _Feed,
    deployment: Deployment | Undeployment,
    head: dict[str, str],
) -> str:
    parts = [f"{moment_text(deployment.at)} UTC"]
    if head["deployed_by"]:
        parts.append(f"by {head['deployed_by']}")
    removed = deployment.kind == "undeployment"
    if deployment.previous and not removed and deployment.previous != deployment.version:
        parts.append(f"before: {deployment.previous}")
    if head["reason"]:
        parts.append(head["reason"])
    event = deployment.events[0]
    taken = feed.taken.get(deployment.id) or TakenAway(*event.get(TAKEN, ()))
    if taken.versions:
        parts.append(f"took away {taken.versions}")
    brought = feed.brought.get(deployment.id) or str(event.get(BROUGHT, ""))
    if brought and "changes" not in context.hidden:
        parts.append(brought)
    return " · ".join(parts)


def _updated(deployment: Deployment | Undeployment) -> str:
    void = deployment.void
    return max(deployment.changed_at, void["at"]) if void is not None else deployment.changed_at


def _alternate(context: SiteContext, path: str, page: str) -> str:
    there, _, anchor = page.partition("#")
    href = context.base_url + there if context.base_url else relative(path, there)
    href += f"#{anchor}" if anchor else ""
    return f'<link rel="alternate" type="text/html" href="{attribute(href)}"/>'


def entry_id(*names: str) -> str:
    """Return the id of an entry or a feed that has these names."""
    return uuid.uuid5(_NAMESPACE, "\n".join(names)).urn
