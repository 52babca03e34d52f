"""Every page of a site: its path, its template and its view."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from versioner.site.urls import (
    ABOUT,
    CREATE,
    DEPLOYMENTS,
    ENVIRONMENTS,
    LOST,
    OVERVIEW,
    PRODUCTS,
    deployments_page,
    environment_month,
    environment_page,
    month_page,
    product_page,
)
from versioner.site.views.about import about_view
from versioner.site.views.deployments import deployments_view, month_of_all_view
from versioner.site.views.environments import (
    environment_month_view,
    environment_view,
    environments_view,
)
from versioner.site.views.month import month_view
from versioner.site.views.new_product import creating_view
from versioner.site.views.overview import overview_view
from versioner.site.views.product import product_view
from versioner.site.views.products import products_view
from versioner.site.views.redirects import deleted_view, lost_view, moved_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from versioner.site.context import SiteContext
    from versioner.site.views.layout import View

__all__ = ["Page", "pages_of"]


@dataclass(frozen=True, slots=True)
class Page:
    """Say what one file of the site is rendered from; its view is reckoned when it is asked for.

    A large site's views are never all in memory, and may be reckoned by several processes.
    """

    path: str
    template: str
    make: Callable[[], View]

    @property
    def view(self) -> View:
        """Return what the template is given."""
        return self.make()


def pages_of(atlas: SiteContext, tool_version: str) -> Iterator[Page]:
    """Yield every page of the site."""
    yield Page(OVERVIEW, "overview.html", partial(overview_view, atlas))
    yield Page(PRODUCTS, "products.html", partial(products_view, atlas))
    yield Page(CREATE, "new_product.html", partial(creating_view, atlas))
    for name, shards in atlas.shards.items():
        yield Page(product_page(name), "product.html", partial(product_view, atlas, name))
        for index, shard in enumerate(shards):
            yield Page(shard.page, "month.html", partial(month_view, atlas, name, index))
    yield from _of_environments(atlas)
    yield Page(DEPLOYMENTS, "deployments.html", partial(deployments_view, atlas))
    for index, batch in enumerate(atlas.batches):
        path = deployments_page(batch.month, batch.part)
        yield Page(path, "deployments.html", partial(month_of_all_view, atlas, index))
    yield from _leading_on(atlas)
    yield Page(ABOUT, "about.html", partial(about_view, atlas, tool_version))
    yield Page(LOST, "not_found.html", partial(lost_view, atlas))


def _of_environments(atlas: SiteContext) -> Iterator[Page]:
    yield Page(ENVIRONMENTS, "environments.html", partial(environments_view, atlas))
    for name in atlas.environments:
        page = environment_page(name)
        yield Page(page, "environment.html", partial(environment_view, atlas, name))
        for index, batch in enumerate(atlas.environment_batches[name]):
            page = environment_month(name, batch.month, batch.part)
            view = partial(environment_month_view, atlas, name, index)
            yield Page(page, "environment_month.html", view)


def _leading_on(atlas: SiteContext) -> Iterator[Page]:
    registry = atlas.registry
    taken = set(registry.products)
    for old in sorted(set(registry.aliases) - taken):
        name = registry.aliases[old]
        if name not in registry.products and name not in registry.deleted:
            continue  # `validate` reports an alias that leads nowhere
        taken.add(old)
        moves = {product_page(old): product_page(name)}
        parts = atlas.shards.get(name, ())
        moves.update({month_page(old, s.month, s.part): s.page for s in parts})
        for page, target in moves.items():
            yield Page(page, "redirect.html", partial(moved_view, atlas, page, old, target))
    for name in sorted(set(registry.deleted) - taken):
        yield Page(product_page(name), "deleted.html", partial(deleted_view, atlas, name))
