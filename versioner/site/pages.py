"""The list of a site's pages: the path, the template and the view of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from versioner.site.summaries.comparisons import compared_pairs
from versioner.site.urls import (
    ABOUT,
    AS_IT_WAS,
    CALENDAR,
    COMPARE,
    CREATE,
    DEPLOYMENTS,
    ENVIRONMENTS,
    FAILURES,
    GLOSSARY,
    INCIDENT,
    LOST,
    METRICS_PAGE,
    OVERVIEW,
    PEOPLE,
    PRODUCTS,
    REQUESTS,
    RULES,
    TEAMS,
    TODAY,
    TODAY_MAIL,
    WEEK,
    as_it_was_page,
    compare_page,
    environment_month,
    environment_page,
    month_page,
    person_page,
    product_page,
    request_page,
    team_page,
)
from versioner.site.views.about import about_view
from versioner.site.views.as_it_was import (
    as_it_was_view,
    month_end_view,
    months_with_page,
)
from versioner.site.views.calendar import calendar_view
from versioner.site.views.compare import compare_index_view, compare_view
from versioner.site.views.deployments import deployments_view, month_of_all_view
from versioner.site.views.environments import (
    environment_month_view,
    environment_view,
    environments_view,
)
from versioner.site.views.glossary import glossary_view
from versioner.site.views.incident import incident_view
from versioner.site.views.metrics import failures_view, metrics_page_view
from versioner.site.views.overview import overview_view
from versioner.site.views.people import keys_of_people, people_view, person_view
from versioner.site.views.product import month_view, product_view
from versioner.site.views.products import (
    new_product_view,
    products_view,
    team_slugs,
    teams_of,
)
from versioner.site.views.redirects import (
    deleted_view,
    lost_view,
    moved_environment_view,
    moved_view,
)
from versioner.site.views.requests import request_view, requests_view
from versioner.site.views.rules import rules_view
from versioner.site.views.teams import team_view, teams_view
from versioner.site.views.today import mail_view, today_view

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = [
    "Page",
    "environment_pages",
    "front_pages",
    "month_end_pages",
    "month_pages",
    "pages_of",
    "people_pages",
    "product_pages",
]


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is to be rendered; `make` computes its view.

    The view is computed when it is needed: the views of a large site do not fit in memory
    together, and several processes may share the work.
    """

    path: str
    template: str
    make: Callable[[], View]

    @property
    def view(self) -> View:
        """Return the data that the template gets."""
        return self.make()


def front_pages(context: SiteContext, tool_version: str) -> Iterator[Page]:
    """Yield the pages that each build makes: those of the present state, redirects, and others."""
    yield Page(OVERVIEW, "overview.html", partial(overview_view, context))
    for path in (TODAY, WEEK):
        yield Page(path, "today.html", partial(today_view, context, path))
    yield Page(INCIDENT, "incident.html", partial(incident_view, context))
    yield Page(TODAY_MAIL, "today_mail.html", partial(mail_view, context))
    yield Page(PRODUCTS, "products.html", partial(products_view, context))
    yield Page(CREATE, "new_product.html", partial(new_product_view, context))
    yield from _of_environments(context)
    yield Page(DEPLOYMENTS, "deployments.html", partial(deployments_view, context))
    yield from _comparisons(context)
    yield Page(AS_IT_WAS, "as_it_was.html", partial(as_it_was_view, context))
    yield from _teams(context)
    yield Page(METRICS_PAGE, "metrics.html", partial(metrics_page_view, context))
    yield Page(FAILURES, "metrics_failures.html", partial(failures_view, context))
    yield from _of_governance(context)
    yield from _redirects(context)
    yield Page(GLOSSARY, "glossary.html", partial(glossary_view, context))
    yield Page(ABOUT, "about.html", partial(about_view, context, tool_version))
    yield Page(LOST, "not_found.html", partial(lost_view, context))


def pages_of(context: SiteContext, tool_version: str) -> Iterator[Page]:
    """Yield every page of the site."""
    yield from front_pages(context, tool_version)
    for name in context.registry.products:
        yield from product_pages(context, name)
    yield from month_pages(context, range(len(context.deployment_links)))
    for month in context.catalogue.past_months:
        yield from month_end_pages(context, month)
    for name, links in context.environment_links.items():
        yield from environment_pages(context, name, range(len(links)))
    for slug in keys_of_people(context):
        yield from people_pages(context, slug)


def product_pages(context: SiteContext, name: str, less: Collection[str] = ()) -> Iterator[Page]:
    """Yield the pages of a product: its present state, and its history without some months."""
    yield Page(product_page(name), "product.html", partial(product_view, context, name))
    for index, page in enumerate(context.catalogue.of(name).pages):
        if page.month in less:
            continue
        path = month_page(name, page.month, page.part)
        yield Page(path, "month.html", partial(month_view, context, name, index))


def month_pages(context: SiteContext, indexes: Iterable[int]) -> Iterator[Page]:
    """Yield pages of all deployments, by their place among them."""
    for index in indexes:
        path = context.deployment_links[index].path
        yield Page(path, "deployments.html", partial(month_of_all_view, context, index))


def environment_pages(context: SiteContext, name: str, indexes: Iterable[int]) -> Iterator[Page]:
    """Yield pages of the deployments to an environment, by their place among them."""
    for index in indexes:
        path = context.environment_links[name][index].path
        view = partial(environment_month_view, context, name, index)
        yield Page(path, "environment_month.html", view)


def people_pages(context: SiteContext, slug: str) -> Iterator[Page]:
    """Yield the page of a person or, without a slug, the list of people."""
    if slug:
        yield Page(person_page(slug), "person.html", partial(person_view, context, slug))
    else:
        yield Page(PEOPLE, "people.html", partial(people_view, context))


def _of_environments(context: SiteContext) -> Iterator[Page]:
    yield Page(ENVIRONMENTS, "environments.html", partial(environments_view, context))
    for name in context.environments:
        page = environment_page(name)
        yield Page(page, "environment.html", partial(environment_view, context, name))


def month_end_pages(context: SiteContext, month: str) -> Iterator[Page]:
    """Yield the page of the state at the end of a month, where it has one."""
    if month in months_with_page(context):
        view = partial(month_end_view, context, month)
        yield Page(as_it_was_page(month), "as_it_was_month.html", view)


def _comparisons(context: SiteContext) -> Iterator[Page]:
    yield Page(COMPARE, "compare_index.html", partial(compare_index_view, context))
    for pair in compared_pairs(context):
        yield Page(compare_page(*pair), "compare.html", partial(compare_view, context, pair))


def _teams(context: SiteContext) -> Iterator[Page]:
    if TEAMS in context.sections:
        yield Page(TEAMS, "teams.html", partial(teams_view, context))
        for team, slug in team_slugs(teams_of(context)).items():
            yield Page(team_page(slug), "team.html", partial(team_view, context, team, slug))


def _of_governance(context: SiteContext) -> Iterator[Page]:
    """Yield the pages of what may ship, each where the registry has anything for it."""
    if RULES in context.sections:
        yield Page(RULES, "rules.html", partial(rules_view, context))
    if REQUESTS in context.sections:
        yield Page(REQUESTS, "requests.html", partial(requests_view, context))
        for request in context.registry.governance.requests:
            path = request_page(request.name)
            yield Page(path, "request.html", partial(request_view, context, request.name))
    if CALENDAR in context.sections:
        yield Page(CALENDAR, "calendar.html", partial(calendar_view, context))


def _redirects(context: SiteContext) -> Iterator[Page]:
    yield from _of_former_environments(context)
    registry = context.registry
    taken = set(registry.products)
    for old in sorted(set(registry.aliases) - taken):
        name = registry.aliases[old]
        if name not in registry.products and name not in registry.deleted:
            continue  # `validate` reports an alias without a product
        taken.add(old)
        moves = {product_page(old): product_page(name)}
        pages = context.catalogue.of(name).pages if name in registry.products else ()
        for each in pages:
            target = month_page(name, each.month, each.part)
            moves[month_page(old, each.month, each.part)] = target
        for page, target in moves.items():
            yield Page(page, "redirect.html", partial(moved_view, context, page, old, target))
    for name in sorted(set(registry.deleted) - taken):
        yield Page(product_page(name), "deleted.html", partial(deleted_view, context, name))


def _of_former_environments(context: SiteContext) -> Iterator[Page]:
    for old, name in sorted(context.registry.environment_aliases.items()):
        moves = {environment_page(old): environment_page(name)}
        months = context.environment_links[name]
        moves.update({environment_month(old, each.month, each.part): each.path for each in months})
        for page, target in moves.items():
            view = partial(moved_environment_view, context, page, old, name, target)
            yield Page(page, "redirect.html", view)
