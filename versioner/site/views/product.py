"""The pages of a product: its present state with the latest rows, and its months with all rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from versioner.layout import log_path
from versioner.query.commits.taken import NOTHING_TAKEN
from versioner.site.pagination import ROWS, months_by_year, pager, undeployments_of
from versioner.site.urls import PRODUCTS, outward, product_feed, product_page
from versioner.site.views.parts.cells import cell_view
from versioner.site.views.parts.closed_times import closed_of_product
from versioner.site.views.parts.commits import taken_by_rollbacks
from versioner.site.views.parts.event_details import contacts, metadata
from versioner.site.views.parts.inbox import inbox_groups
from versioner.site.views.parts.instances import instance_rows
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.parts.may_ship import rollback
from versioner.site.views.parts.month_rows import MonthRows
from versioner.site.views.parts.observed import last_looks
from versioner.site.views.parts.product_metrics import product_insight
from versioner.site.views.parts.product_sections import actions, badges, deletion, pending_changes
from versioner.site.views.parts.rows import deployment_row, version_row
from versioner.site.views.products import document_of, title_of
from versioner.site.wording import adds_to, count

if TYPE_CHECKING:
    from versioner.models import Deployment, Undeployment
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext

__all__ = ["month_view", "product_view"]

# The rows of each list that a page shows where the history does not fit on it.
_LATEST: Final = 20
_NO_ADDRESS: Final = (
    "Put the site's address before each path: site.base_url in registry.yaml is not set."
)
# The keys of a version row that only build events fill.
_OF_BUILDS: Final = ("status", "commit", "by", "note", "changes")


def product_view(context: SiteContext, name: str) -> View:
    """Return the view of one product's page."""
    page = product_page(name)
    record = context.record(name)
    document = document_of(context, name)
    title = title_of(context, name)
    crumbs = [crumb("Products", context.link(page, PRODUCTS))]
    description = str(document.get("description", ""))
    needed_by = context.dependents[name]
    feed = {"title": f"Deployments of {title}", "href": context.link(page, product_feed(name))}
    return {
        "frame": frame(
            context,
            page,
            title,
            section=PRODUCTS,
            script="product",
            description=description,
            crumbs=crumbs,
            feeds=[feed],
            current=True,
            dated=False,
        ),
        "actions": actions(context, page, name),
        "inbox": inbox_groups(context, page, name),
        "closed": closed_of_product(context, name),
        "badges": badges(context, page, record),
        "badges_note": "" if context.base_url else _NO_ADDRESS,
        "deletion": deletion(context, record, needed_by),
        "steps": pending_changes(context, page, record),
        "name": name,
        "title": title,
        "named": adds_to(title, name),
        "described": bool(description or document.get("extra_metadata")),
        "deprecated": document.get("lifecycle") == "deprecated",
        "description": description,
        "metadata": metadata(document.get("extra_metadata") or {}, context.hidden),
        "links": [_outside(link) for link in document.get("links") or ()],
        "depends_on": _products(context, page, document.get("depends_on") or ()),
        "needed_by": _products(context, page, needed_by),
        "former_names": context.former_names.get(name, []),
        "places": _places(context, page, record),
        **product_insight(context, name),
        **_history(context, page, record),
    }


def _history(context: SiteContext, page: str, record: ProductRecord) -> View:
    versions = list(record.versions.values())
    undeployments = undeployments_of(record)
    changes: list[Deployment | Undeployment] = [*record.deployments, *undeployments]
    changes.sort(key=lambda each: each.at)
    whole = len(versions) + len(changes) <= ROWS
    kept = ROWS if whole else _LATEST
    version_rows = [version_row(context, page, v) for v in reversed(versions[-kept:])]
    taken = taken_by_rollbacks(context, record.name)
    rows = [
        deployment_row(context, page, each, taken.get(each.id, NOTHING_TAKEN))
        for each in reversed(changes[-kept:])
    ]
    return {
        "versions": version_rows,
        "deployments": rows,
        "built": any(row[key] for row in version_rows for key in _OF_BUILDS),
        "remarked": any(row["remark"] for row in rows),
        "versions_note": _note(len(versions), kept, "version"),
        "deployments_note": _note(len(record.deployments), kept, "deployment")
        + (f", {count(len(undeployments), 'undeployment')}" if undeployments else ""),
        "years": months_by_year(context.history(record.name), partial(context.link, page)),
    }


def _note(total: int, kept: int, noun: str) -> str:
    return count(total, noun) if total <= kept else f"the latest {kept} of {count(total, noun)}"


def _places(context: SiteContext, page: str, record: ProductRecord) -> list[View]:
    return [
        {
            "environment": context.environment_title(name),
            "environment_href": context.environment(page, name),
            "type": document["type"],
            **cell_view(context, page, record, name),
            "rows": instance_rows(context, page, context.state(record.name, name)),
            "contacts": _contacts(context, record, name),
            "observed": last_looks(context.state(record.name, name)),
            "rollback": rollback(context, page, record, name),
            "taken": _taken(context, page, record, name),
        }
        for name, document in context.environments.items()
        if name in context.columns or context.has_cell(record, name)
    ]


def _taken(context: SiteContext, page: str, record: ProductRecord, environment: str) -> View:
    """Return what the rollback to the version that runs in an environment took away; or none."""
    state = context.state(record.name, environment)
    current = None if state.mixed else state.deployment
    if current is None or current.kind != "rollback":
        return {}
    found = taken_by_rollbacks(context, record.name).get(current.id, NOTHING_TAKEN)
    return {"text": found.text(), "href": context.version(page, record.name, current.previous)}


def _contacts(context: SiteContext, record: ProductRecord, environment: str) -> list[View]:
    """Return whom to ask where the last deployment failed or has no result; else none."""
    state = context.state(record.name, environment)
    wrong = state.no_result or state.failed_last
    return contacts(record, wrong.events, context.hidden) if wrong is not None else []


def _products(context: SiteContext, page: str, names: Any) -> list[View]:
    known = context.registry.products
    return [
        {
            "text": title_of(context, name) if name in known else name,
            "href": context.product(page, name) if name in known else "",
        }
        for name in sorted(names)
    ]


def _outside(link: dict[str, Any]) -> View:
    url = str(link.get("url", ""))
    return {"text": str(link.get("title") or url), "url": url, "href": outward(url)}


def month_view(context: SiteContext, name: str, index: int) -> View:
    """Return the view of one month of a product's history, or of a part of it, newest first."""
    months = context.history(name)
    month = months[index]
    page = month.path
    title = title_of(context, name)
    crumbs = [
        crumb("Products", context.link(page, PRODUCTS)),
        crumb(title, context.product(page, name)),
    ]
    rows = MonthRows(context, month)
    deployments, versions = rows.deployments, rows.versions
    common = _common(deployments, versions)
    log = context.forge.log(log_path(name, "deployment", month.month))
    return {
        "common": common,
        "log": "" if common or context.has_commits else log,
        "frame": frame(
            context,
            page,
            f"{title}, {month.title}",
            section=PRODUCTS,
            script="month",
            crumbs=crumbs,
        ),
        "name": name,
        "title": title,
        "period": month.title,
        "summary": f"{count(len(month.deployments), 'deployment')}{month.undeployments}, "
        f"{count(len(month.versions), 'new version')}",
        "pager": pager(months, index, partial(context.link, page)),
        "deployments": deployments,
        "versions": versions,
        "built": any(v.builds or v.scm_sha or v.artifacts or v.changes for v in month.versions),
    }


def _common(deployments: list[View], versions: list[View]) -> list[View]:
    """Return the commit that recorded all rows, and remove it from the rows; else none."""
    rows = [row["commits"] for row in (*deployments, *versions) if row["commits"]]
    if len(rows) < 2 or any(row != rows[0] for row in rows) or len(rows[0]) > 1:
        return []
    common: list[View] = rows[0]
    for row in (*deployments, *versions):
        row["commits"] = []
    return common
