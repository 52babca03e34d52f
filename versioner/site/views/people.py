"""The pages of people: the list, and what each one deployed, decided and asked for."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from versioner.query.derived.running_versions import place_text
from versioner.site.digests import hash_of
from versioner.site.summaries.people import is_bot, people_of, person_link
from versioner.site.urls import PEOPLE, data_of, person_page, request_page
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.parts.rows import short_row
from versioner.site.views.products import team_link, team_of, title_of
from versioner.site.wording import (
    count,
    day_text,
    first_line,
    moment_text,
    month_text,
    version_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.site.context import SiteContext
    from versioner.site.summaries.codec import ListedRow
    from versioner.site.summaries.people import Person
    from versioner.site.summaries.person_rows import PersonSummary

__all__ = ["PEOPLE_MOST", "keys_of_people", "people_view", "person_view"]

# So many people are in the list, those who did something last; the document has all of them.
PEOPLE_MOST: Final = 400
_NEWEST: Final = 25
_DECISIONS: Final = 40
_PRODUCTS_MOST: Final = 200
_PRODUCTS_NAMED: Final = 3


def keys_of_people(context: SiteContext) -> dict[str, str]:
    """Return the keys of the pages of people: of the list under "", of each by its slug.

    Without any people there is the list alone, and nothing where the site shows no names.
    """
    if PEOPLE not in context.sections:
        return {}
    people = people_of(context)
    titles = {
        name: [title_of(context, name), team_link(context, PEOPLE, team_of(context, name))]
        for name in context.registry.products
    }
    keys = {
        slug: hash_of(people.key(name), [titles[each] for each in people.of(name).products])
        for slug, name in people.by_slug.items()
    }
    return {"": hash_of(keys), **keys}


def people_view(context: SiteContext) -> View:
    """Return the view of the list of people: who did something last comes first."""
    people = people_of(context).newest_first
    shown = people[:PEOPLE_MOST]
    return {
        "frame": frame(
            context,
            PEOPLE,
            "People",
            section=PEOPLE,
            script="lists",
            description="Who deployed, built, approved and asked, and what they did last.",
            current=True,
            dated=False,
        ),
        "summary": count(len(people), "person", "people"),
        "left": f"The {len(shown)} who did something last." if len(shown) < len(people) else "",
        "data": context.link(PEOPLE, data_of(PEOPLE)),
        "decided": any(each.decisions for each in shown),
        "people": [_listed(context, each) for each in shown],
    }


def person_view(context: SiteContext, slug: str) -> View:
    """Return the view of one person."""
    people = people_of(context)
    name = people.by_slug[slug]
    page, person = person_page(slug), people.of(name)
    newest = people.newest(name, _NEWEST)
    deployments = [_deployment(context, page, each) for each in newest]
    more = person.deployments + person.undeployments - len(newest)
    return {
        "frame": frame(
            context,
            page,
            name,
            section=PEOPLE,
            script="lists",
            description=f"What {name} deployed, where and when.",
            crumbs=[crumb("People", context.link(page, PEOPLE))],
            current=True,
            dated=False,
        ),
        "name": name,
        "bot": is_bot(name),
        "summary": _summary(person),
        "data": context.link(page, data_of(page)),
        "places": _places(context, page, people.products(name)),
        "deployments": deployments,
        "remarked": any(each["remark"] for each in deployments),
        "more": f"{more:,}" if more > 0 else "",
        **_products(context, page, person),
        "decisions": _decisions(context, page, name),
        "years": _years(context, page, name),
    }


def _summary(person: Person) -> str:
    numbers = (
        (person.deployments, "deployment"),
        (person.rollbacks, "rollback"),
        (person.undeployments, "undeployment"),
        (person.builds, "build"),
        (person.decisions, "decision"),
    )
    parts = [count(number, noun) for number, noun in numbers if number]
    if person.failed:
        parts.insert(1, f"{person.failed:,} failed")
    if person.products:
        parts.append(count(len(person.products), "product"))
    return " · ".join(parts)


def _listed(context: SiteContext, person: Person) -> View:
    named = [title_of(context, name) for name in person.products[:_PRODUCTS_NAMED]]
    more = len(person.products) - len(named)
    return {
        "name": person.name,
        "href": person_link(context, PEOPLE, person.name),
        "bot": is_bot(person.name),
        "deployments": f"{person.deployments:,}",
        "rollbacks": f"{person.rollbacks:,}",
        "failed": f"{person.failed:,}",
        "decisions": f"{person.decisions:,}",
        "products": ", ".join(named) + (f" and {more:,} more" if more else ""),
        "last": _last(context, person.last) if person.last is not None else None,
        "at": person.at,
        "when": day_text(person.at[:10]),
    }


def _last(context: SiteContext, last: ListedRow) -> View:
    data = last.data
    return {
        "product": title_of(context, last.product),
        "version": version_text(data.version_shown),
        "version_full": data.version_shown,
        "href": context.listed_row(PEOPLE, last),
        "environment": place_text(context.environment_title(data.environment), data.instance),
    }


def _places(
    context: SiteContext, page: str, products: Sequence[tuple[str, PersonSummary]]
) -> list[View]:
    """Return the environments that a person deployed to, in order, with the numbers."""
    numbers: dict[str, int] = {}
    for _, own in products:
        for name, number in own.environments.items():
            numbers[name] = numbers.get(name, 0) + number
    return [
        {
            "text": context.environment_title(name),
            "href": context.environment(page, name),
            "number": f"{numbers[name]:,}",
        }
        for name in context.environments
        if name in numbers
    ]


def _deployment(context: SiteContext, page: str, row: ListedRow) -> View:
    (deployment,) = context.catalogue.rows([row])
    return {
        **short_row(context, page, deployment),
        "product": title_of(context, row.product),
        "product_href": context.product(page, row.product),
    }


def _products(context: SiteContext, page: str, person: Person) -> View:
    """Return the products of a person: what was deployed most comes first."""
    shown = people_of(context).shown_products(person.name)
    shown.sort(key=lambda each: each[1].deployments, reverse=True)
    return {
        "products": [_product(context, page, *each) for each in shown[:_PRODUCTS_MOST]],
        "left": f"The first {_PRODUCTS_MOST} of {len(shown):,}"
        if len(shown) > _PRODUCTS_MOST
        else "",
    }


def _years(context: SiteContext, page: str, name: str) -> list[View]:
    """Return the months with deployments of a person by year, newest first.

    Each leads to the pages of all deployments of the month that have any, where the person is
    chosen in the filter.
    """
    query = urlencode({"person": name})
    years: dict[str, list[View]] = {}
    links = reversed(people_of(context).months(name))
    for month, group in groupby(links, key=lambda each: each.month):
        own = [*group]
        parts = [
            {
                "text": str(each.part),
                "href": f"{context.link(page, each.path)}?{query}",
            }
            for each in own
        ]
        years.setdefault(month[:4], []).append(
            {
                "text": month_text(month).partition(" ")[0],
                "number": f"{sum(each.number for each in own):,}",
                "href": parts[0]["href"],
                "parts": parts[::-1] if len(parts) > 1 else [],
            }
        )
    return [{"year": year, "months": months} for year, months in years.items()]


def _product(context: SiteContext, page: str, product: str, own: PersonSummary) -> View:
    team = team_of(context, product)
    return {
        "title": title_of(context, product),
        "href": context.product(page, product),
        "team": team,
        "team_href": team_link(context, page, team),
        "deployments": f"{own.deployments:,}",
        "rollbacks": f"{own.rollbacks:,}",
        "failed": f"{own.failed:,}",
        "at": own.at,
        "when": day_text(own.at[:10]) if own.at else "",
    }


def _decisions(context: SiteContext, page: str, name: str) -> list[View]:
    """Return the newest decisions of a person, about versions and requests, newest first."""
    found = [*_about_requests(context, page, name), *_about_versions(context, page, name)]
    found.sort(key=itemgetter("at"), reverse=True)
    return found[:_DECISIONS]


def _about_requests(context: SiteContext, page: str, name: str) -> Iterator[View]:
    for request, each in people_of(context).requests(name):
        yield {
            "at": each.at,
            "when": moment_text(each.at),
            "text": f"{each.decision} {each.approval_type or each.step}".rstrip(),
            "subject": f"request {request.title or request.name}",
            "href": context.link(page, request_page(request.name)),
            "comment": first_line(each.comment),
        }


def _about_versions(context: SiteContext, page: str, name: str) -> Iterator[View]:
    for product, own in people_of(context).decided(name):
        for at, decision, approval_type, version, comment in own.decisions:
            yield {
                "at": at,
                "when": moment_text(at),
                "text": f"{decision} {approval_type}".rstrip(),
                "subject": f"{title_of(context, product)} {version_text(version)}".rstrip(),
                "href": context.product(page, product),
                "comment": first_line(comment),
            }
