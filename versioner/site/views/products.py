"""The pages Products and New product, and the names and owners of products on every page."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from versioner.layout import product_path
from versioner.names import NAME_LIMIT, NAME_PATTERN, NAME_RULE, slugify
from versioner.query.derived.owners import owner_of
from versioner.query.derived.running_versions import place_text
from versioner.site.urls import CREATE, PRODUCTS, team_page
from versioner.site.views.charts.activity import sparkline
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.wording import adds_to, count, day_text, first_line, version_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from versioner.models import Cell, Deployment
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext

__all__ = [
    "document_of",
    "is_owned",
    "new_product_view",
    "products_view",
    "team_link",
    "team_of",
    "team_slugs",
    "teams_of",
    "title_of",
]


def products_view(context: SiteContext) -> View:
    """Return the view of the list of products."""
    products = context.registry.products
    teams = {team for name in products if (team := team_of(context, name))}
    rows = [_row(context, record) for record in products.values()]
    summary = count(len(products), "product")
    if teams:
        summary += f" of {count(len(teams), 'team')}"
    return {
        "frame": frame(context, PRODUCTS, "Products", section=PRODUCTS, script="products"),
        "summary": summary,
        "create": context.link(PRODUCTS, CREATE),
        "teams": len(teams),
        "lifecycles": len({each["lifecycle"] for each in rows}),
        "products": rows,
    }


def is_owned(context: SiteContext, name: str) -> bool:
    """Return whether a product has an owner, shown or hidden."""
    return bool(owner_of(context.registry.products[name]))


def team_of(context: SiteContext, name: str) -> str:
    """Return the team or person that owns a product, `""` where its file names none."""
    return owner_of(context.registry.products[name], context.hidden)


def _row(context: SiteContext, record: ProductRecord) -> View:
    document = document_of(context, record.name)
    title = title_of(context, record.name)
    latest = context.catalogue.of(record.name).latest_at
    return {
        "name": record.name,
        "title": title,
        "href": context.product(PRODUCTS, record.name),
        "named": adds_to(title, record.name),
        "description": first_line(str(document.get("description", ""))),
        "team": team_of(context, record.name),
        "team_href": team_link(context, PRODUCTS, team_of(context, record.name)),
        "deprecated": document.get("lifecycle") == "deprecated",
        "lifecycle": "deprecated" if document.get("lifecycle") == "deprecated" else "active",
        "flags": "" if is_owned(context, record.name) else "nobody",
        "runs": _runs(context, record),
        "at": latest,
        "when": day_text(latest[:10]) if latest else "",
        "weeks": sparkline(context.tallies.weeks_of_products.get(record.name, {}), context.now),
    }


def _runs(context: SiteContext, record: ProductRecord) -> list[View]:
    return [
        {
            "environment": place,
            "version": version_text(current.version),
            "version_full": current.version,
            "href": context.deployment(PRODUCTS, current),
        }
        for name in context.environments
        for place, current in _running_in(record.cell(name), context.environment_title(name))
    ]


def _running_in(cell: Cell, title: str) -> Iterator[tuple[str, Deployment]]:
    """Yield where a cell runs a version: its environment or, where it is mixed, each instance."""
    if cell.current is not None:
        yield title, cell.current
    elif cell.is_mixed:
        for each in cell.instances:
            if each.current is not None:
                yield place_text(title, each.name or "others"), each.current


def teams_of(context: SiteContext) -> dict[str, list[str]]:
    """Return the products of each team, in the order of names; none where teams are hidden."""
    teams: dict[str, list[str]] = {}
    for name in sorted(context.registry.products):
        if team := team_of(context, name):
            teams.setdefault(team, []).append(name)
    return dict(sorted(teams.items()))


@lru_cache(maxsize=1)
def _slugs(context: SiteContext) -> dict[str, str]:
    return team_slugs(teams_of(context))


def team_link(context: SiteContext, page: str, team: str) -> str:
    """Return the link to a team's page, "" for no team."""
    return context.link(page, team_page(_slugs(context)[team])) if team else ""


def team_slugs(teams: Iterable[str]) -> dict[str, str]:
    """Return the slug of each team's name.

    A slug that lost characters of the name, or that two names share, gets a part of the name's
    digest, so that the path of one team depends on few others.
    """
    plain = {team: slugify(team) for team in teams}
    times = Counter(plain.values())
    return {
        team: slug
        if slug == team.lower().replace(" ", "-") and times[slug] == 1
        else f"{slug or 'team'}-{hashlib.sha256(team.encode('utf-8', 'replace')).hexdigest()[:8]}"
        for team, slug in plain.items()
    }


def document_of(context: SiteContext, name: str) -> dict[str, Any]:
    """Return the content of a product's file; empty where the file is not valid."""
    return dict(context.registry.products[name].document or {})


def title_of(context: SiteContext, name: str) -> str:
    """Return the title of a product, or its name without one."""
    return str((context.registry.products[name].document or {}).get("title") or name)


_EXAMPLE: Final = "new-service"
_MODEL_LINE: Final = "# yaml-language-server: $schema=../../../schemas/product.schema.json"


def new_product_view(context: SiteContext) -> View:
    """Return the view of the page for creating a product."""
    page, path, content = context.forge.new_file()
    return {
        "frame": frame(
            context,
            CREATE,
            "New product",
            section=PRODUCTS,
            script="new_product",
            crumbs=[crumb("Products", context.link(CREATE, PRODUCTS))],
        ),
        "pattern": NAME_PATTERN,
        "limit": NAME_LIMIT,
        "rule": NAME_RULE[:1].upper() + NAME_RULE[1:] + ".",
        "forge": context.forge.name if page else "",
        "new_file": page,
        "path_key": path,
        "content_key": content,
        "model_line": _MODEL_LINE,
        "path": product_path("NAME"),
        "example": (
            f'{_MODEL_LINE}\nname: "{_EXAMPLE}"\ntitle: "New service"\n'
            'description: "What it does, in a sentence."\nextra_metadata:\n'
            '  team: "platform"\n  repository: "acme/new-service"\n'
        ),
        "example_path": product_path(_EXAMPLE),
        "command": f"versioner product create {_EXAMPLE}"
        ' --description "What it does, in a sentence." --set extra_metadata.team=platform',
    }
