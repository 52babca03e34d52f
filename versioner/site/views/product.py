"""A product's page: what it is, where it runs, its versions and deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.site.pagination import ROWS, months_by_year
from versioner.site.urls import PRODUCTS, outward, product_feed, product_page
from versioner.site.views.cells import cell_view
from versioner.site.views.event_details import metadata
from versioner.site.views.inbox import unrecorded_groups
from versioner.site.views.layout import View, crumb, frame
from versioner.site.views.product_sections import actions, badges, deletion, pending_changes
from versioner.site.views.products import document_of, title_of
from versioner.site.views.rows import deployment_row, version_row
from versioner.site.wording import adds_to, count

if TYPE_CHECKING:
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext

__all__ = ["product_view"]

# How many rows of each list a page shows when there are too many for all of them.
_LATEST: Final = 20
_NO_ADDRESS: Final = (
    "Put the site's address before each path: nobody has said yet where it is published "
    "(site.base_url in registry.yaml)."
)
# What only build events tell of a version.
_OF_BUILDS: Final = ("status", "commit", "by", "note")


def product_view(atlas: SiteContext, name: str) -> View:
    """Return the page of one product."""
    page = product_page(name)
    record = atlas.registry.products[name]
    document = document_of(atlas, name)
    title = title_of(atlas, name)
    crumbs = [crumb("Products", atlas.link(page, PRODUCTS))]
    description = str(document.get("description", ""))
    needed_by = atlas.dependents[name]
    feed = {"title": f"Deployments of {title}", "href": atlas.link(page, product_feed(name))}
    return {
        "frame": frame(
            atlas,
            page,
            title,
            section=PRODUCTS,
            description=description,
            crumbs=crumbs,
            feeds=[feed],
            current=True,
            dated=False,
        ),
        "actions": actions(atlas, page, name),
        "waiting": unrecorded_groups(atlas, page, name),
        "badges": badges(atlas, page, record),
        "badges_note": "" if atlas.base_url else _NO_ADDRESS,
        "deletion": deletion(atlas, record, needed_by),
        "steps": pending_changes(atlas, page, record),
        "name": name,
        "title": title,
        "named": adds_to(title, name),
        "described": bool(description or document.get("extra_metadata")),
        "deprecated": document.get("lifecycle") == "deprecated",
        "description": description,
        "metadata": metadata(document.get("extra_metadata") or {}, atlas.hidden),
        "links": [_outside(link) for link in document.get("links") or ()],
        "depends_on": _products(atlas, page, document.get("depends_on") or ()),
        "needed_by": _products(atlas, page, needed_by),
        "former_names": atlas.former_names.get(name, []),
        "places": _places(atlas, page, record),
        **_history(atlas, page, record),
    }


def _history(atlas: SiteContext, page: str, record: ProductRecord) -> View:
    versions = list(record.versions.values())
    deployments = sorted(record.deployments, key=lambda deployment: deployment.at)
    whole = len(versions) + len(deployments) <= ROWS
    kept = ROWS if whole else _LATEST
    version_rows = [version_row(atlas, page, v) for v in reversed(versions[-kept:])]
    rows = [deployment_row(atlas, page, d) for d in reversed(deployments[-kept:])]
    return {
        "versions": version_rows,
        "deployments": rows,
        "built": any(row[key] for row in version_rows for key in _OF_BUILDS),
        "remarked": any(row["remark"] for row in rows),
        "versions_note": _note(len(versions), kept, "version"),
        "deployments_note": _note(len(deployments), kept, "deployment"),
        "years": months_by_year(
            atlas.shards[record.name], lambda month: atlas.link(page, month.page)
        ),
    }


def _note(total: int, kept: int, noun: str) -> str:
    return count(total, noun) if total <= kept else f"the latest {kept} of {count(total, noun)}"


def _places(atlas: SiteContext, page: str, record: ProductRecord) -> list[View]:
    return [
        {
            "environment": atlas.environment_title(name),
            "environment_href": atlas.environment(page, name),
            "type": document["type"],
            **cell_view(atlas, page, record, name),
        }
        for name, document in atlas.environments.items()
        if name in atlas.columns or name in record.cells
    ]


def _products(atlas: SiteContext, page: str, names: Any) -> list[View]:
    known = atlas.registry.products
    return [
        {
            "text": title_of(atlas, name) if name in known else name,
            "href": atlas.product(page, name) if name in known else "",
        }
        for name in sorted(names)
    ]


def _outside(link: dict[str, Any]) -> View:
    url = str(link.get("url", ""))
    return {"text": str(link.get("title") or url), "url": url, "href": outward(url)}
