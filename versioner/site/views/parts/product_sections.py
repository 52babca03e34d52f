"""Sections of a product's page: actions, badges, deletion, versions that are not deployed yet."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.layout import product_dir, product_path
from versioner.query.commits.between import exact_difference
from versioner.query.derived.latest_values import latest_value
from versioner.query.derived.running_versions import pending_instances, place_text
from versioner.query.source_links import compare_url
from versioner.query.versions.order import is_newer, rolled_back_near, versions_between
from versioner.registry.buttons import buttons_of
from versioner.site.urls import (
    REQUESTS,
    RULES,
    badge,
    data_of,
    outward,
    product_feed,
    product_page,
)
from versioner.site.views.parts.commits import changes_of_product, difference_view
from versioner.site.views.parts.may_ship import shipping
from versioner.site.views.parts.rows import STATUS_CLASSES
from versioner.site.wording import count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.models import Version
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = ["actions", "badges", "deletion", "pending_changes"]

_DELETING: Final = "delete-product.yml"


def actions(context: SiteContext, page: str, name: str) -> list[View]:
    """Return the links beside a product's title, to the forge too where one is configured."""
    links = [
        _link("Edit", context.forge.edit(product_path(name)), is_outward=True),
        _link("History", context.forge.log(product_dir(name)), is_outward=True),
        _link("Feed", context.link(page, product_feed(name))),
        _link("JSON", context.link(page, data_of(product_page(name)))),
    ]
    return [link for link in links if link["href"]]


def badges(context: SiteContext, page: str, record: ProductRecord) -> list[View]:
    """Return the badge of each environment where a product runs, and that of its drift."""
    names = [name for name in context.columns if record.cell(name).versions]
    whole = [(name, context.environment_title(name)) for name in names]
    if len(names) > 1:
        whole.append(("", "drift"))
    return [
        {
            "id": f"badge-{name}" if name else "badge.drift",
            "title": f"{record.name} {title}",
            "src": context.link(page, badge(record.name, name, "svg")),
            "markdown": f"[![{record.name} {title}]({_address(context, record.name, name)})]"
            f"({context.base_url}{product_page(record.name)})",
        }
        for name, title in whole
    ]


def deletion(context: SiteContext, record: ProductRecord, needed_by: Sequence[str]) -> View:
    """Return how to delete a product (workflow or command), and what the deletion removes."""
    versions = count(len(record.versions), "version")
    return {
        "command": f"versioner product delete {record.name}",
        "goes": f"{versions} and {count(len(record.deployments), 'deployment')}",
        "restore": f"versioner product restore {record.name}",
        "page": context.forge.workflow(_DELETING),
        "forge": context.forge.name,
        "blocked": f"{count(len(needed_by), 'product')} need{'s' * (len(needed_by) == 1)} it"
        if needed_by
        else "",
    }


def _address(context: SiteContext, product: str, environment: str) -> str:
    return f"{context.base_url}{badge(product, environment, 'svg')}"


def _link(text: str, href: str, *, is_outward: bool = False) -> View:
    return {"text": text, "href": href, "outward": is_outward}


_SHOWN: Final = 10


def pending_changes(context: SiteContext, page: str, record: ProductRecord) -> list[View]:
    """Return each pair of neighbouring environments that run different versions.

    The environments are those that the overview shows at first and where the product was ever
    deployed. Where one has instances, the pairs are those of instances that differ.
    """
    names = [name for name in context.columns if record.cell(name).latest is not None]
    steps = []
    for lower, upper in pairwise(names):
        states = context.state(record.name, lower), context.state(record.name, upper)
        found: dict[tuple[str, str], list[str]] = {}
        for instance, here, there in pending_instances(*states):
            found.setdefault((here, there), []).append(instance)
        for (here, there), instances in found.items():
            named = len(found) > 1 or states[1].mixed
            part = ", ".join(each or "others" for each in instances) if named else ""
            place = _Place(lower, here), _Place(upper, there, part)
            steps.append(_step(context, page, record, *place))
    return steps


class _Place(NamedTuple):
    """An environment and the version that runs there, "" for none, on the instances of a text."""

    environment: str
    version: str
    instances: str = ""

    def title(self, context: SiteContext) -> str:
        return place_text(context.environment_title(self.environment), self.instances)


def _step(
    context: SiteContext,
    page: str,
    record: ProductRecord,
    lower: _Place,
    upper: _Place,
) -> View:
    old, new = upper.version, lower.version
    behind = bool(old) and is_newer(record, old, new)
    if behind:
        old, new = new, old
    has, lacks = (upper, lower) if behind else (lower, upper)
    rolled_back = rolled_back_near(context.registry, record, lacks.environment)
    lacking = [new]
    if old:
        lacking = [*versions_between(record, old, new), new]
    lacking.reverse()
    proposed = [] if new in rolled_back else lacking
    hidden = {"scm_sha", "scm_repository"} & context.hidden
    compare = "" if hidden or not old else _compare(context, record, old, new)
    return {
        "from": lower.title(context),
        "to": upper.title(context),
        "behind": behind,
        "text": _text(context, record, (has, lacks), len(lacking), rolled_back),
        "compare": compare,
        "commits": _commits(context, record, old, new),
        "versions": [
            _version(context, page, record.versions[v], rolled_back) for v in proposed[:_SHOWN]
        ],
        "more": max(0, len(proposed) - _SHOWN),
        "shipping": _shipping(context, page, record, proposed, lacks),
    }


def _shipping(
    context: SiteContext, page: str, record: ProductRecord, proposed: list[str], place: _Place
) -> View:
    """Return what the newest version that a place lacks waits for; nothing without any rule."""
    has_rules = {RULES, REQUESTS} & context.sections.keys() or record.decisions
    if not proposed or not (has_rules or buttons_of(context.registry, record.document)):
        return {}
    return shipping(context, page, record, proposed[0], place.environment)


def _text(
    context: SiteContext,
    record: ProductRecord,
    places: tuple[_Place, _Place],
    number: int,
    rolled_back: Mapping[str, str],
) -> str:
    has, lacks = places
    first, second = has.title(context), lacks.title(context)
    if has.version in rolled_back:
        where = context.environment_title(rolled_back[has.version])
        return f"{first} has {version_text(has.version)}, which was rolled back in {where}"
    text = f"{first} has {count(number, 'version')} that {second} lacks"
    if lacks.version:
        return text
    when = "now" if record.cell(lacks.environment).completed else "yet"
    return f"{text}: nothing runs in {second} {when}"


def _commits(context: SiteContext, record: ProductRecord, old: str, new: str) -> View:
    """Return the commits that would ship, where they are all known."""
    changes = changes_of_product(context, record.name)
    found = exact_difference(changes, old, new) if old and changes else None
    return difference_view(context, found, record.versions[new]) if found is not None else {}


def _compare(context: SiteContext, record: ProductRecord, old: str, new: str) -> str:
    versions = record.versions
    return outward(compare_url(context.registry, record, versions[old], versions[new]))


def _version(
    context: SiteContext, page: str, version: Version, rolled_back: Mapping[str, str]
) -> View:
    good = version.status in ("", "completed")
    where = rolled_back.get(version.name)
    return {
        "version": version_text(version.name),
        "version_full": version.name,
        "href": context.version(page, version.product, version.name),
        "at": version.at,
        "when": day_text(version.at[:10]),
        "status": "" if good else version.status,
        "status_class": STATUS_CLASSES[version.status],
        "rolled_back": f"rolled back in {context.environment_title(where)}" if where else "",
        "notes": latest_value(version.builds, "notes", context.hidden),
    }
