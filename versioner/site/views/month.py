"""A product's month: the permanent place of its versions and deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.layout import log_path
from versioner.site.pagination import pager
from versioner.site.urls import PRODUCTS
from versioner.site.views.layout import View, crumb, frame
from versioner.site.views.products import title_of
from versioner.site.views.rows import deployment_detail, version_detail
from versioner.site.wording import count

if TYPE_CHECKING:
    from versioner.site.context import SiteContext

__all__ = ["month_view"]


def month_view(atlas: SiteContext, name: str, index: int) -> View:
    """Return the page of one shard of a product's history, newest rows first."""
    shards = atlas.shards[name]
    shard = shards[index]
    page = shard.page
    title = title_of(atlas, name)
    crumbs = [
        crumb("Products", atlas.link(page, PRODUCTS)),
        crumb(title, atlas.product(page, name)),
    ]
    deployments = [deployment_detail(atlas, page, d) for d in reversed(shard.deployments)]
    versions = [version_detail(atlas, page, v) for v in reversed(shard.versions)]
    common = _common(deployments, versions)
    log = atlas.forge.log(log_path(name, "deployment", shard.month))
    return {
        "common": common,
        "log": "" if common or atlas.recorded else log,
        "frame": frame(atlas, page, f"{title}, {shard.title}", section=PRODUCTS, crumbs=crumbs),
        "name": name,
        "title": title,
        "period": shard.title,
        "summary": f"{count(len(shard.deployments), 'deployment')}, "
        f"{count(len(shard.versions), 'new version')}",
        "pager": pager(shards, index, lambda other: atlas.link(page, other.page)),
        "deployments": deployments,
        "versions": versions,
        "built": any(version.builds or version.scm_sha for version in shard.versions),
    }


def _common(deployments: list[View], versions: list[View]) -> list[View]:
    """Return the one commit that recorded all rows, and take it from each of them."""
    rows = [row["commits"] for row in (*deployments, *versions) if row["commits"]]
    if len(rows) < 2 or any(row != rows[0] for row in rows) or len(rows[0]) > 1:
        return []
    common: list[View] = rows[0]
    for row in (*deployments, *versions):
        row["commits"] = []
    return common
