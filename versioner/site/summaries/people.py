"""The people of a site: what each of them deployed, built, decided and asked for.

Only names that the site shows elsewhere are here: see privacy.py.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from functools import cached_property, lru_cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.names import slugify
from versioner.site.digests import hash_of
from versioner.site.pagination import ROWS, PageLink
from versioner.site.privacy import is_shown_name
from versioner.site.summaries.codec import ListedRow, RowData
from versioner.site.urls import PEOPLE, deployments_page, person_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models.governance import Decision, Request
    from versioner.site.context import SiteContext
    from versioner.site.summaries.person_rows import PersonSummary

__all__ = ["People", "Person", "is_bot", "people_of", "person_link", "person_slug"]

_DIGESTED: Final = re.compile(r".+-[0-9a-f]{12}")
_BOT: Final = "[bot]"


class Person(NamedTuple):
    """A person in numbers; `at` is the time of the newest that is known of them.

    `last` is the latest deployment, None where there is none.
    """

    name: str
    deployments: int
    rollbacks: int
    failed: int
    undeployments: int
    builds: int
    decisions: int
    products: list[str]
    at: str
    last: ListedRow | None


class People:
    """The people whose names a site shows, none where it shows none."""

    def __init__(self, context: SiteContext) -> None:
        self._context = context
        self._shows_builds = "built_by" not in context.hidden
        self._shows_decisions = "by" not in context.hidden

    @cached_property
    def names(self) -> list[str]:
        """Return the names of all people, in order."""
        return [*self._people]

    @cached_property
    def by_slug(self) -> dict[str, str]:
        """Return the names by the slugs of their pages."""
        return {person_slug(name): name for name in self.names}

    def of(self, name: str) -> Person:
        """Return a person in numbers."""
        return self._people[name]

    @cached_property
    def newest_first(self) -> list[Person]:
        """Return all people: who did something last comes first."""
        # Sorting is stable: of one time, they stay in the order of names.
        return sorted(self._people.values(), key=lambda each: each.at, reverse=True)

    def products(self, name: str) -> list[tuple[str, PersonSummary]]:
        """Return the products that a person did anything with, in order, with what that is."""
        return sorted(self._context.catalogue.of_person(name), key=itemgetter(0))

    def shown_products(self, name: str) -> list[tuple[str, PersonSummary]]:
        """Return those of a person's products that the site says, in order."""
        shown = {*self.of(name).products}
        return [each for each in self.products(name) if each[0] in shown]

    def decided(self, name: str) -> list[tuple[str, PersonSummary]]:
        """Return the products about whose versions a person decided, in order."""
        found = self.products(name) if self._shows_decisions else ()
        return [(product, own) for product, own in found if own.decisions]

    def newest(self, name: str, limit: int) -> list[ListedRow]:
        """Return the newest deployments and undeployments of a person, newest first."""
        found: list[ListedRow] = []
        latest = sorted(((own.at, product) for product, own in self.products(name)), reverse=True)
        for at, product in latest:
            if not at or (len(found) == limit and at < found[-1].at):
                break
            found += self._context.catalogue.newest_of_person(name, product)
            found = sorted(found, key=itemgetter(0, 1, 2), reverse=True)[:limit]
        return found

    def requests(self, name: str) -> list[tuple[Request, Decision]]:
        """Return what a person decided about requests, in the order of requests."""
        return self._requests.get(name, [])

    def months(self, name: str) -> list[PageLink]:
        """Return the pages of all deployments with any of a person, with the number of these."""
        return [
            PageLink(deployments_page(month, part), month, part, number)
            for month, parts in self._months.get(name, {}).items()
            for part, number in parts
        ]

    def key(self, name: str) -> str:
        """Return the hash of all that is known of a person here."""
        digest = self._context.catalogue.digest_of_person(name)
        requests = [
            [request.name, request.title, each.at, each.decision, each.approval_type, each.step,
             each.comment]
            for request, each in self.requests(name)
        ]  # fmt: skip
        return hash_of(name, digest, self.months(name), requests)

    @cached_property
    def _people(self) -> dict[str, Person]:
        context = self._context
        if PEOPLE not in context.sections:
            return {}
        names = sorted({*context.catalogue.people, *self._requests})
        people = (self._person(each) for each in names if is_shown_name(context.registry, each))
        return {each.name: each for each in people if each.at}

    def _person(self, name: str) -> Person:
        data = self._context.catalogue.remembered_of_person(name, partial(self._count, name))
        deployments, rollbacks, failed, undeployments, at, last, products, *others = data
        (builds, built_at, of_builds), (decisions, decided_at, of_decisions) = others
        requests = [each.at for _, each in self.requests(name)]
        times = [at, *requests]
        times += [built_at] if self._shows_builds else []
        times += [decided_at] if self._shows_decisions else []
        products = {*products, *(of_builds if self._shows_builds else ()),
                    *(of_decisions if self._shows_decisions else ())}  # fmt: skip
        return Person(
            name, deployments, rollbacks, failed, undeployments,
            builds if self._shows_builds else 0,
            (decisions if self._shows_decisions else 0) + len(requests),
            sorted(products), max(times), None if last is None else _row(*last),
        )  # fmt: skip

    def _count(self, name: str) -> list[Any]:
        """Return the numbers of a person over all products."""
        found = self.products(name)
        last = max(
            ([own.last[_AT], product, own.last[_ID], own.last] for product, own in found
             if own.last is not None), default=None,
        )  # fmt: skip
        decided = [(own.decisions[-1][0], product) for product, own in found if own.decisions]
        built = [(own.built_at, product) for product, own in found if own.builds]
        return [
            sum(own.deployments for _, own in found),
            sum(own.rollbacks for _, own in found),
            sum(own.failed for _, own in found),
            sum(own.undeployments for _, own in found),
            max((own.at for _, own in found), default=""),
            None if last is None else [last[1], *last[3]],
            [product for product, own in found if own.at],
            [sum(own.builds for _, own in found), *_latest(built)],
            [sum(own.decided for _, own in found), *_latest(decided)],
        ]

    @cached_property
    def _requests(self) -> dict[str, list[tuple[Request, Decision]]]:
        found: dict[str, list[tuple[Request, Decision]]] = {}
        for request in self._context.registry.governance.requests if self._shows_decisions else ():
            for each in request.decisions:
                if each.by:
                    found.setdefault(each.by, []).append((request, each))
        return found

    @cached_property
    def _months(self) -> dict[str, dict[str, list[list[int]]]]:
        """Return by person and month the parts of the list with rows, each with its deployments."""
        found: dict[str, dict[str, list[list[int]]]] = {}
        for month in self._context.catalogue.months:
            counted = self._context.catalogue.remembered_people(month, partial(self._parts, month))
            for name, parts in counted:
                found.setdefault(name, {})[month] = parts
        return found

    def _parts(self, month: str) -> list[Any]:
        times = Counter(self._rows_of_parts(month))
        found: dict[str, list[list[int]]] = {}
        for (name, part), number in sorted(times.items()):
            found.setdefault(name, []).append([part, number])
        return [[*each] for each in found.items()]

    def _rows_of_parts(self, month: str) -> Iterator[tuple[str, int]]:
        for index, row in enumerate(self._context.catalogue.listed(month)):
            if row.data.by and row.data.kind:
                yield row.data.by, index // ROWS + 1


_ID: Final = 0
_AT: Final = 6


def _row(product: str, *data: Any) -> ListedRow:
    row = RowData(*data)
    return ListedRow(row.at, product, row.id, row)


def _latest(found: list[tuple[str, str]]) -> tuple[str, list[str]]:
    """Return the latest of some times, and the products that they are of."""
    return max((at for at, _ in found), default=""), [product for _, product in found]


@lru_cache(maxsize=1)
def people_of(context: SiteContext) -> People:
    """Return the people of a site; they are gathered once."""
    return People(context)


def person_link(context: SiteContext, page: str, name: str) -> str:
    """Return the link to a person's page, "" where the site has none."""
    if not name or PEOPLE not in context.sections or not is_shown_name(context.registry, name):
        return ""
    return context.link(page, person_page(person_slug(name)))


@lru_cache(maxsize=8192)
def person_slug(name: str) -> str:
    """Return the slug of a person's page, which depends on the name alone.

    A name that is a legal slug is its own. Any other has the digest of the name in it, also where
    file systems would take two names for one. No name is the slug of another one: a name that ends
    like a digest is given one too.
    """
    slug = slugify(name)
    if slug == name and not _DIGESTED.fullmatch(name):
        return slug
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{slug or 'person'}-{digest}"


def is_bot(name: str) -> bool:
    """Return whether a name says that it is a bot's, as those of GitHub's apps do."""
    return name.endswith(_BOT)
