"""Every document of the API, by path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from versioner.site.api.environments import deployments, environment, environments, matrix
from versioner.site.api.products import history, product, products
from versioner.site.exports.teams import slugs_of, teams_of
from versioner.site.urls import (
    DEPLOYMENTS_DOCUMENT,
    ENVIRONMENTS,
    EVERYTHING,
    INBOX,
    INDEX,
    MATRIX,
    OVERVIEW,
    PRODUCTS,
    data_of,
    environment_page,
    product_page,
    team_feed,
)
from versioner.site.views.about import counts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.site.api.deployments import Document
    from versioner.site.context import SiteContext
    from versioner.site.inbox import Unrecorded

__all__ = ["documents_of", "inbox", "json_bytes"]


def documents_of(atlas: SiteContext) -> Iterator[tuple[str, Document]]:
    """Yield every document with its path, one at a time; each says where the root is."""
    for path, document in _documents(atlas):
        yield path, {"root": "../" * path.count("/"), **document}


def json_bytes(document: Any, indent: int | None = None) -> bytes:
    """Return a document's bytes; the same for the same document, in any surroundings."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(
        document, ensure_ascii=False, allow_nan=False, separators=separators, indent=indent
    )
    # A lone surrogate is no text: it could not be written at all.
    return (text + "\n").encode("utf-8", "replace")


def _documents(atlas: SiteContext) -> Iterator[tuple[str, Document]]:
    yield INDEX, _index(atlas)
    yield MATRIX, matrix(atlas)
    yield DEPLOYMENTS_DOCUMENT, deployments(atlas)
    yield INBOX, inbox(atlas)
    yield data_of(ENVIRONMENTS), environments(atlas)
    for name in atlas.environments:
        yield data_of(environment_page(name)), environment(atlas, name)
    yield data_of(PRODUCTS), products(atlas)
    for name, shards in atlas.shards.items():
        yield data_of(product_page(name)), product(atlas, name)
        for shard in shards:
            yield data_of(shard.page), history(atlas, shard)


def _index(atlas: SiteContext) -> Document:
    teams = teams_of(atlas)
    slugs = slugs_of(teams)
    return {
        "api_version": "1",
        "title": atlas.title,
        "description": str(atlas.registry.config.get("description", "")),
        **counts(atlas),
        "page": OVERVIEW,
        "feed": EVERYTHING,
        "documents": [
            {"name": name, "data": path}
            for name, path in (
                ("products", data_of(PRODUCTS)),
                ("environments", data_of(ENVIRONMENTS)),
                ("matrix", MATRIX),
                ("deployments", DEPLOYMENTS_DOCUMENT),
                ("inbox", INBOX),
            )
        ],
        "teams": [
            {"name": team, "products": len(names), "feed": team_feed(slugs[team])}
            for team, names in teams.items()
        ],
    }


def inbox(atlas: SiteContext) -> Document:
    """Return the events that wait and those that were refused."""
    found = atlas.unrecorded
    return {
        "waiting": [_event(each) for each in found.waiting],
        "more_waiting": found.more_waiting,
        "refused": [
            {**_event(each), "code": each.code, "message": each.message, "hint": each.hint}
            for each in found.refused
        ],
        "more_refused": found.more_refused,
    }


def _event(event: Unrecorded) -> Document:
    return {
        "ref": event.ref,
        "at": event.at,
        "kind": event.kind,
        "product": event.product,
        "environment": event.environment,
        "version": event.version,
        "status": event.status,
        "page": product_page(event.product) if event.is_known else "",
    }
