"""Atom feeds (RFC 4287) of the latest deployments: of everything, a product, a place, a team.

Ids are made of event ids alone, so they stay when the site moves. Links are absolute where the
site's address is known; else they are relative to the feed's own, which RFC 4287 allows.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from versioner.site.api.deployments import deployment_page, head_of
from versioner.site.api.environments import newest
from versioner.site.exports.teams import slugs_of, teams_of
from versioner.site.exports.xml import attribute, markup
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
from versioner.site.views.products import title_of
from versioner.site.wording import moment_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from versioner.models import Deployment
    from versioner.site.context import SiteContext

__all__ = ["ENTRIES", "feeds_of"]

ENTRIES: Final = 50
# Names a registry's feeds and entries; UUIDs of version 5 are made within it.
_SPACE: Final = uuid.UUID("5b0f8c0e-6c57-5d0a-9f3c-3d1f4ad5c1b7")
# An empty feed must have a date, and keep it until there is something to tell.
_NEVER: Final = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class _Feed:
    path: str
    title: str
    page: str
    deployments: Iterable[Deployment]


def feeds_of(atlas: SiteContext) -> Iterator[tuple[str, bytes]]:
    """Yield every feed with its path; at most the latest 50 deployments in each."""
    origin = _origin(atlas)
    for feed in _feeds(atlas):
        yield feed.path, _feed(atlas, feed, origin).encode("utf-8")


def _feeds(atlas: SiteContext) -> Iterator[_Feed]:
    products = atlas.registry.products
    every = (each for record in products.values() for each in record.deployments)
    yield _Feed(EVERYTHING, f"{atlas.title}: deployments", OVERVIEW, every)
    for name, record in products.items():
        title = f"{title_of(atlas, name)}: deployments"
        yield _Feed(product_feed(name), title, product_page(name), record.deployments)
    for name in atlas.environments:
        there = (each for record in products.values() for each in record.cell(name).deployments)
        title = f"Deployments to {atlas.environment_title(name)}"
        yield _Feed(environment_feed(name), title, environment_page(name), there)
    teams = teams_of(atlas)
    slugs = slugs_of(teams)
    for team, names in teams.items():
        own = (each for name in names for each in products[name].deployments)
        yield _Feed(team_feed(slugs[team]), f"Deployments of {team}", PRODUCTS, own)


def _origin(atlas: SiteContext) -> str:
    """Return what tells this registry from others: the id of its first event."""
    first = min(
        (
            (record.deployments[0].at, record.deployments[0].id)
            for record in atlas.registry.products.values()
            if record.deployments
        ),
        default=("", ""),
    )
    return first[1]


def _feed(atlas: SiteContext, feed: _Feed, origin: str) -> str:
    recent = newest(feed.deployments, ENTRIES)
    updated = max((_updated(each) for each in recent), default=_NEVER)
    own = f'<link rel="self" type="application/atom+xml" href="{attribute(atlas.base_url)}'
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<id>{_id('feed', origin, feed.path)}</id>",
        f"<title>{markup(feed.title)}</title>",
        f"<updated>{updated}</updated>",
        f"<author><name>{markup(atlas.title.strip() or 'versioner')}</name></author>",
        "<generator>versioner</generator>",
        _alternate(atlas, feed.path, feed.page),
        # A feed's link to itself must be absolute to be of use.
        *([f'{own}{feed.path}"/>'] if atlas.base_url else []),
        *(_entry(atlas, feed.path, each) for each in recent),
        "</feed>\n",
    ]
    return "\n".join(lines)


def _entry(atlas: SiteContext, path: str, deployment: Deployment) -> str:
    said = head_of(deployment, atlas.hidden)
    by = f"<author><name>{markup(said['deployed_by'])}</name></author>"
    return "".join(
        (
            f"<entry><id>{_id(deployment.product, deployment.id)}</id>",
            f"<title>{markup(_title(atlas, deployment))}</title>",
            f"<published>{deployment.at}</published>",
            f"<updated>{_updated(deployment)}</updated>",
            by if said["deployed_by"].strip() else "",
            f'<category term="{attribute(said["status"])}"/>',
            _alternate(atlas, path, deployment_page(atlas, deployment)),
            f'<summary type="text">{markup(_summary(atlas, deployment, said))}</summary></entry>',
        )
    )


def _title(atlas: SiteContext, deployment: Deployment) -> str:
    place = atlas.environment_title(deployment.environment)
    what = f"{title_of(atlas, deployment.product)} {deployment.version} to {place}"
    if deployment.void is not None:
        return f"{what}: void"
    kind = f", {deployment.kind}" if deployment.kind != "deployment" else ""
    return f"{what}: {deployment.status}{kind}"


def _summary(atlas: SiteContext, deployment: Deployment, said: dict[str, str]) -> str:
    parts = [f"{moment_text(deployment.at)} UTC"]
    if said["deployed_by"]:
        parts.append(f"by {said['deployed_by']}")
    if deployment.previous and deployment.previous != deployment.version:
        parts.append(f"before: {deployment.previous}")
    if said["reason"]:
        parts.append(said["reason"])
    return " · ".join(parts)


def _updated(deployment: Deployment) -> str:
    void = deployment.void
    return max(deployment.changed_at, void["at"]) if void is not None else deployment.changed_at


def _alternate(atlas: SiteContext, path: str, page: str) -> str:
    there, _, anchor = page.partition("#")
    href = atlas.base_url + there if atlas.base_url else relative(path, there)
    href += f"#{anchor}" if anchor else ""
    return f'<link rel="alternate" type="text/html" href="{attribute(href)}"/>'


def _id(*names: str) -> str:
    return uuid.uuid5(_SPACE, "\n".join(names)).urn
