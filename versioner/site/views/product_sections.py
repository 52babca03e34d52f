"""How a product is kept: where to edit it, what deleting it would take, badges to copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.layout import product_dir, product_path
from versioner.site.api.addresses import badge, data_of, product_feed
from versioner.site.urls import product_page
from versioner.site.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.registry.records import ProductRecord
    from versioner.site.context import Atlas
    from versioner.site.views.layout import View

__all__ = ["actions", "badges", "deletion"]

_DELETING: Final = "delete-product.yml"


def actions(atlas: Atlas, page: str, name: str) -> list[View]:
    """Return the links beside a product's title; those to the forge only where there is one."""
    links = [
        _link("Edit", atlas.forge.edit(product_path(name)), is_outward=True),
        _link("History", atlas.forge.log(product_dir(name)), is_outward=True),
        _link("Feed", atlas.link(page, product_feed(name))),
        _link("JSON", atlas.link(page, data_of(product_page(name)))),
    ]
    return [link for link in links if link["href"]]


def badges(atlas: Atlas, page: str, record: ProductRecord) -> list[View]:
    """Return a badge for each environment that a product runs in, and one that tells drift."""
    places = [name for name in atlas.columns if record.cell(name).current is not None]
    whole = [(name, atlas.environment_title(name)) for name in places]
    if len(places) > 1:
        whole.append(("", "drift"))
    return [
        {
            "id": f"badge-{name}" if name else "badge.drift",
            "title": f"{record.name} {title}",
            "src": atlas.link(page, badge(record.name, name, "svg")),
            "markdown": f"[![{record.name} {title}]({_address(atlas, record.name, name)})]"
            f"({atlas.base_url}{product_page(record.name)})",
        }
        for name, title in whole
    ]


def deletion(atlas: Atlas, record: ProductRecord, needed_by: Sequence[str]) -> View:
    """Return what deletes a product, the forge's workflow or a command, and what goes with it."""
    versions = count(len(record.versions), "version")
    return {
        "command": f"versioner product delete {record.name}",
        "goes": f"{versions} and {count(len(record.deployments), 'deployment')}",
        "restore": f"versioner product restore {record.name}",
        "page": atlas.forge.workflow(_DELETING),
        "forge": atlas.forge.name,
        "blocked": f"{count(len(needed_by), 'product')} need{'s' * (len(needed_by) == 1)} it"
        if needed_by
        else "",
    }


def _address(atlas: Atlas, product: str, environment: str) -> str:
    return f"{atlas.base_url}{badge(product, environment, 'svg')}"


def _link(text: str, href: str, *, is_outward: bool = False) -> View:
    return {"text": text, "href": href, "outward": is_outward}
