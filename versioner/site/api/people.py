"""The documents of people: of all, and of each what they deployed, decided and asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.models import Deployment
from versioner.site.api.deployments import Document, summary_of, with_nulls
from versioner.site.summaries.people import is_bot, people_of, person_slug
from versioner.site.urls import PEOPLE, data_of, person_page, product_page, request_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.site.context import SiteContext
    from versioner.site.summaries.codec import ListedRow
    from versioner.site.summaries.people import Person

__all__ = ["people_document"]

_NEWEST: Final = 50


def people_document(context: SiteContext, slug: str) -> tuple[str, Document]:
    """Return the document of a person or, without a slug, of all people, with its path."""
    people = people_of(context)
    path = data_of(person_page(slug) if slug else PEOPLE)
    document = (
        _person(context, people.of(people.by_slug[slug]))
        if slug
        else {"people": [_address(name, each) for each, name in people.by_slug.items()]}
    )
    return path, {"root": "../" * path.count("/"), **with_nulls(document)}


def _address(name: str, slug: str) -> Document:
    """Return a person without numbers, so that a deployment changes no list of all people."""
    page = person_page(slug)
    return {"name": name, "bot": is_bot(name), "page": page, "data": data_of(page)}


def _person(context: SiteContext, person: Person) -> Document:
    people = people_of(context)
    return {
        **_address(person.name, person_slug(person.name)),
        "at": person.at,
        "deployments": person.deployments,
        "rollbacks": person.rollbacks,
        "failed": person.failed,
        "undeployments": person.undeployments,
        "builds": person.builds,
        "decisions": person.decisions,
        "products": [*_products(context, person)],
        "last": _deployments(context, people.newest(person.name, _NEWEST)),
        "decided": [*_about_requests(context, person), *_about_versions(context, person)],
        "months": [
            {"month": each.month, "deployments": each.number, "page": each.path}
            for each in people.months(person.name)
        ],
    }


def _deployments(context: SiteContext, rows: Sequence[ListedRow]) -> list[Document]:
    found = context.catalogue.rows(rows)
    return [summary_of(context, each) for each in found if isinstance(each, Deployment)]


def _products(context: SiteContext, person: Person) -> Iterator[Document]:
    for product, own in people_of(context).shown_products(person.name):
        yield {
            "product": product,
            "deployments": own.deployments,
            "rollbacks": own.rollbacks,
            "failed": own.failed,
            "undeployments": own.undeployments,
            "page": product_page(product),
        }


def _about_requests(context: SiteContext, person: Person) -> Iterator[Document]:
    for request, each in people_of(context).requests(person.name):
        yield {
            "at": each.at,
            "decision": each.decision,
            "approval_type": each.approval_type,
            "product": "",
            "version": "",
            "request": request.name,
            "step": each.step,
            "comment": each.comment,
            "page": request_page(request.name),
        }


def _about_versions(context: SiteContext, person: Person) -> Iterator[Document]:
    for product, own in people_of(context).decided(person.name):
        for at, decision, approval_type, version, comment in own.decisions:
            yield {
                "at": at,
                "decision": decision,
                "approval_type": approval_type,
                "product": product,
                "version": version,
                "request": "",
                "step": "",
                "comment": comment,
                "page": product_page(product),
            }
