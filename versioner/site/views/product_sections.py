"""How a product is kept: where to edit it, what deleting it would take, badges to copy."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from versioner.layout import product_dir, product_path
from versioner.query.differences import versions_between
from versioner.query.selectors import latest_value
from versioner.query.source_links import compare_url
from versioner.site.urls import badge, data_of, outward, product_feed, product_page
from versioner.site.views.rows import STATUS_CLASSES
from versioner.site.wording import count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Version
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext
    from versioner.site.views.layout import View

__all__ = ["actions", "badges", "deletion", "pending_changes"]

_DELETING: Final = "delete-product.yml"


def actions(atlas: SiteContext, page: str, name: str) -> list[View]:
    """Return the links beside a product's title; those to the forge only where there is one."""
    links = [
        _link("Edit", atlas.forge.edit(product_path(name)), is_outward=True),
        _link("History", atlas.forge.log(product_dir(name)), is_outward=True),
        _link("Feed", atlas.link(page, product_feed(name))),
        _link("JSON", atlas.link(page, data_of(product_page(name)))),
    ]
    return [link for link in links if link["href"]]


def badges(atlas: SiteContext, page: str, record: ProductRecord) -> list[View]:
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


def deletion(atlas: SiteContext, record: ProductRecord, needed_by: Sequence[str]) -> View:
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


def _address(atlas: SiteContext, product: str, environment: str) -> str:
    return f"{atlas.base_url}{badge(product, environment, 'svg')}"


def _link(text: str, href: str, *, is_outward: bool = False) -> View:
    return {"text": text, "href": href, "outward": is_outward}


_SHOWN: Final = 10


def pending_changes(atlas: SiteContext, page: str, record: ProductRecord) -> list[View]:
    """Return each step from one environment to the next where versions differ.

    Steps lead through those environments that the overview shows at first where the product
    was ever deployed.
    """
    places = [name for name in atlas.columns if record.cell(name).latest is not None]
    steps = []
    for lower, upper in pairwise(places):
        here, there = record.cell(lower).current, record.cell(upper).current
        if here is None or (there is not None and there.version == here.version):
            continue
        running = there.version if there is not None else ""
        steps.append(_step(atlas, page, record, (lower, here.version), (upper, running)))
    return steps


def _step(
    atlas: SiteContext,
    page: str,
    record: ProductRecord,
    lower: tuple[str, str],
    upper: tuple[str, str],
) -> View:
    names = list(record.versions)
    old, new = upper[1], lower[1]
    behind = bool(old) and names.index(old) > names.index(new)
    if behind:
        old, new = new, old
    lacking = [new]
    if old:
        lacking = [*versions_between(record, old, new), new]
    lacking.reverse()
    has, lacks = (upper[0], lower[0]) if behind else (lower[0], upper[0])
    hidden = {"scm_sha", "scm_repository"} & atlas.hidden
    compare = "" if hidden or not old else _compare(atlas, record, old, new)
    return {
        "from": atlas.environment_title(lower[0]),
        "to": atlas.environment_title(upper[0]),
        "behind": behind,
        "text": f"{atlas.environment_title(has)} has {count(len(lacking), 'version')} that "
        f"{atlas.environment_title(lacks)} lacks"
        + ("" if old else f": nothing runs in {atlas.environment_title(lacks)} yet"),
        "compare": compare,
        "versions": [_version(atlas, page, record.versions[v]) for v in lacking[:_SHOWN]],
        "more": max(0, len(lacking) - _SHOWN),
    }


def _compare(atlas: SiteContext, record: ProductRecord, old: str, new: str) -> str:
    versions = record.versions
    return outward(compare_url(atlas.registry, record, versions[old], versions[new]))


def _version(atlas: SiteContext, page: str, version: Version) -> View:
    good = version.status in ("", "completed")
    return {
        "version": version_text(version.name),
        "version_full": version.name,
        "href": atlas.version(page, version.product, version.name),
        "at": version.at,
        "when": day_text(version.at[:10]),
        "status": "" if good else version.status,
        "status_class": STATUS_CLASSES[version.status],
        "notes": latest_value(version.builds, "notes", atlas.hidden),
    }
